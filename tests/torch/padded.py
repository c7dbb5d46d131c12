"""A small ResNet for CIFAR-10 whose shortcuts have no parameters, and what PyTorch computes with it.

    python padded.py FOLDER

Such networks (ResNet-20 to -110) take every other pixel where a stage begins and add channels of zeros, half of them
before and half after. One is written under each of two spellings of its layers, and the tests' fixtures were made by
it:

    robust-reps import FOLDER/padded.pt --stem cifar --mean 0.49,0.48,0.45 --std 0.25,0.24,0.26 --out model.safetensors
    robust-reps verify model.safetensors FOLDER/padded.safetensors

Needs torch and safetensors; nothing else in this repository does.
"""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import pad, relu

from preactivated import MEAN, STD, conv3, write


class Block(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.conv1, self.bn1 = conv3(channels, out, stride), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = conv3(out, out), nn.BatchNorm2d(out)
        self.stride, self.zeros = stride, (out - channels) // 2

    def forward(self, x):
        shortcut = pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.zeros, self.zeros))
        return relu(self.bn2(self.conv2(relu(self.bn1(self.conv1(x))))) + shortcut)


class Network(nn.Module):
    def __init__(self, widths, count, classes):
        super().__init__()
        self.conv1, self.bn1 = conv3(3, widths[0]), nn.BatchNorm2d(widths[0])
        channels, self.stages = widths[0], []
        for stage, width in enumerate(widths):
            strides = [2 if stage else 1] + [1] * (count - 1)
            inputs = [channels] + [width] * (count - 1)
            blocks = [Block(i, width, s) for i, s in zip(inputs, strides)]
            self.stages.append(f"layer{stage + 1}")
            setattr(self, self.stages[-1], nn.Sequential(*blocks))
            channels = width
        self.linear = nn.Linear(channels, classes)

    def forward(self, x):
        x = relu(self.bn1(self.conv1((x - MEAN) / STD)))
        for stage in self.stages:
            x = getattr(self, stage)(x)
        representation = x.mean((2, 3))
        return representation, self.linear(representation)


def respell(folder, name, other):
    """The same tensors by other names."""
    words = {"layer": "stage_", "conv": "conv_", "bn": "bn_"}

    def word(text):
        return next((new + text[len(old) :] for old, new in words.items() if text.startswith(old)), text)

    tensors = torch.load(folder / f"{name}.pt", weights_only=True)
    spelt = {".".join(map(word, key.split("."))): value for key, value in tensors.items()}
    torch.save({"net": spelt}, folder / f"{other}.pt")


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    write(out, "padded", Network(widths=[4, 6, 10], count=2, classes=5))
    respell(out, "padded", "respelt")
