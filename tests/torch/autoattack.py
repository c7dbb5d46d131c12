"""AutoAttack's four attacks in plain PyTorch, from their papers, to compare `eval --autoattack` with.

    robust-reps export MODEL --torch --out model.pt > model.py
    python autoattack.py model.py IMAGES --norm l2 --eps 0.5 --steps 20 --queries 400 [--attacks square]
    robust-reps eval MODEL IMAGES --autoattack --attacks square --norm l2 --eps 0.5 --autoattack-steps 20 \
        --queries 400

IMAGES is a folder of CLASS/image.png, as large as the network's input. Each attack is run alone on all images
that are classified rightly, and the number that stay right is printed. The two programs share no code and
draw different random numbers. Needs torch, torchvision and Pillow; nothing else in this repository does.
"""

import argparse
import math
import runpy
import time
from pathlib import Path

import numpy
import torch
from PIL import Image


def images_of(folder):
    pixels, labels = [], []
    for label, of_class in enumerate(sorted(path for path in Path(folder).iterdir() if path.is_dir())):
        for file in sorted(of_class.iterdir()):
            pixels.append(numpy.asarray(Image.open(file).convert("RGB")))
            labels.append(label)
    pixels = torch.from_numpy(numpy.stack(pixels)).permute(0, 3, 1, 2).float() / 255
    return pixels, torch.tensor(labels)


def size(v, norm):
    """Length of each image's change, shaped to divide it by."""
    flat = v.flatten(1)
    length = flat.norm(dim=1) if norm == "l2" else flat.abs().amax(1)
    return length.view(-1, 1, 1, 1)


def into_ball(x, clean, eps, norm):
    change = x - clean
    if norm == "l2":
        change = change * (eps / size(change, norm).clamp_min(1e-12)).clamp_max(1)
    else:
        change = change.clamp(-eps, eps)
    return (clean + change).clamp(0, 1)


def uphill(gradient, norm):
    return gradient / size(gradient, norm).clamp_min(1e-12) if norm == "l2" else gradient.sign()


