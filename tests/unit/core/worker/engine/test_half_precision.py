"""Half precision, where the order of sums shows: pictures still agree, alone and in a crowd."""

import pytest
import torch

from core.domain.requests import ImagineRequest
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING
from core.worker.imagine import Imaginer
from core.worker.models import load_base
from core.worker.plain import PlainPath
from core.worker.stack import Stacks
from tests.unit.core.worker.conftest import CPU
from tests.unit.core.worker.engine.conftest import finish
from tests.unit.core.worker.engine.test_same_picture import entry

ENOUGH_DB = 40.0


class Half:
    """An engine over a base model in bfloat16."""

    def __init__(self, storage):
        self.base = load_base("pocket", device=CPU, dtype=torch.bfloat16)
        self.stacks = Stacks(self.base, storage)
        self.imaginer = Imaginer(self.base, self.stacks, storage)
        self.studio = Studio(self.base, self.stacks, images=8, adapter_bytes=2**26)

    def wish(self, **changes):
        values = {"prompt": "a red temple", "seeds": (1,), "num_inference_steps": 6}
        return self.imaginer.resolve(ImagineRequest(**values | changes))

    def draw(self, *requests):
        drafts = [
            draft
            for owner, request in enumerate(requests)
            for draft in self.studio.admit(request, owner=owner, alone=False, given=NOTHING)
        ]
        finish(self.studio, drafts)
        return drafts[0].picture.float()


@pytest.fixture(scope="module")
def half(storage):
    return Half(storage)


def psnr_db(one, other):
    """Of pictures in -1 to 1."""
    error = (one.clamp(-1, 1) - other.clamp(-1, 1)).square().mean()
    return float(10 * torch.log10(4 / error.clamp(min=1e-12)))


def test_alone_or_in_a_crowd_is_the_same_picture(half, storage):
    """Neighbours with other stacks, step counts and guidance move less than rounding may."""
    stack = tuple(entry(half.base, half.stacks, storage, seed=seed) for seed in (1, 2))
    asked = half.wish(prompt="a <c1>, <c2>", stack=stack)
    lonely = half.draw(asked)
    crowds = (
        (asked, half.wish(seeds=(7, 8))),
        (asked, half.wish(seeds=(3,), stack=stack[:1], num_inference_steps=3)),
        (asked, *(half.wish(seeds=(9,), guidance_scale=1.0) for _ in range(3))),
    )
    assert all(psnr_db(half.draw(*crowd), lonely) >= ENOUGH_DB for crowd in crowds)


def test_plain_path_draws_too(half):
    """It is what training's previews and what the engine does not know go through."""
    asked = half.wish()
    speller = half.stacks.wear(())
    (plain,), _ = PlainPath(half.base).draw(
        asked, speller, given=NOTHING, on_step=lambda _done, _total: None
    )
    theirs = torch.frombuffer(bytearray(plain.tobytes()), dtype=torch.uint8).view(*plain.size, 3)
    assert psnr_db(theirs.permute(2, 0, 1) / 127.5 - 1, half.draw(asked)) > 25
