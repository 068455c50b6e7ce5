"""Small parts to build an engine from: a model with every sort of layer, tables, asks."""

import torch
from torch import nn

from core.worker.engine.draft import Ask, Conditions
from core.worker.engine.tables import WINDOW, Table


class Model(nn.Module):
    """A UNet's sorts of layers by its names, for (rows, 6, 4, 4) and words (rows, 3, 5)."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(6, 8, 3, padding=1)
        self.strided = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.proj_in = nn.Conv2d(8, 7, 1)
        self.linear = nn.Linear(7, 6)
        self.attn2 = nn.ModuleDict({"to_k": nn.Linear(5, 6), "to_q": nn.Linear(6, 6)})
        self.requires_grad_(False)

    def forward(self, pixels, words):
        features = self.proj_in(self.strided(torch.relu(self.wide(pixels))))
        positions = self.linear(features.flatten(2).mT)
        queries = self.attn2["to_q"](torch.tanh(positions))
        return queries @ self.attn2["to_k"](words).mT


LAYERS = ("wide", "strided", "proj_in", "linear", "attn2.to_k", "attn2.to_q")


def model():
    torch.manual_seed(0)
    return Model()


def inputs(rows):
    random = torch.Generator().manual_seed(1)
    return (
        torch.randn(rows, 6, 4, 4, generator=random),
        torch.randn(rows, 3, 5, generator=random),
    )


def adapter(of, *, seed, ranks=2, layers=LAYERS):
    """A random adapter; `ranks` is a number, or one for each layer."""
    random, modules = torch.Generator().manual_seed(seed), dict(of.named_modules())
    made = {}
    for index, name in enumerate(layers):
        rank = ranks if isinstance(ranks, int) else ranks[index]
        out, *shape = modules[name].weight.shape
        up = (out, rank, *(1 for _ in shape[1:]))
        made[name] = (
            torch.randn(rank, *shape, generator=random),
            torch.randn(up, generator=random),
        )
    return made


def table(steps=3, *, noisy=False):
    """Every step takes half of the output away; a noisy one adds fresh noise but for the last."""
    rows = torch.zeros(steps, 2 * WINDOW + 1)
    rows[:, 0], rows[:, 1] = 1, -0.5
    rows[:-1, -1] = float(noisy)
    return Table(
        timesteps=torch.arange(steps, 0, -1),
        input_scale=torch.ones(steps),
        rows=rows,
        noising=torch.tensor([[1.0, 0.0]]).repeat(steps + 1, 1),
        initial_scale=1.0,
    )


def ask(*, owner=1, steps=3, side=4, seed=0, noisy=False, guidance=None, alone=False, adapters=()):
    """An image of one channel; noise of its own seed, or none."""
    random = torch.Generator().manual_seed(seed)
    size = (1, side, side)
    words = Conditions(torch.full((1, 2, 3), float(seed)))
    return Ask(
        owner=owner,
        table=table(steps, noisy=noisy),
        start=torch.randn(size, generator=random),
        begin=0,
        prompt=words,
        negative=None if guidance is None else words,
        guidance_scale=guidance or 1.0,
        adapters=adapters,
        noise=(lambda: torch.randn(size, generator=random)) if noisy else None,
        alone=alone,
    )


class Unet(nn.Module):
    """Says a tenth of what it is given, plus its words' mean; can run out of memory.

    `holds` bounds the rows of a call; `seen` remembers how many rows each call had.
    """

    def __init__(self, *, holds=None):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1), requires_grad=False)
        self.holds, self.seen = holds, []

    def forward(self, latents, _timesteps, *, encoder_hidden_states, return_dict):
        self.seen.append(len(latents))
        if self.holds is not None and len(latents) > self.holds:
            raise torch.OutOfMemoryError("no more")
        said = encoder_hidden_states.mean((1, 2)).view(-1, 1, 1, 1)
        return (0.1 * latents + said,) if not return_dict else None


class Decoder:
    """Shows the latents as they are; can run out of memory too."""

    pixels_a_latent = 8

    def __init__(self, *, holds=None):
        self.holds, self.calls = holds, []

    def decode(self, drafts):
        self.calls.append(len(drafts))
        if self.holds is not None and len(drafts) > self.holds:
            raise torch.OutOfMemoryError("no more")
        for draft in drafts:
            draft.picture = draft.latents
