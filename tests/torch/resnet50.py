"""ResNet-50 at 224 pixels with random weights, and what PyTorch computes with it.

    python resnet50.py FOLDER
    robust-reps import FOLDER/resnet50.pt --out FOLDER/resnet50.safetensors
    robust-reps verify FOLDER/resnet50.safetensors FOLDER/reference.safetensors

PyTorch computes in 64 bits. It also says how far its own 32 bits are from that, gradient by gradient: at
random weights a hundred thousand ReLUs lie near zero, and rounding decides some of them. FOLDER/resnet50.pt
is as large as a published checkpoint, so that the page can be tried with it, too.

Needs torch, torchvision and safetensors; nothing else in this repository does.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from torchvision.models import resnet50

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


class FakeReLU(torch.autograd.Function):
    """A ReLU whose gradient passes through: the authors' package inverts with it."""

    @staticmethod
    def forward(context, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(context, gradient):
        return gradient


class LastBlockReLU(torch.nn.Module):
    """The ReLU of the last block, which uses it three times; the third may be a fake one."""

    def __init__(self):
        super().__init__()
        self.calls, self.fake = 0, False

    def forward(self, x):
        self.calls += 1
        last = self.calls % 3 == 0
        return FakeReLU.apply(x) if last and self.fake else torch.relu(x)


def compute(model, x, target, label):
    """Results for images of the model's own precision."""
    features = {}
    model.fc.register_forward_hook(lambda _, inputs, __: features.update(r=inputs[0]))

    def forward(images):
        logits = model((images - MEAN.to(images)) / STD.to(images))
        return features["r"], logits

    wanted = forward(target)[0].detach()
    x = x.clone().requires_grad_(True)
    representation, logits = forward(x)
    ce = cross_entropy(logits, label, reduction="none")
    (ce_grad,) = torch.autograd.grad(ce.sum(), x)
    model.layer4[-1].relu.fake = True
    inversion = (forward(x)[0] - wanted).norm(dim=1) / wanted.norm(dim=1)
    model.layer4[-1].relu.fake = False
    (inversion_grad,) = torch.autograd.grad(inversion.sum(), x)
    return {
        "logits": logits,
        "representation": representation,
        "representation_target": wanted,
        "ce_loss": ce,
        "ce_grad": ce_grad,
        "inversion_loss": inversion,
        "inversion_grad": inversion_grad,
    }


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = resnet50()
    model.layer4[-1].relu = LastBlockReLU()
    # Statistics of what passes through, as after training: without them nothing is left of an image.
    model.train()
    with torch.no_grad():
        for _ in range(8):
            model((torch.rand(8, 3, 224, 224) - MEAN) / STD)
    model.eval()
    torch.save(model.state_dict(), folder / "resnet50.pt")
    x, target = torch.rand(2, 3, 224, 224), torch.rand(2, 3, 224, 224)
    label = torch.tensor([207, 281])
    single = compute(model, x, target, label)
    double = compute(model.double(), x.double(), target.double(), label)
    for name, exact in double.items():
        error = (single[name].double() - exact).norm() / exact.norm()
        print(f"{name}: PyTorch's 32 bits are off by {error:.1e}")
    reference = {"x": x, "x_target": target, "label": label}
    reference |= {name: value.detach().float().contiguous() for name, value in double.items()}
    save_file(reference, folder / "reference.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
