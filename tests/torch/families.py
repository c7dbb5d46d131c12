"""Checkpoints of torchvision's residual networks with random weights, and what PyTorch computes with them.

    python families.py FOLDER [NAME ...]
    robust-reps import FOLDER/NAME.pt --normaliser imagenet --classes imagenet --out NAME.safetensors
    robust-reps verify NAME.safetensors FOLDER/NAME.reference.safetensors

Needs torch, torchvision and safetensors; nothing else in this repository does.
"""

import sys
from pathlib import Path

import torch
import torchvision
from safetensors.torch import save_file

NAMES = "resnet18 resnet34 resnet50 resnet101 resnet152 wide_resnet50_2".split()
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def network(name):
    torch.manual_seed(0)
    model = getattr(torchvision.models, name)(weights=None)
    for module in model.modules():
        # Statistics that matter, so that an ignored one shows.
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.3, 0.7)
            torch.nn.init.normal_(module.bias, std=0.1)
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model.eval()


def outputs(model, x):
    kept = {}
    hook = model.avgpool.register_forward_hook(lambda *args: kept.update(r=args[2].flatten(1)))
    logits = model((x - MEAN) / STD)
    hook.remove()
    return kept["r"], logits


def main(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        model = network(name)
        x, target = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
        label = torch.tensor([3, 700])
        x.requires_grad_(True)
        representation, logits = outputs(model, x)
        loss = torch.nn.functional.cross_entropy(logits, label, reduction="none")
        (gradient,) = torch.autograd.grad(loss.sum(), x)
        with torch.no_grad():
            of_target, _ = outputs(model, target)
        reference = {
            "x": x,
            "x_target": target,
            "label": label,
            "logits": logits,
            "representation": representation,
            "representation_target": of_target,
            "ce_loss": loss,
            "ce_grad": gradient,
        }
        torch.save(model.state_dict(), folder / f"{name}.pt")
        reference = {key: value.detach().contiguous() for key, value in reference.items()}
        save_file(reference, folder / f"{name}.reference.safetensors")
        print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or NAMES)