class Attacker:
    def __init__(self, network, norm, eps, steps, queries, seed):
        self.network, self.norm, self.eps, self.steps, self.queries = network, norm, eps, steps, queries
        self.random = torch.Generator().manual_seed(seed)

    @torch.no_grad()
    def logits(self, x):
        return self.network(x)

    def slope(self, x, loss):
        x = x.clone().requires_grad_()
        logits = self.network(x)
        losses = loss(logits)
        (gradient,) = torch.autograd.grad(losses.sum(), x)
        return logits.detach(), losses.detach(), gradient

    def nearest_targets(self, x, y):
        logits = self.logits(x).scatter(1, y[:, None], -math.inf)
        return logits.argsort(1, descending=True)[:, : min(9, logits.shape[1] - 1)]

    def apgd_ce(self, x, y):
        return self.apgd(x, y, lambda rows: lambda z: torch.nn.functional.cross_entropy(z, y[rows], reduction="none"))

    def each_target(self, x, y, attack):
        """The images left after every other class was tried on those that the ones before left."""
        targets = self.nearest_targets(x, y)
        left = torch.arange(len(y))
        for turn in range(targets.shape[1]):
            if len(left):
                left = left[attack(x[left], y[left], targets[left, turn])]
        right = torch.zeros(len(y), dtype=torch.bool)
        right[left] = True
        return right

    def apgd_t(self, x, y):
        def attack(x, y, t):
            def loss(rows):
                def dlr(z):
                    ranked = z.sort(1, descending=True).values
                    pick = lambda which: z.gather(1, which[rows][:, None])[:, 0]
                    spread = ranked[:, 0] - (ranked[:, 2] + ranked[:, 3]) / 2 + 1e-12
                    return (pick(t) - pick(y)) / spread

                return dlr

            return self.apgd(x, y, loss)

        return self.each_target(x, y, attack)

    def apgd(self, clean, y, loss_of):
        eps, norm, n = self.eps, self.norm, len(y)
        if norm == "l2":
            start = torch.randn(clean.shape, generator=self.random)
        else:
            start = 2 * torch.rand(clean.shape, generator=self.random) - 1
        x = (clean + eps * start / size(start, norm)).clamp(0, 1)
        before = x.clone()
        right = torch.ones(n, dtype=torch.bool)
        rate = torch.full((n, 1, 1, 1), 2.0 * eps)
        value, best_value = torch.full((n,), -math.inf), torch.full((n,), -math.inf)
        gradient, best, best_gradient = torch.zeros_like(x), x.clone(), torch.zeros_like(x)
        rises, halved = torch.zeros(n), torch.zeros(n, dtype=torch.bool)

        def look():
            rows = right.nonzero()[:, 0]
            z, v, g = self.slope(x[rows], loss_of(rows))
            rises[rows] += (v > value[rows]).float()
            value[rows], gradient[rows] = v, g
            better = rows[v > best_value[rows]]
            best[better], best_gradient[better], best_value[better] = x[better], gradient[better], value[better]
            right[rows[z.argmax(1) != y[rows]]] = False

        look()
        rises.zero_()
        best_then = best_value.clone()
        share, share_before, last = 0.22, 0.0, 0
        for step in range(1, self.steps + 1):
            if not right.any():
                break
            ahead = into_ball(x + rate * uphill(gradient, norm), clean, eps, norm)
            if step > 1:
                ahead = into_ball(x + 0.75 * (ahead - x) + 0.25 * (x - before), clean, eps, norm)
            before, x = x, ahead
            look()
            if step == math.ceil(share * self.steps - 1e-9):
                halve = (rises < 0.75 * (step - last)) | (~halved & (best_value <= best_then))
                rate[halve] /= 2
                x, gradient = x.clone(), gradient.clone()
                x[halve], gradient[halve], value[halve] = best[halve], best_gradient[halve], best_value[halve]
                rises.zero_()
                halved, best_then, last = halve, best_value.clone(), step
                share, share_before = share + max(share - share_before - 0.03, 0.06), share
        return right

    def onto_plane(self, x, w, gain):
        """The least change within [0, 1] by which w rises by gain, found by bisection."""
        x, w, gain = x.flatten(1).double(), w.flatten(1).double(), gain.double()[:, None]
        way = w * gain.sign()
        room = torch.where(way > 0, 1 - x, x)
        speed = way.abs() if self.norm == "l2" else (way != 0).double()
        low = torch.zeros_like(gain)
        high = torch.where(speed > 0, room / speed.clamp_min(1e-300), 0).amax(1, keepdim=True)
        for _ in range(80):
            middle = (low + high) / 2
            enough = (way.abs() * (middle * speed).minimum(room)).sum(1, keepdim=True) >= gain.abs()
            low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
        return ((high * speed).minimum(room) * way.sign()).float()

    def fab_t(self, x, y):
        return self.each_target(x, y, self.fab)

    def fab(self, clean, y, t):
        x, right = clean.clone(), torch.ones(len(y), dtype=torch.bool)
        for _ in range(self.steps):
            rows = right.nonzero()[:, 0]
            if not len(rows):
                break
            at, home = x[rows], clean[rows]
            pick = lambda z, which: z.gather(1, which[rows][:, None])[:, 0]
            _, ahead, w = self.slope(at, lambda z: pick(z, t) - pick(z, y))
            between = (w.double() * (at - home).double()).flatten(1).sum(1)
            step = self.onto_plane(at, w, -ahead).view_as(at)
            home_step = self.onto_plane(home, w, between - ahead.double()).view_as(at)
            long, home_long = (size(v, self.norm).clamp_min(1e-8) for v in (step, home_step))
            share = (long / (long + home_long)).clamp_max(0.1)
            at = ((1 - share) * (at + 1.05 * step) + share * (home + 1.05 * home_step)).clamp(0, 1)
            fooled = self.logits(at).argmax(1) != y[rows]
            inside = size(at - home, self.norm).flatten() <= self.eps * (1 + 1e-4)
            right[rows[fooled & inside]] = False
            at[fooled] = home[fooled] + 0.9 * (at - home)[fooled]
            x[rows] = at
        return right

    def sign(self, *shape):
        return 2.0 * torch.randint(0, 2, shape, generator=self.random) - 1

    def draw(self, high):
        return int(torch.randint(0, high + 1, (1,), generator=self.random))

    def bump(self, s):
        def hill(long, short):
            rings = long // 2
            across = (torch.arange(long) - long // 2).abs()[:, None]
            along = (torch.arange(short) - short // 2).abs()[None, :]
            count = (rings - torch.maximum(across, along)).clamp_min(0)
            sums = torch.tensor([1.0 / (rings + 1 - k) ** 2 for k in range(rings + 1)]).cumsum(0)
            return sums[count]

        both = torch.cat([hill(s, s // 2), -hill(s, s - s // 2)], 1)
        both = both / both.norm()
        return both.T if self.draw(1) else both

    def first(self, clean):
        n, _, side, _ = clean.shape
        if self.norm == "linf":
            return clean + self.eps * self.sign(n, 3, 1, side)
        change = torch.zeros_like(clean)
        s = side // 5
        for image in range(n):
            for top in range(side % s // 2, side - s + 1, s):
                for left in range(side % s // 2, side - s + 1, s):
                    change[image, :, top : top + s, left : left + s] = self.sign(3, 1, 1) * self.bump(s)
        return clean + self.eps * change / size(change, "l2")

    def proposal(self, x, clean, s):
        side = x.shape[-1]
        x, change = x.clone(), x - clean
        window = lambda: (slice(None), *(slice(at, at + s) for at in (self.draw(side - s), self.draw(side - s))))
        if self.norm == "linf":
            to = window()
            x[to] = clean[to] + self.eps * self.sign(3, 1, 1)
            return x
        to, source = window(), window()
        either = torch.zeros_like(change, dtype=torch.bool)
        either[to] = either[source] = True
        unused = (self.eps**2 - change.square().sum()).clamp_min(0)
        length = ((change * either).square().sum((1, 2), keepdim=True) + unused / 3).sqrt()
        old = change[to] / change[to].norm(dim=(1, 2), keepdim=True).clamp_min(1e-12)
        mixed = self.sign(3, 1, 1) * self.bump(s) + old
        change[source] = 0
        change[to] = length * mixed / mixed.norm(dim=(1, 2), keepdim=True).clamp_min(1e-12)
        return clean + change

    def square(self, clean, y):
        side, best, lead = clean.shape[-1], clean.clone(), torch.full((len(y),), math.inf)
        for query in range(self.queries):
            rows = (lead > 0).nonzero()[:, 0]
            if not len(rows):
                break
            halvings = sum(query > after for after in (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000))
            s = min(max(round(math.sqrt(0.8 / 2**halvings) * side), 1), side)
            if self.norm == "l2":
                s = max(s, 3)
                s -= 1 - s % 2
            if query:
                x = torch.stack([self.proposal(best[row], clean[row], s) for row in rows])
            else:
                x = self.first(clean[rows])
            x = into_ball(x, clean[rows], self.eps, self.norm)
            z, of_class = self.logits(x), y[rows][:, None]
            margin = z.gather(1, of_class)[:, 0] - z.scatter(1, of_class, -math.inf).amax(1)
            better = margin < lead[rows]
            best[rows[better]], lead[rows[better]] = x[better], margin[better]
        return lead > 0


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("network", help="the lines that `export --torch` prints, in a file")
    words.add_argument("images")
    words.add_argument("--norm", choices=["l2", "linf"], default="l2")
    words.add_argument("--eps", type=lambda text: float(numpy.divide(*map(float, (text + "/1").split("/")[:2]))), default=0.5)
    words.add_argument("--attacks", default="apgd-ce,apgd-t,fab-t,square")
    words.add_argument("--steps", type=int, default=100)
    words.add_argument("--queries", type=int, default=5000)
    words.add_argument("--seed", type=int, default=0)
    given = words.parse_args()
    lines = runpy.run_path(given.network)
    model, normalise = lines["model"].eval().requires_grad_(False), lines["normalise"]
    x, y = images_of(given.images)
    attacker = Attacker(lambda x: model(normalise(x)), given.norm, given.eps, given.steps, given.queries, given.seed)
    right = attacker.logits(x).argmax(1) == y
    print(f"clean: {int(right.sum())} of {len(y)}", flush=True)
    x, y = x[right], y[right]
    for attack in given.attacks.split(","):
        began = time.time()
        left = getattr(attacker, attack.replace("-", "_"))(x, y)
        print(f"{attack}, {given.norm} {given.eps:.5g}: {int(left.sum())} ({time.time() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
