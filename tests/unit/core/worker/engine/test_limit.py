"""How many images share a call, on a device whose memory is made up."""

import pytest
import torch

from core.worker.engine.bank import Bank
from core.worker.engine.batch import Denoiser
from core.worker.engine.draft import Draft
from core.worker.engine.engine import Engine
from core.worker.engine.limit import DECODED_PIXELS, FIRST_GUESS, MEMORY_SHARE, PATIENCE, Limit
from tests.unit.core.worker.engine import small

MEGABYTE = 2**20


@pytest.fixture
def memory(monkeypatch):
    """A GPU's memory as torch tells it: 1,000 MB, the model takes 200."""
    told = {"peak": 0, "reserved": 200, "allocated": 200}

    def bytes_of(name):
        return lambda _device: told[name] * MEGABYTE

    monkeypatch.setattr(torch.cuda, "memory_allocated", bytes_of("allocated"))
    monkeypatch.setattr(torch.cuda, "memory_reserved", bytes_of("reserved"))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", bytes_of("peak"))
    reset = lambda _device: told.update(peak=told["allocated"])  # noqa: E731
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", reset)
    free = lambda _device: ((1000 - told["reserved"]) * MEGABYTE, 1000 * MEGABYTE)  # noqa: E731
    monkeypatch.setattr(torch.cuda, "mem_get_info", free)
    return told


def draft(side=4):
    return Draft(small.ask(side=side))


def test_bound_follows_what_an_image_took(memory):
    """Begins with a few, then as many as fit into most of the free memory."""
    limit = Limit(torch.device("cuda"), images=64)
    drafts = [draft() for _ in range(FIRST_GUESS)]
    assert limit.images_of(drafts[0]) == FIRST_GUESS
    memory |= {"peak": 200 + 4 * 50, "reserved": 400}  # 50 MB an image
    limit.held(drafts)
    assert limit.images_of(drafts[0]) == int(MEMORY_SHARE * 800 / 50)
    assert limit.images_of(draft(side=8)) == FIRST_GUESS
    memory |= {"peak": 200 + 4}
    limit.held(drafts)
    assert limit.images_of(drafts[0]) == 64


def test_what_once_did_not_fit_is_tried_again_carefully(memory):
    """One more after many full calls that held; if that fails it is taken back for twice as long.

    Whatever is measured meanwhile.
    """
    limit = Limit(torch.device("cuda"), images=64)
    hold(limit, memory, 1)
    limit.halve(draft(), tried=20)
    hold(limit, memory, 10, calls=PATIENCE - 1)
    hold(limit, memory, 9, calls=PATIENCE)  # says nothing of ten
    assert limit.images_of(draft()) == 10
    hold(limit, memory, 10)
    assert limit.images_of(draft()) == 11
    limit.halve(draft(), tried=11)
    hold(limit, memory, 10, calls=2 * PATIENCE - 1)
    assert limit.images_of(draft()) == 10
    hold(limit, memory, 10)
    assert limit.images_of(draft()) == 11
    limit.halve(draft(), tried=11)
    limit.halve(draft(), tried=10)
    assert limit.images_of(draft()) == 5
    limit.halve(draft(), tried=1)
    assert limit.images_of(draft()) == 1
    assert limit.images_of(draft(side=8)) == FIRST_GUESS


def test_memory_that_was_short_for_a_moment_halves_for_a_while(memory):
    """In the end the setting is the bound again."""
    limit = Limit(torch.device("cuda"), images=4)
    limit.halve(draft(), tried=4)
    hold(limit, memory, 4, calls=2 * PATIENCE)
    assert limit.images_of(draft()) == 4


def test_only_steps_are_measured(memory):
    """What decoding took, or a training, is no part of an image's share of a step."""
    limit = Limit(torch.device("cuda"), images=64)
    memory |= {"peak": 900}
    limit.begin()
    memory |= {"peak": 250, "reserved": 400}
    limit.held([draft()])
    assert limit.images_of(draft()) == int(MEMORY_SHARE * 800 / 50)


def test_engine_measures_its_steps_alone(memory):
    """Large pictures are decoded between them."""
    unet, decoder = small.Unet(), small.Decoder()
    bank, limit = Bank(unet, budget_bytes=0), Limit(torch.device("cuda"), images=64)
    unet.register_forward_hook(lambda *_: memory.update(peak=max(memory["peak"], 250)))
    decode = decoder.decode
    decoder.decode = lambda drafts: (memory.update(peak=900), decode(drafts))
    engine = Engine(Denoiser(unet, bank, {}), decoder, bank, limit)
    engine.admit([small.ask(owner=1, steps=1)])
    engine.advance()
    engine.admit([small.ask(owner=2, steps=1)])
    engine.advance()
    assert limit.images_of(draft()) == int(MEMORY_SHARE * 800 / 50)


def hold(limit, memory, count, *, calls=1):
    """So many calls of so many images, each of which takes next to nothing."""
    for _ in range(calls):
        memory |= {"peak": 201}
        limit.held([draft() for _ in range(count)])


def test_without_a_gpu_the_setting_is_the_bound():
    """Nothing is measured."""
    limit = Limit(torch.device("cpu"), images=5)
    limit.held([draft()])
    assert limit.images_of(draft()) == 5


def test_decoding_is_bounded_by_pixels():
    """One large picture, or many small ones; fewer once memory did not hold them."""
    limit = Limit(torch.device("cpu"), images=5)
    assert limit.decoded_at_once(2 * DECODED_PIXELS) == 1
    assert limit.decoded_at_once(DECODED_PIXELS // 6) == 6
    limit.decode_less(DECODED_PIXELS // 6, tried=6)
    assert limit.decoded_at_once(DECODED_PIXELS // 6) == 3
    for _ in range(PATIENCE):
        limit.decoded(DECODED_PIXELS // 6, 3)
    assert limit.decoded_at_once(DECODED_PIXELS // 6) == 4
    assert limit.decoded_at_once(DECODED_PIXELS // 5) == 5
