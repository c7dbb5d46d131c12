"""Small ResNets whose downsampling blurs, and what PyTorch computes with them.

    python blurred.py FOLDER

They compute as timm's `resnetblur18` and `resnetblur50` do (Zhang 2019, "Making convolutional networks shift-invariant
again"): where a block has stride 2, its 3x3 convolution has stride 1, and a blur of stride 2 follows its normalisation
and ReLU; so does one the stem's pooling, whose stride is 1. The first is made of basic blocks behind a 7x7 convolution,
the second of bottlenecks behind a 3x3 one of stride 2. The tests' fixtures were made by it:

    robust-reps import FOLDER/blurred-basic.pt --downsampling blurred --mean 0.49,0.48,0.45 --std 0.25,0.24,0.26 \\
        --out model.safetensors
    robust-reps verify model.safetensors FOLDER/blurred-basic.safetensors

The second also takes --stem small. Needs torch and safetensors; nothing else in this repository does.
"""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import conv2d, max_pool2d, pad, relu

from preactivated import MEAN, STD, conv1, conv3, write


def blur(x):
    """timm's BlurPool2d: 3x3, stride 2, reflecting."""
    line = torch.tensor([1.0, 2.0, 1.0]) / 4
    filters = torch.outer(line, line).expand(x.shape[1], 1, 3, 3)
    return conv2d(pad(x, (1, 1, 1, 1), mode="reflect"), filters, stride=2, groups=x.shape[1])


class Block(nn.Module):
    def __init__(self, channels, width, stride, expansion):
        super().__init__()
        out = width * expansion
        self.blurs, self.bottleneck = stride == 2, expansion > 1
        if self.bottleneck:
            self.conv1, self.conv2, self.conv3 = conv1(channels, width, 1), conv3(width, width), conv1(width, out, 1)
            self.bn3 = nn.BatchNorm2d(out)
        else:
            self.conv1, self.conv2 = conv3(channels, width), conv3(width, width)
        self.bn1, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(conv1(channels, out, stride), nn.BatchNorm2d(out))

    def forward(self, x):
        shortcut = self.downsample(x) if self.downsample else x
        x = relu(self.bn1(self.conv1(x)))
        if self.bottleneck:
            x = relu(self.bn2(self.conv2(x)))
        x = blur(x) if self.blurs else x
        x = self.bn3(self.conv3(x)) if self.bottleneck else self.bn2(self.conv2(x))
        return relu(x + shortcut)


class Network(nn.Module):
    def __init__(self, stem, widths, count, expansion, classes):
        super().__init__()
        self.pools = stem == 7
        self.conv1 = nn.Conv2d(3, widths[0], stem, 2, stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        channels, self.stages = widths[0], []
        for stage, width in enumerate(widths):
            strides = [2 if stage else 1] + [1] * (count - 1)
            inputs = [channels] + [width * expansion] * (count - 1)
            blocks = [Block(i, width, s, expansion) for i, s in zip(inputs, strides)]
            self.stages.append(f"layer{stage + 1}")
            setattr(self, self.stages[-1], nn.Sequential(*blocks))
            channels = width * expansion
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = relu(self.bn1(self.conv1((x - MEAN) / STD)))
        x = blur(max_pool2d(x, 3, 1, 1)) if self.pools else x
        for stage in self.stages:
            x = getattr(self, stage)(x)
        representation = x.mean((2, 3))
        return representation, self.fc(representation)


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    # Maps of 22 and 21 pixels have odd sides on their way down.
    torch.manual_seed(0)
    write(out, "blurred-basic", Network(stem=7, widths=[4, 6, 8], count=2, expansion=1, classes=5), size=22)
    torch.manual_seed(0)
    write(out, "blurred-bottleneck", Network(stem=3, widths=[3, 4], count=2, expansion=4, classes=5), size=21)
