"""The step that `robust-reps bench` times, in PyTorch on the same weights: a forward pass, the gradient
with respect to the image, a normalised step, l2 projection.

    pip install torch numpy
    python bench/pytorch.py static/models/robust.safetensors --program target/release/robust-reps

With --program both are measured in turns, in one run, and their ratio is printed.
"""

import argparse
import json
import struct
import subprocess
import time

import numpy as np
import torch
import torch.nn.functional as F


def read(path):
    """Tensors and card of a model file (safetensors, 16 or 32 bit)."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    card = json.loads(header.pop("__metadata__")["robust-reps"])
    kinds = {"F32": np.float32, "F16": np.float16}
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        raw = np.frombuffer(content[8 + length + start : 8 + length + end], kinds[entry["dtype"]])
        tensors[name] = torch.tensor(raw.astype(np.float32).reshape(entry["shape"]))
    return tensors, card


class FakeRelu(torch.autograd.Function):
    """ReLU forward, identity backward."""

    @staticmethod
    def forward(context, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(context, gradient):
        return gradient


class Network:
    """A residual network of basic blocks with the stem `small`, normalisation folded as ours is."""

    def __init__(self, tensors, card):
        self.tensors = tensors
        self.mean = torch.tensor(card["mean"]).view(1, 3, 1, 1)
        self.std = torch.tensor(card["std"]).view(1, 3, 1, 1)
        self.size = card["input_size"]
        shape = card["architecture"]
        if shape["block"] != "basic" or shape["stem"] != "small":
            raise SystemExit("this script knows basic blocks behind the stem `small` only")
        self.blocks = [
            (f"layer{stage + 1}.{block}", 2 if stage > 0 and block == 0 else 1)
            for stage, count in enumerate(shape["blocks"])
            for block in range(count)
        ]
        self.folded = {}

    def convolve(self, x, conv, norm, stride, padding):
        if conv not in self.folded:
            t = self.tensors
            scale = t[f"{norm}.weight"] / torch.sqrt(t[f"{norm}.running_var"] + 1e-5)
            weight = t[f"{conv}.weight"] * scale.view(-1, 1, 1, 1)
            self.folded[conv] = (weight, t[f"{norm}.bias"] - t[f"{norm}.running_mean"] * scale)
        weight, bias = self.folded[conv]
        return F.conv2d(x, weight, bias, stride, padding)

    def representation(self, x):
        x = (x - self.mean) / self.std
        x = F.relu(self.convolve(x, "conv1", "bn1", 2, 1))
        for number, (name, stride) in enumerate(self.blocks):
            y = F.relu(self.convolve(x, f"{name}.conv1", f"{name}.bn1", stride, 1))
            y = self.convolve(y, f"{name}.conv2", f"{name}.bn2", 1, 1)
            if f"{name}.downsample.0.weight" in self.tensors:
                x = self.convolve(x, f"{name}.downsample.0", f"{name}.downsample.1", stride, 0)
            last = number == len(self.blocks) - 1
            x = FakeRelu.apply(y + x) if last else F.relu(y + x)
        return x.mean((2, 3))


def steps_a_second(network, batch, seconds):
    torch.manual_seed(0)
    shape = (batch, 3, network.size, network.size)
    target = network.representation((0.5 + torch.randn(shape) / 20).clamp(0, 1))
    start = (0.5 + torch.randn(shape) / 20).clamp(0, 1)
    x, done, started = start.clone(), -2, time.time()
    while done < 1 or time.time() - started < seconds:
        x.requires_grad_()
        loss = (network.representation(x) - target).norm(dim=1) / target.norm(dim=1)
        (gradient,) = torch.autograd.grad(loss.sum(), x)
        with torch.no_grad():
            length = gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
            x = x - gradient / (length + 1e-10)
            change = x - start
            reach = change.flatten(1).norm(dim=1).view(-1, 1, 1, 1).clamp(min=1000)
            x = (start + change * 1000 / reach).clamp(0, 1)
        done += 1
        if done == 0:
            started = time.time()
    return done / (time.time() - started)


def ours(program, model, batch, seconds):
    command = [program, "bench", model, "--batch", str(batch), "--seconds", str(seconds), "--json"]
    output = subprocess.run(command + ["--backend", "cpu"], check=True, capture_output=True).stdout
    return json.loads(output.splitlines()[-1])["steps_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--program", help="robust-reps, to be measured in turns with PyTorch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network = Network(*read(options.model))
    print(f"PyTorch {torch.__version__}, {options.threads} thread(s), steps a second")
    for batch in (1, 8):
        theirs, mine = [], []
        for _ in range(options.rounds):
            theirs.append(steps_a_second(network, batch, options.seconds))
            if options.program:
                mine.append(ours(options.program, options.model, batch, options.seconds))
        line = f"batch {batch}: PyTorch {np.median(theirs):.2f}"
        if mine:
            line += f", robust-reps {np.median(mine):.2f}, ratio {np.median(mine) / np.median(theirs):.2f}"
        print(line)


if __name__ == "__main__":
    main()
