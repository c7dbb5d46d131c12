"""What PyTorch computes, in 64-bit floats, of the objectives that make images with one robust classifier.

    python making.py FOLDER

FOLDER holds preact.pt, which preactivated.py made; making.safetensors is written beside it, from which
`robust-reps verify` recomputes every loss, gradient and run.

Needs torch and safetensors; nothing else in this repository does.
"""

import sys
from pathlib import Path

import torch
from preactivated import MEAN, STD, Network
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, relu

FEATURE = 3


class FakeRelu(torch.autograd.Function):
    """Whose gradient is that of the identity."""

    @staticmethod
    def forward(context, x):
        return relu(x)

    @staticmethod
    def backward(context, gradient):
        return gradient


def outputs(model, x, last):
    x = model.conv1((x - MEAN.double()) / STD.double())
    for stage in model.stages:
        x = getattr(model, stage)(x)
    representation = last(model.bn(x)).mean((2, 3))
    return representation, model.linear(representation)


def objectives(model, original, wished, free):
    """Name -> loss of every image, and the sign of a step."""

    def towards(x):
        return cross_entropy(outputs(model, x, relu)[1], wished, reduction="none")

    def moved(x):
        return ((x - original) * (1 - free)).square().flatten(1).mean(1)

    def feature(x):
        return outputs(model, x, FakeRelu.apply)[0][:, FEATURE]

    return {
        "ce_targeted": (towards, -1),
        "inpaint": (lambda x: towards(x) + 10 * moved(x), -1),
        f"paint_{FEATURE}": (lambda x: 0.1 * feature(x) - 90 * moved(x), 1),
    }


def gradient(loss, x):
    x = x.clone().requires_grad_(True)
    value = loss(x)
    return value.detach(), torch.autograd.grad(value.sum(), x)[0]


def run(loss, sign, x0, epsilon, step, steps):
    x = x0
    for _ in range(steps):
        g = gradient(loss, x)[1]
        x = x + sign * step * g / (g.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-10)
        change = x - x0
        length = change.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        x = (x0 + change * (epsilon / length).clamp(max=1)).clamp(0, 1)
    return x


def main(folder):
    torch.manual_seed(1)
    model = Network(wide=False, stem=4, widths=[4, 8], count=2, classes=5)
    model.load_state_dict(torch.load(folder / "preact.pt", weights_only=True))
    model.double().eval()
    # What is read in 32 bits is computed with.
    x, target = (torch.rand(2, 3, 16, 16).double() for _ in range(2))
    label = torch.tensor([1, 4])
    free = torch.zeros(1, 1, 16, 16).double()
    free[:, :, 3:12, 5:14] = 1
    reference = {"x": x, "x_target": target, "label": label, "free": free}
    for name, (loss, sign) in objectives(model, target, (label + 1) % 5, free).items():
        reference[f"{name}_loss"], reference[f"{name}_grad"] = gradient(loss, x)
        # One run that stays within the radius and one that the radius holds.
        for epsilon, step, steps in [(2, 0.02, 8), (0.1, 0.03, 6)]:
            key = f"pgd_{name}_l2_eps{epsilon}_step{step}_it{steps}"
            reference[key] = run(loss, sign, x, epsilon, step, steps)
    float32 = {name: value if name == "label" else value.float() for name, value in reference.items()}
    save_file({name: value.contiguous() for name, value in float32.items()}, folder / "making.safetensors")
    print(f"{len(reference)} arrays")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
