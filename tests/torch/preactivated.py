"""Small networks that normalise before their convolutions, and what PyTorch computes with them.

    python preactivated.py FOLDER

Writes two PreActResNets, the second as RobustBench's of 2020 are (without a last normalisation, and with
shortcuts that take a block's input as it is), and a WideResNet, with random weights, under the names that
RobustBench's have, and reference files for `robust-reps verify`. The tests' fixtures were made by it:

    robust-reps import FOLDER/preact.pt --mean 0.49,0.48,0.45 --std 0.25,0.24,0.26 --out model.safetensors
    robust-reps verify model.safetensors FOLDER/preact.safetensors

Needs torch and safetensors; nothing else in this repository does.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy, relu

MEAN = torch.tensor([0.49, 0.48, 0.45]).view(1, 3, 1, 1)
STD = torch.tensor([0.25, 0.24, 0.26]).view(1, 3, 1, 1)


def conv3(channels, out, stride=1):
    return nn.Conv2d(channels, out, 3, stride, 1, bias=False)


def conv1(channels, out, stride):
    return nn.Conv2d(channels, out, 1, stride, bias=False)


class Block(nn.Module):
    """All families' block; what differs is the name of the shortcut, and what it takes."""

    def __init__(self, channels, out, stride, wide, bare):
        super().__init__()
        self.bare = bare
        self.bn1, self.conv1 = nn.BatchNorm2d(channels), conv3(channels, out, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(out), conv3(out, out)
        self.beside = None
        if stride != 1 or channels != out:
            if wide:
                self.convShortcut = conv1(channels, out, stride)
                self.beside = "convShortcut"
            else:
                self.shortcut = nn.Sequential(conv1(channels, out, stride))
                self.beside = "shortcut"

    def forward(self, x):
        first = relu(self.bn1(x))
        shortcut = getattr(self, self.beside)(x if self.bare else first) if self.beside else x
        return self.conv2(relu(self.bn2(self.conv1(first)))) + shortcut


class Stage(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.layer = nn.Sequential(*blocks)

    def forward(self, x):
        return self.layer(x)


class Network(nn.Module):
    def __init__(self, wide, stem, widths, count, classes, bare=False):
        super().__init__()
        self.wide, self.bare, self.stages = wide, bare, []
        self.conv1 = conv3(3, stem)
        channels = stem
        for stage, width in enumerate(widths):
            strides = [2 if stage else 1] + [1] * (count - 1)
            inputs = [channels] + [width] * (count - 1)
            blocks = [Block(i, width, s, wide, bare) for i, s in zip(inputs, strides)]
            name = f"{'block' if wide else 'layer'}{stage + 1}"
            setattr(self, name, Stage(blocks) if wide else nn.Sequential(*blocks))
            self.stages.append(name)
            channels = width
        if not bare:
            setattr(self, "bn1" if wide else "bn", nn.BatchNorm2d(channels))
        setattr(self, "fc" if wide else "linear", nn.Linear(channels, classes))

    def forward(self, x):
        x = self.conv1((x - MEAN) / STD)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        if not self.bare:
            x = relu((self.bn1 if self.wide else self.bn)(x))
        representation = x.mean((2, 3))
        return representation, (self.fc if self.wide else self.linear)(representation)


def write(folder, name, model, size=16):
    """The network's state dict and its reference file; `model` gives representation and logits."""
    for module in model.modules():
        # Statistics that matter, so that an ignored one shows.
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    model.eval()
    x, target, label = torch.rand(2, 3, size, size), torch.rand(2, 3, size, size), torch.tensor([1, 4])
    x.requires_grad_(True)
    representation, logits = model(x)
    loss = cross_entropy(logits, label, reduction="none")
    (gradient,) = torch.autograd.grad(loss.sum(), x)
    reference = {
        "x": x,
        "x_target": target,
        "label": label,
        "logits": logits,
        "representation": representation,
        "representation_target": model(target)[0],
        "ce_loss": loss,
        "ce_grad": gradient,
    }
    reference = {key: value.detach().contiguous() for key, value in reference.items()}
    torch.save(model.state_dict(), folder / f"{name}.pt")
    save_file(reference, folder / f"{name}.safetensors")
    print(name)


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    write(out, "preact", Network(wide=False, stem=4, widths=[4, 8], count=2, classes=5))
    torch.manual_seed(0)
    write(out, "wide", Network(wide=True, stem=4, widths=[6, 8, 10], count=1, classes=5))
    torch.manual_seed(0)
    write(out, "bare", Network(wide=False, stem=4, widths=[4, 8], count=2, classes=5, bare=True))
