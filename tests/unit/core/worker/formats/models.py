"""Tiny models of each family and random adapters for them."""

import torch

from core.worker.formats.low_rank import LowRank
from core.worker.models import load_base
from tests.unit.core.worker import tiny

FAMILIES = ("sd1", "sd2", "sdxl")


def load(family, folder):
    maker = {"sd1": tiny.sd1, "sd2": tiny.sd2, "sdxl": tiny.sdxl}[family]
    return load_base(str(maker(folder)), device=torch.device("cpu"), dtype=torch.float32)


def random_adapter(modules, *, seed=0, ranks=(4,), scale=0.5, only=lambda _: True):
    """One change for each module; the ranks go round."""
    random = torch.Generator().manual_seed(seed)
    chosen = [module for module in modules if only(module)]
    return {
        module: random_change(modules[module], ranks[index % len(ranks)], scale, random)
        for index, module in enumerate(chosen)
    }


def random_change(shape, rank, scale, random):
    up = (shape[0], rank, *(1,) * (len(shape) - 2))
    return LowRank(
        torch.randn((rank, *shape[1:]), generator=random),
        torch.randn(up, generator=random),
        scale,
    )


def delta(change):
    """The whole difference of weights."""
    whole = change.B.flatten(1).double() @ change.A.flatten(1).double() * change.scale
    return whole.reshape(change.B.shape[0], *change.A.shape[1:])


def assert_same(one, other, tolerance=1e-6):
    assert one.keys() == other.keys()
    for module, change in one.items():
        assert (delta(change) - delta(other[module])).abs().max() <= tolerance * change.rank
