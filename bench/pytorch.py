"""The step that `robust-reps bench` times, in PyTorch on the same weights: a forward pass, the gradient
with respect to the image, a normalised step, l2 projection.

    pip install torch numpy
    python bench/pytorch.py static/models/robust.safetensors --program target/release/robust-reps

With --program both are measured in turns, in one run, and their ratio is printed. With --train it is the
training step of `robust-reps bench-train` instead: a one-step l2 attack in evaluation mode without gradients of
parameters, then SGD with momentum on what it made. With --precision bf16 both compute that in bf16: PyTorch by
autocast, channels-last.
"""

import argparse
import json
import os
import struct
import subprocess
import time

import numpy as np
import torch
import torch.nn.functional as F


def read(path):
    """Tensors and card of a model file (safetensors, 8, 16 or 32 bit)."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    card = json.loads(header.pop("__metadata__")["robust-reps"])
    kinds = {"F32": np.float32, "F16": np.float16, "I8": np.int8}
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        raw = np.frombuffer(content[8 + length + start : 8 + length + end], kinds[entry["dtype"]])
        tensors[name] = torch.tensor(raw.astype(np.float32).reshape(entry["shape"]))
    for name in [name for name in tensors if f"{name}.scale" in tensors]:
        # 8-bit numbers have a scale for each output channel.
        scale = tensors.pop(f"{name}.scale")
        tensors[name] *= scale.view(-1, *[1] * (tensors[name].dim() - 1))
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


class Trained(torch.nn.Module):
    """A network of basic blocks as `robust-reps train` makes it, with its normalisation."""

    def __init__(self, network, stem, classes=9, widths=(64, 128, 256, 512)):
        super().__init__()

        def convolution(inputs, outputs, kernel, stride):
            layer = torch.nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
            return torch.nn.Sequential(layer, torch.nn.BatchNorm2d(outputs))

        self.stem = convolution(3, widths[0], 7 if stem == "imagenet" else 3, 2)
        self.pools = stem == "imagenet"
        self.blocks = torch.nn.ModuleList()
        inputs = widths[0]
        for stage, width in enumerate(widths):
            stride = 1 if stage == 0 else 2
            block = torch.nn.ModuleList([convolution(inputs, width, 3, stride), convolution(width, width, 3, 1)])
            if stage:
                block.append(convolution(inputs, width, 1, stride))
            self.blocks.append(block)
            if network == "resnet18":
                self.blocks.append(torch.nn.ModuleList([convolution(width, width, 3, 1) for _ in range(2)]))
            inputs = width
        self.head = torch.nn.Linear(inputs, classes)

    def forward(self, x):
        x = F.relu(self.stem(x))
        if self.pools:
            x = F.max_pool2d(x, 3, 2, 1)
        for block in self.blocks:
            y = block[1](F.relu(block[0](x)))
            x = F.relu(y + (block[2](x) if len(block) == 3 else x))
        return self.head(x.mean((2, 3)))


def images_trained_a_second(batch, attack, options):
    torch.manual_seed(0)
    half, size, seconds = options.precision == "bf16", options.size, options.seconds
    layout = torch.channels_last if half else torch.contiguous_format
    network = Trained(options.network, options.stem).to(memory_format=layout)

    def loss(x, labels, smoothing=0.0):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = network(x.contiguous(memory_format=layout))
        return F.cross_entropy(logits.float(), labels, label_smoothing=smoothing)

    optimiser = torch.optim.SGD(network.parameters(), 1e-3, momentum=0.9, weight_decay=5e-4)
    done, started = -1, time.time()
    while done < 1 or time.time() - started < seconds:
        x, labels = torch.rand(batch, 3, size, size), torch.randint(9, (batch,))
        if attack:
            network.eval().requires_grad_(False)
            noise = torch.randn_like(x)
            start = (x + 0.5 * noise / noise.flatten(1).norm(dim=1).view(-1, 1, 1, 1)).requires_grad_()
            (gradient,) = torch.autograd.grad(loss(start, labels), start)
            change = start.detach() + 1.25 * gradient / (gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-10) - x
            reach = change.flatten(1).norm(dim=1).view(-1, 1, 1, 1).clamp(min=1)
            x = (x + change / reach).clamp(0, 1)
            network.requires_grad_(True)
        network.train()
        optimiser.zero_grad()
        loss(x, labels, 0.05).backward()
        optimiser.step()
        done += 1
        if done == 0:
            started = time.time()
    return batch * done / (time.time() - started)


def ours_trained(batch, attack, options):
    command = [options.program, "bench-train", "--batches", str(batch), "--attacks", str(attack), "--backend", "cpu"]
    command += ["--network", options.network, "--stem", options.stem, "--size", str(options.size)]
    # In bf16 one copy of the network keeps all cores busy.
    replicas = 1 if options.precision == "bf16" else torch.get_num_threads()
    command += ["--precision", options.precision, "--replicas", str(replicas)]
    command += ["--seconds", str(options.seconds), "--json"]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    return json.loads(output.splitlines()[-1])["images_per_second"]


def ours(program, model, batch, seconds):
    command = [program, "bench", model, "--batch", str(batch), "--seconds", str(seconds), "--json"]
    output = subprocess.run(command + ["--backend", "cpu"], check=True, capture_output=True).stdout
    return json.loads(output.splitlines()[-1])["steps_per_second"]


def compare(name, rounds, theirs, mine):
    """Both in turns; the medians and their ratio."""
    found = ([], [])
    for _ in range(rounds):
        found[0].append(theirs())
        if mine:
            found[1].append(mine())
    line = f"{name}: PyTorch {np.median(found[0]):.2f}"
    if mine:
        line += f", robust-reps {np.median(found[1]):.2f}, ratio {np.median(found[1]) / np.median(found[0]):.2f}"
    print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--program", help="robust-reps, to be measured in turns with PyTorch")
    parser.add_argument("--train", action="store_true", help="measure training steps")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32", help="of training steps")
    parser.add_argument("--network", choices=("resnet10", "resnet18"), default="resnet10", help="that trains")
    parser.add_argument("--stem", choices=("small", "imagenet"), default="small", help="of the network that trains")
    parser.add_argument("--size", type=int, default=64, help="of the images it trains on, in pixels")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    program, seconds = options.program, options.seconds
    print(f"PyTorch {torch.__version__}, {options.threads} thread(s)")
    if options.train:
        for attack in (0, 1):
            what = f"{options.network}, {options.size} pixels, stem {options.stem}, {options.precision}"
            compare(
                f"training {what}, batch 128, {attack} attack step(s), images a second",
                options.rounds,
                lambda: images_trained_a_second(128, attack, options),
                program and (lambda: ours_trained(128, attack, options)),
            )
        return
    network = Network(*read(options.model))
    for batch in (1, 8):
        compare(
            f"batch {batch}, steps a second",
            options.rounds,
            lambda: steps_a_second(network, batch, seconds),
            program and (lambda: ours(program, options.model, batch, seconds)),
        )


if __name__ == "__main__":
    main()
