"""A compiled UNet says what the plain one says, and is compiled for sizes, not for concepts."""

from dataclasses import replace

import pytest
import torch

from core.worker.engine.bank import Bank
from core.worker.engine.batch import Denoiser
from core.worker.engine.compiled import Compiled, filled, size_of_call
from core.worker.engine.draft import Conditions, Draft
from core.worker.engine.reach import Worn
from tests.unit.core.worker.engine import small
from tests.unit.core.worker.tiny import _unet as tiny_unet

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

LAYERS = (
    "mid_block.attentions.0.transformer_blocks.0.attn2.to_k",
    "mid_block.resnets.0.conv1",
    "mid_block.attentions.0.transformer_blocks.0.ff.net.2",
)


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
        unet = tiny_unet(cross_attention_dim=8).eval().requires_grad_(False)
        self.bank = Bank(unet, budget_bytes=0, steady=backend is not None)
        compiled = None if backend is None else Compiled(unet, graphs=False, backend=backend)
        self.denoiser = Denoiser(unet, self.bank, {}, compiled)
        for seed, (name, ranks) in enumerate((("one", 2), ("two", 9), ("three", 30))):
            adapter = small.adapter(unet, seed=seed, ranks=ranks, layers=LAYERS)
            self.bank.print(name, {key: (0.1 * a, b) for key, (a, b) in adapter.items()})

    def latents(self, *stacks, guidance=3.0):
        """One step of a batch of these stacks."""
        drafts = [self._draft(seed, stack, guidance) for seed, stack in enumerate(stacks)]
        for draft in drafts:
            self.bank.pin(draft.ask.adapters)
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
