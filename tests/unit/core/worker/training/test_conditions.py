"""What the UNet is asked of in several calls is what it says in one."""

import pytest
import torch

from core.worker.models import load_base
from core.worker.training import conditions
from core.worker.training.conditions import encode_captions, predict, predict_by_parts
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU

SAID = ["a red house", "a blue cat at night", "a star"]


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory):
    return load_base(
        str(tiny.sdxl(tmp_path_factory.mktemp("sdxl"))), device=CPU, dtype=torch.float32
    )


@pytest.fixture
def calls(monkeypatch):
    """How many rows each call has had."""
    seen = []

    def noting(base, latents, *others):
        seen.append(len(latents))
        return predict(base, latents, *others)

    monkeypatch.setattr(conditions, "predict", noting)
    return seen


def rows(side):
    random = torch.Generator().manual_seed(4)
    return torch.randn(3, 4, side, side, generator=random), torch.tensor([900, 500, 20])


@torch.no_grad()
@pytest.mark.parametrize(("cells", "parts"), [(10**6, [3]), (2 * 16 * 16, [2, 1]), (1, [1, 1, 1])])
def test_parts_are_the_whole(base, stacks, calls, monkeypatch, cells, parts):
    """However few fit into a call, one always does, and each row keeps its caption and its time."""
    stacks.wear(())
    monkeypatch.setattr(conditions, "CELLS_AT_ONCE", cells)
    latents, timesteps = rows(16)
    told = encode_captions(base, SAID)
    found = predict_by_parts(base, latents, timesteps, told)
    assert calls == parts
    assert torch.allclose(found, predict(base, latents, timesteps, told), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("which", ["pocket", "sdxl"])
def test_a_caption_is_encoded_once_however_often_it_is_said(base, sdxl, monkeypatch, which):
    """Every row is told its own all the same, pooled vectors too."""
    model, said, asked = {"pocket": base, "sdxl": sdxl}[which], [SAID[i] for i in (1, 0, 1, 1)], []
    each = [encode_captions(model, [caption]) for caption in said]
    encode = model.pipe.encode_prompt

    def noting(captions, **given):
        asked.append(captions)
        return encode(captions, **given)

    monkeypatch.setattr(model.pipe, "encode_prompt", noting)
    told = encode_captions(model, said)
    assert asked == [[SAID[1], SAID[0]]]
    for row, one in enumerate(each):
        assert torch.allclose(told.embeds[row], one.embeds[0], atol=1e-5)
        if model.xl:
            assert torch.allclose(told.pooled[row], one.pooled[0], atol=1e-5)


@torch.no_grad()
def test_each_part_is_told_its_own_sizes(sdxl, monkeypatch):
    """SDXL's pooled texts and sizes go with their rows."""
    monkeypatch.setattr(conditions, "CELLS_AT_ONCE", 1)
    latents, timesteps = rows(8)
    told = encode_captions(sdxl, SAID)
    sizes = torch.tensor([[64, 64, 0, 0, 64, 64], [99, 64, 5, 0, 64, 64], [64, 80, 0, 7, 64, 64]])
    whole = predict(sdxl, latents, timesteps, told, sizes)
    assert torch.allclose(predict_by_parts(sdxl, latents, timesteps, told, sizes), whole, atol=1e-5)
    assert not torch.allclose(predict(sdxl, latents, timesteps, told, sizes.flip(0)), whole)
