"""Adapters that are confined to places and words change nothing elsewhere."""

import torch
from torch import nn

from core.worker.engine.bank import Bank
from core.worker.engine.reach import EVERYWHERE, Maps, Where, Worn, size_of
from tests.unit.core.worker.engine import small


class Places(nn.Module):
    """Layers without a look at their neighbours: a picture at full and at half size, and words."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.pixel = nn.Conv2d(3, 4, 1)
        self.halved = nn.Conv2d(3, 4, 2, stride=2)
        self.position = nn.Linear(4, 4)
        self.attn2 = nn.ModuleDict({"to_k": nn.Linear(5, 6)})
        self.requires_grad_(False)

    def forward(self, picture, words):
        full = self.position(self.pixel(picture).flatten(2).mT)
        return full, self.halved(picture), self.attn2["to_k"](words)


LAYERS = ("pixel", "halved", "position", "attn2.to_k")
PICTURE = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
WORDS = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(2))


def drawn(rows, wheres):
    """What the layers say, and what they say of rows that are worn everywhere or not at all."""
    model = Places()
    bank = Bank(model, budget_bytes=0)
    for seed, name in enumerate(("one", "two")):
        bank.print(name, small.adapter(model, seed=seed, ranks=3, layers=LAYERS))
    bank.pin(["one", "two"])
    bank.wear(rows, wheres, size=(4, 4))
    return model(PICTURE, WORDS)


ONE, TWO = Worn("one", 0.7), Worn("two", -0.4)
LEFT = torch.zeros(4, 4)
LEFT[:, :2] = 1
OWNERS = torch.zeros(1, 8, dtype=torch.long)


def test_regions_confine_exactly():
    """Left of the border a row is as with one adapter alone, right of it as with the other."""
    where = Where(regions=torch.stack([LEFT, 1 - LEFT]))
    full, halved, _ = drawn([(ONE, TWO)] * 2, [where, None])
    left_full, left_halved, _ = drawn([(ONE,), (ONE, TWO)], [None, None])
    right_full, right_halved, _ = drawn([(TWO,), (ONE, TWO)], [None, None])
    columns = full.unflatten(1, (4, 4))
    assert torch.allclose(columns[0, :, :2], left_full.unflatten(1, (4, 4))[0, :, :2], atol=1e-6)
    assert torch.allclose(columns[0, :, 2:], right_full.unflatten(1, (4, 4))[0, :, 2:], atol=1e-6)
    assert torch.allclose(halved[0, ..., :1], left_halved[0, ..., :1], atol=1e-6)
    assert torch.allclose(halved[0, ..., 1:], right_halved[0, ..., 1:], atol=1e-6)
    assert torch.allclose(full[1], left_full[1], atol=1e-6)


def test_soft_regions_are_averaged_down():
    """A place that is half inside is changed by half, at every size of the picture."""
    where = Where(regions=torch.full((1, 4, 4), 0.5))
    halves = drawn([(ONE,), ()], [where, None])[:2]
    wholes = drawn([(Worn("one", 0.35),), ()], [None, None])[:2]
    for half, whole in zip(halves, wholes, strict=True):
        assert torch.allclose(half, whole, atol=1e-6)


def test_words_confine_exactly():
    """Keys of one's own words are one's own; regions say nothing about words."""
    own = torch.tensor([[1.0, 1, 1, 0, 0, 0, 0], [0.0, 0, 0, 1, 1, 1, 1]])
    where = Where(regions=torch.zeros(2, 4, 4), words=own)
    keys = drawn([(ONE, TWO)] * 2, [where, None])[2]
    assert torch.allclose(keys[0, :3], drawn([(ONE,)] * 2, [])[2][0, :3], atol=1e-6)
    assert torch.allclose(keys[0, 3:], drawn([(TWO,)] * 2, [])[2][0, 3:], atol=1e-6)
    assert torch.allclose(keys[1], drawn([(ONE, TWO)] * 2, [])[2][1], atol=1e-6)


def test_reaches_change_between_steps_without_gathering():
    """The same rows under other regions keep their columns."""
    model = Places()
    bank = Bank(model, budget_bytes=0)
    bank.print("one", small.adapter(model, seed=1, layers=LAYERS))
    bank.pin(["one"])
    rows = [(ONE,)]
    bank.wear(rows, [Where(regions=LEFT[None])], size=(4, 4))
    worn, (full, *_) = bank.layers["pixel"].worn, model(PICTURE[:1], WORDS[:1])
    bank.wear(rows, [Where(regions=1 - LEFT[None])], size=(4, 4))
    assert bank.layers["pixel"].worn is worn
    assert not torch.allclose(model(PICTURE[:1], WORDS[:1])[0], full)


def test_layers_that_see_no_picture_are_left_alone():
    """Where no halving of the latents has so many positions, an adapter works in full."""
    where = Where(regions=torch.zeros(1, 4, 4))
    reach = Maps([where], size=(4, 4), adapters=1, like=torch.empty(0)).over(OWNERS)
    assert set(reach.pixels) == {16, 4, 1}
    assert reach.pixels[4].shape == (1, 4, 8)
    assert not reach.pixels[4].any()
    assert reach.words is None


def test_a_row_may_wear_more_than_its_neighbour_confines():
    """What nothing is said of works everywhere; one number for all places goes to every size."""
    half = Where(regions=torch.full((1, 1, 1), 0.5))
    owners = torch.tensor([[0, 1], [0, 1]])
    maps = Maps([half, EVERYWHERE], size=(3, 5), adapters=2, like=torch.empty(0))
    reach = maps.over(owners)
    assert set(reach.pixels) == {15, 6, 2, 1}
    for count, factors in reach.pixels.items():
        assert factors.tolist() == [[[0.5, 1]] * count, [[1, 1]] * count]


def test_sizes_of_feature_maps_round_up():
    """Odd sides halve as a UNet's strided convolutions halve them."""
    assert size_of(35, (5, 7)) == (5, 7)
    assert size_of(12, (5, 7)) == (3, 4)
    assert size_of(4, (5, 7)) == (2, 2)
    assert size_of(7, (5, 7)) is None
