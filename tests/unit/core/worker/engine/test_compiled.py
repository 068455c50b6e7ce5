"""A compiled UNet says what the plain one says, and is compiled for sizes, not for concepts."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from core.worker.engine.bank import Bank
from core.worker.engine.batch import Denoiser
from core.worker.engine.compiled import Compiled, filled, size_of_call
from core.worker.engine.draft import Conditions, Control, Draft
from core.worker.engine.reach import Worn
from core.worker.engine.spread import plan
from core.worker.engine.word_mask import shown_words
from tests.unit.core.worker.engine import small
from tests.unit.core.worker.tiny import _unet as tiny_unet
from tests.unit.core.worker.tiny import controlnet as tiny_net

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

LAYERS = (
    "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k",
    "down_blocks.1.resnets.0.conv1",
    "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.2",
)
FEW_PARTS = {
    "block_out_channels": (8, 16),
    "norm_num_groups": 4,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "mid_block_type": "UNetMidBlock2D",
    "up_block_types": ("UpBlock2D", "UpBlock2D"),
}
"""Tracing takes a second for every few layers."""


class Counted:
    """A backend that runs what it is given as it is, and counts how often it is given something."""

    def __init__(self):
        self.graphs = 0

    def __call__(self, graph, _inputs):
        self.graphs += 1
        return graph.forward


class Side:
    """A denoiser over a tiny UNet."""

    def __init__(self, backend=None):
        torch.manual_seed(0)
        unet = tiny_unet(cross_attention_dim=8, **FEW_PARTS).eval().requires_grad_(False)
        self.bank = Bank(unet, budget_bytes=0, steady=backend is not None)
        compiler = None if backend is None else partial(Compiled, graphs=False, backend=backend)
        nets = {"edges": tiny_net(unet, channels=(8, 16))}
        self.denoiser = Denoiser(unet, self.bank, nets, compiler)
        for seed, (name, ranks) in enumerate((("one", 2), ("two", 9), ("three", 30))):
            adapter = small.adapter(unet, seed=seed, ranks=ranks, layers=LAYERS)
            self.bank.print(name, {key: (0.1 * a, b) for key, (a, b) in adapter.items()})

    def latents(self, *stacks, guidance=3.0, steps=1, **changes):
        """What a batch of these stacks makes of one step or more."""
        drafts = [self._draft(seed, stack, guidance) for seed, stack in enumerate(stacks)]
        drafts = [Draft(replace(draft.ask, **changes)) for draft in drafts]
        return self.after(drafts, steps)

    def apart(self, *stacks, spread=None):
        """What three calls make of stacks that are kept apart: a look, and two steps."""
        drafts = [self._draft(seed, stack, 3.0) for seed, stack in enumerate(stacks)]
        spreads = [spread or _spread(len(draft.ask.adapters)) for draft in drafts]
        asks = [replace(d.ask, spread=s) for d, s in zip(drafts, spreads, strict=True)]
        return self.after([Draft(ask) for ask in asks], steps=3)

    def after(self, drafts, steps):
        for draft in drafts:
            self.bank.pin(draft.ask.adapters)
        for _ in range(steps):
            self.denoiser.step(drafts)
        for draft in drafts:
            self.bank.unpin(draft.ask.adapters)
        return torch.stack([draft.latents for draft in drafts])

    @staticmethod
    def _draft(seed, stack, guidance):
        random = torch.Generator().manual_seed(seed)
        words = Conditions(torch.randn(1, 5, 8, generator=random))
        row = tuple(Worn(name, 0.5) for name in stack)
        ask = replace(
            small.ask(seed=seed),
            start=torch.randn(4, 8, 8, generator=random),
            prompt=words,
            negative=words if guidance > 1 else None,
            guidance_scale=guidance,
            row=lambda _step: row,
            adapters=stack,
        )
        return Draft(ask)


def _spread(adapters):
    """The first adapter's words are the second token, and so on."""
    phrases = tuple((index + 1,) for index in range(adapters))
    return plan(phrases, (None,) * adapters, tokens=5)


