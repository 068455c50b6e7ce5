"""How many images share a call, on a device whose memory is made up."""

import pytest
import torch

from core.worker.engine.draft import Draft
from core.worker.engine.limit import DECODED_PIXELS, FIRST_GUESS, MEMORY_SHARE, Limit
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
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _device: None)
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


def test_what_once_did_not_fit_is_never_tried_again(memory):
    """A halved bound stays for that size, whatever is measured later."""
    limit = Limit(torch.device("cuda"), images=64)
    memory |= {"peak": 201}
    limit.held([draft()])
    limit.halve(draft(), tried=20)
    limit.held([draft()])
    assert limit.images_of(draft()) == 10
    limit.halve(draft(), tried=1)
    assert limit.images_of(draft()) == 1
    assert limit.images_of(draft(side=8)) == FIRST_GUESS


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
    assert limit.decoded_at_once(DECODED_PIXELS // 5) == 5
