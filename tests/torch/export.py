"""Checks that PyTorch takes what `robust-reps export --torch` writes, and computes the same with it.

    python export.py ROBUST-REPS MODEL [MODEL ...]

For each model file, the printed Python lines are run as they are: they build torchvision's network and
load the state dict strictly, and its tensors are compared with the model file's where that is in f32.
Then a state dict of each of torchvision's networks is imported and exported again, which must change
neither a number nor a logit.

Needs torch, torchvision and safetensors; nothing else in this repository does.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file

from families import NAMES, network


def export(program, model, out):
    command = [program, "export", model, "--torch", "--out", out]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def loaded(lines):
    names = {}
    exec(lines, names)
    return names["model"], names["normalise"]


def check_model(program, path, folder):
    lines = export(program, path, folder / "model.pt")
    model, normalise = loaded(lines)
    logits = model(normalise(torch.rand(2, 3, 64, 64)))
    assert logits.isfinite().all()
    card = json.loads(subprocess.check_output([program, "info", path, "--json"]))
    assert logits.shape[1] == len(card["classes"])
    ours, theirs = load_file(path), model.state_dict()
    if any(tensor.dtype != torch.float32 for tensor in ours.values()):
        ours = {}
    for name, tensor in ours.items():
        assert torch.equal(theirs[name], tensor), name
    print(f"{path}: loaded, {len(ours)} tensors compared")


def check_family(program, name, folder):
    model = network(name)
    torch.save(model.state_dict(), folder / "first.pt")
    file = folder / "model.safetensors"
    subprocess.run(
        [program, "import", folder / "first.pt", "--normaliser", "imagenet", "--out", file],
        check=True,
        capture_output=True,
    )
    again, normalise = loaded(export(program, file, folder / "second.pt"))
    for key, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], tensor), f"{name}: {key}"
    x = normalise(torch.rand(1, 3, 64, 64))
    assert torch.equal(model(x), again(x)), name
    print(f"{name}: the same state dict and logits")


@torch.no_grad()
def main(program, models):
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            check_model(program, model, Path(folder))
        for name in NAMES:
            check_family(program, name, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