@pytest.fixture(scope="module")
def sides():
    torch._dynamo.reset()
    backend = Counted()
    yield Side(), Side(backend), backend
    torch._dynamo.reset()


def test_concepts_come_and_go_without_compiling(sides):
    """Other concepts, weights, layers and rows inside one size of call meet the same form."""
    plain, compiled, backend = sides
    first = (("one", "two"), ("two",), ("one",))
    assert torch.allclose(compiled.latents(*first), plain.latents(*first), atol=1e-4)
    graphs = backend.graphs
    assert graphs >= 1
    for stacks in (
        (("two", "one"), ("one",), ()),
        (("one",), ("one",), ("one",), ("one",)),
        ((), (), ()),
        (("two", "two"), (), ("one", "two"), ()),
    ):
        assert torch.allclose(compiled.latents(*stacks), plain.latents(*stacks), atol=1e-4)
        assert backend.graphs == graphs


def test_concepts_kept_apart_are_compiled_too(sides):
    """Their places change at every step and their words with every prompt; the forms stay, also
    where neighbours keep nothing apart.
    """
    plain, compiled, backend = sides
    first = (("one", "two"), ("two", "one"))
    made = plain.apart(*first)
    assert not torch.allclose(made, plain.latents(*first, steps=2), atol=1e-4)
    assert torch.allclose(compiled.apart(*first), made, atol=1e-4)
    graphs = backend.graphs
    for stacks in (
        (("two", "one"), ("one",)),  # the second is alone, so nothing keeps it apart
        (("one", "two"), ("one", "two", "one")),
    ):
        assert torch.allclose(compiled.apart(*stacks), plain.apart(*stacks), atol=1e-4)
    other = plan(((3,), (0, 1)), (None, torch.ones(8, 8)), tokens=5)
    made = plain.apart(*first, spread=other)
    assert torch.allclose(compiled.apart(*first, spread=other), made, atol=1e-4)
    assert backend.graphs == graphs


def test_words_kept_to_a_place_are_compiled_too(sides):
    """Other words and places meet the same form, beside neighbours that have none and fill."""
    plain, compiled, backend = sides
    left, seen = torch.zeros(8, 8), []
    left[:, :4] = 1
    for words, place in (((1, 2), left), ((3,), 1 - left)):
        shown = shown_words((words,), (place,), tokens=5)
        made = plain.latents(("one",), ("two",), (), shown=shown)
        assert not torch.allclose(made, plain.latents(("one",), ("two",), ()), atol=1e-3)
        assert torch.allclose(
            compiled.latents(("one",), ("two",), (), shown=shown), made, atol=1e-4
        )
        seen.append(backend.graphs)
    assert seen[0] == seen[1]


def test_a_controlnet_is_compiled_too(sides):
    """The net and the UNet that it steers; other pictures and strengths meet the same forms."""
    plain, compiled, backend = sides
    random = torch.Generator().manual_seed(3)
    seen = []
    for scale, stacks in ((0.8, (("one",), ())), (0.3, (("two",), ("one",)))):
        control = Control("edges", torch.rand(3, 16, 16, generator=random), scale)
        made = plain.latents(*stacks, control=control)
        assert not torch.allclose(made, plain.latents(*stacks), atol=1e-4)
        assert torch.allclose(compiled.latents(*stacks, control=control), made, atol=1e-4)
        seen.append(backend.graphs)
    assert seen[0] == seen[1]


def test_another_size_or_width_is_compiled_once(sides):
    """The second time it is known, whatever was drawn in between."""
    _, compiled, backend = sides
    calls = [
        lambda: compiled.latents(("one", "two"), guidance=1.0),
        lambda: compiled.latents(("three", "two"), ("one",), ()),
    ]
    for call in calls:
        call()
    graphs = backend.graphs
    for call in calls:
        call()
    assert backend.graphs == graphs


def test_sizes_double():
    """Calls are filled up to a power of two with copies of the last row."""
    assert [size_of_call(rows) for rows in (1, 2, 3, 4, 5, 17, 64)] == [1, 2, 4, 4, 8, 32, 64]
    assert filled(torch.tensor([[1], [2]]), 4).flatten().tolist() == [1, 2, 2, 2]
