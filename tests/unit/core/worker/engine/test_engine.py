"""Who shares a call with whom, and what happens when memory runs out."""

from dataclasses import replace

import pytest
import torch

from core.errors import ModelFault
from core.worker.engine.bank import PAGES_LEAST, Bank
from core.worker.engine.batch import Denoiser
from core.worker.engine.draft import Conditions
from core.worker.engine.engine import Engine
from core.worker.engine.limit import Limit
from core.worker.engine.reach import Worn
from core.worker.engine.shelves import Shelf
from tests.unit.core.worker.engine import small

CPU = torch.device("cpu")


class Bench:
    """An engine of small parts."""

    def __init__(self, *, images=16, holds=None, decodes=None):
        self.unet, self.decoder = small.Unet(holds=holds), small.Decoder(holds=decodes)
        self.bank = Bank(self.unet, budget_bytes=0)
        self.limit = Limit(CPU, images=images)
        self.engine = Engine(
            Denoiser(self.unet, self.bank, {}), self.decoder, self.bank, self.limit
        )

    def admit(self, *asks):
        return self.engine.admit(asks)

    def finish(self, most=100):
        for _ in range(most):
            if not self.engine.busy:
                return
            self.engine.advance()
        raise AssertionError("the engine does not come to an end")


def alone(ask):
    """The latents of an image that has an engine to itself."""
    bench = Bench()
    (draft,) = bench.admit(ask)
    bench.finish()
    return draft.latents


def test_images_enter_and_leave_between_steps():
    """One that comes later shares the calls that are left, and each ends as it would alone."""
    bench = Bench()
    (first,) = bench.admit(small.ask(owner=1, seed=1, steps=3))
    bench.engine.advance()
    (second,) = bench.admit(small.ask(owner=2, seed=2, steps=2))
    bench.finish()
    assert bench.unet.seen == [1, 2, 2]
    assert torch.allclose(first.picture, alone(small.ask(seed=1, steps=3)))
    assert torch.allclose(second.picture, alone(small.ask(seed=2, steps=2)))
    assert first.shared
    assert second.shared


def test_guidance_of_one_leaves_the_unconditional_half_out():
    """Only the images that are guided cost two rows."""
    bench = Bench()
    bench.admit(small.ask(owner=1, steps=1, guidance=4.0), small.ask(owner=2, steps=1))
    bench.finish()
    assert bench.unet.seen == [3]


def test_buckets_take_turns():
    """Sizes that cannot share a call are served in turn, however many wait in one of them."""
    bench = Bench()
    wide = bench.admit(*(small.ask(seed=seed, side=8) for seed in range(3)))
    narrow = bench.admit(small.ask(seed=9))
    for _ in range(2):
        bench.engine.advance()
    assert [draft.done for draft in (*wide, *narrow)] == [1, 1, 1, 1]
    bench.finish()
    assert bench.unet.seen == [3, 1] * 3


def test_exact_job_shares_no_call():
    """Its images are a bucket of their own, whatever waits beside it."""
    bench = Bench()
    kept = bench.admit(*(small.ask(owner=1, seed=seed, alone=True) for seed in (1, 2)))
    others = bench.admit(small.ask(owner=2, seed=3), small.ask(owner=3, seed=4))
    bench.finish()
    assert not any(draft.shared for draft in kept)
    assert all(draft.shared for draft in others)


def exact_job():
    return [small.ask(owner=9, seed=seed, steps=2, alone=True) for seed in range(3)]


def test_exact_job_enters_whole():
    """It waits until all of its images have room, and every call of it is the same."""
    bench = Bench(images=4)
    bench.admit(*(small.ask(owner=1, seed=seed, steps=2, side=8) for seed in range(2)))
    kept = bench.admit(*exact_job())
    bench.finish()
    assert bench.unet.seen == [2, 2, 3, 3]
    assert not any(draft.shared for draft in kept)


def test_exact_job_beyond_the_setting_enters_alone():
    """It would wait for ever otherwise, or be drawn in other calls under another setting."""
    bench = Bench(images=2)
    bench.admit(small.ask(owner=1, steps=2))
    bench.admit(*exact_job())
    bench.admit(small.ask(owner=2, steps=1))
    bench.finish()
    assert bench.unet.seen == [1, 1, 3, 3, 1]


def leaves_one_to_decode(bench):
    """Three pictures that are done one step before what is admitted next, decoded two at a time."""
    bench.limit.decode_less(4 * 4 * 64, tried=4)
    return bench.admit(*(small.ask(owner=owner, steps=2) for owner in (1, 2, 3)))


def test_exact_job_is_decoded_by_itself():
    """A picture of another job that is left over goes in another call."""
    bench = Bench()
    leaves_one_to_decode(bench)
    kept = bench.admit(*exact_job())
    bench.finish()
    assert bench.decoder.calls == [2, 1, 3]
    assert not any(draft.shared for draft in kept)


def test_bounds_that_others_have_left_do_not_split_an_exact_job():
    """Neither those of a step nor those of decoding."""
    bench = Bench()
    (other,) = bench.admit(small.ask())
    bench.limit.halve(other, tried=2)
    bench.limit.decode_less(4 * 4 * 64, tried=2)
    bench.engine.withdraw([other])
    kept = bench.admit(*exact_job())
    bench.finish()
    assert (bench.unet.seen, bench.decoder.calls) == ([3, 3], [3])
    assert not any(draft.shared for draft in kept)


@pytest.mark.parametrize("options", [{"holds": 2}, {"decodes": 2}])
def test_exact_job_that_memory_splits_says_so(options):
    """No image of it is lost, but it cannot be promised to be the same again."""
    bench = Bench(**options)
    kept = bench.admit(*exact_job())
    bench.finish()
    assert all(draft.picture is not None and draft.shared for draft in kept)


def test_pictures_that_are_only_decoded_together_are_shared():
    """The last bits may come of any call."""
    bench = Bench()
    leaves_one_to_decode(bench)
    words = Conditions(torch.zeros(1, 5, 3))  # of another length, so no step is shared
    (last,) = bench.admit(replace(small.ask(owner=4, steps=2), prompt=words))
    bench.finish()
    assert bench.decoder.calls == [2, 2]
    assert last.shared


def test_images_of_one_job_are_not_shared():
    """`shared` speaks of other jobs, and of a job that was not always together."""
    bench = Bench()
    drafts = bench.admit(small.ask(owner=1, seed=1), small.ask(owner=1, seed=2))
    bench.finish()
    assert not any(draft.shared for draft in drafts)
    narrow = Bench(images=1)
    drafts = narrow.admit(small.ask(owner=1, seed=1), small.ask(owner=1, seed=2))
    narrow.finish()
    assert all(draft.shared for draft in drafts)


def test_no_more_than_the_setting_are_on_their_way():
    """The others enter as soon as one leaves."""
    bench = Bench(images=2)
    bench.admit(*(small.ask(seed=seed, steps=2) for seed in range(5)))
    bench.finish()
    assert bench.unet.seen == [2, 2, 2, 2, 1, 1]


def test_decoding_does_not_hold_steps_up():
    """Each advance decodes at most one call and takes a step of those that are on their way."""
    bench = Bench(images=8)
    short = bench.admit(*(small.ask(seed=seed, steps=1) for seed in range(3)))
    (long,) = bench.admit(small.ask(seed=9, steps=4))
    bench.limit.decode_less(4 * 4 * 64, tried=2)
    seen = []
    while bench.engine.busy:
        bench.engine.advance()
        seen.append((long.done, sum(draft.picture is not None for draft in short)))
    assert seen[:4] == [(1, 0), (2, 1), (3, 2), (4, 3)]


def test_pictures_of_one_size_are_decoded_together():
    """In one call, in the order in which they were sampled."""
    bench = Bench()
    drafts = bench.admit(*(small.ask(seed=seed, steps=2) for seed in range(4)))
    bench.finish()
    assert bench.decoder.calls == [4]
    assert all(torch.equal(draft.picture, draft.latents) for draft in drafts)


@pytest.mark.parametrize("advances", [0, 1, 3])
def test_withdrawn_anywhere(advances):
    """Waiting, on its way or sampled: it is gone, and the others end as they would alone."""
    bench = Bench(images=3)
    gone = bench.admit(*(small.ask(owner=1, seed=seed, steps=3) for seed in (1, 2)))
    stays = bench.admit(*(small.ask(owner=2, seed=seed, steps=5) for seed in (3, 4)))
    for _ in range(advances):
        bench.engine.advance()
    bench.engine.withdraw(gone)
    bench.engine.withdraw(gone)
    bench.finish()
    assert all(draft.picture is None for draft in gone)
    for draft, seed in zip(stays, (3, 4), strict=True):
        assert torch.allclose(draft.picture, alone(small.ask(seed=seed, steps=5)))


def test_out_of_memory_halves_the_batch_and_goes_on():
    """No image is lost, none takes a step twice, and no noise is drawn twice."""
    bench = Bench(holds=3)
    asks = [small.ask(owner=seed, seed=seed, steps=4, noisy=True) for seed in range(7)]
    drafts = bench.admit(*asks)
    bench.finish()
    assert bench.unet.seen[:3] == [7, 3, 3]
    assert max(bench.unet.seen[1:]) == 3
    for seed, draft in enumerate(drafts):
        assert draft.step == 4
        assert draft.fault is None
        lonely = alone(small.ask(seed=seed, steps=4, noisy=True))
        assert torch.allclose(draft.picture, lonely)


def test_memory_that_runs_out_late_in_a_step_changes_nothing(monkeypatch):
    """After the noise was drawn, too: the step is taken again with the same noise."""
    bench = Bench()
    asks = [small.ask(owner=seed, seed=seed, steps=3, noisy=True) for seed in range(4)]
    drafts = bench.admit(*asks)
    einsum, tried = torch.einsum, []

    def fails_at_first(*args):
        tried.append(len(args[1]))
        if len(tried) == 1:
            raise torch.OutOfMemoryError("no more")
        return einsum(*args)

    monkeypatch.setattr(torch, "einsum", fails_at_first)
    bench.finish()
    assert tried[:2] == [4, 2]
    for seed, draft in enumerate(drafts):
        assert torch.allclose(draft.picture, alone(small.ask(seed=seed, steps=3, noisy=True)))


def test_single_image_that_does_not_fit_fails_alone():
    """It is dropped with its fault; images of other sizes go on."""
    bench = Bench(holds=1)
    large = bench.admit(small.ask(seed=1, guidance=3.0))  # two rows for one image
    fits = bench.admit(small.ask(seed=2, side=8))
    bench.finish()
    assert isinstance(large[0].fault, torch.OutOfMemoryError)
    assert large[0].picture is None
    assert fits[0].picture is not None


def test_decoding_that_does_not_fit_is_halved_and_fails_alone():
    """Half of the pictures at once, and one that does not even fit by itself is dropped."""
    bench = Bench(decodes=2)
    drafts = bench.admit(*(small.ask(seed=seed, steps=1) for seed in range(5)))
    bench.finish()
    assert bench.decoder.calls == [5, 2, 2, 1]
    assert all(draft.picture is not None for draft in drafts)
    tight = Bench(decodes=0)
    (draft,) = tight.admit(small.ask(steps=1))
    tight.finish()
    assert isinstance(draft.fault, torch.OutOfMemoryError)


class Dressed(Bench):
    """An engine whose model has layers for adapters."""

    def __init__(self, **options):
        super().__init__(**options)
        self.unet.linear = torch.nn.Linear(4, 4)
        self.bank = Bank(self.unet, budget_bytes=0)
        self.engine = Engine(
            Denoiser(self.unet, self.bank, {}), self.decoder, self.bank, self.limit
        )

    def print(self, name, *, pages, seed=1):
        ranks, layers = 8 * pages, ("linear",)
        adapter = small.adapter(self.unet, seed=seed, ranks=ranks, layers=layers)
        self.bank.print(name, adapter)


def wearing(name, **changes):
    made = small.ask(adapters=(name,), **changes)
    row = (Worn(name, 1.0),)
    object.__setattr__(made, "row", lambda _step: row)
    return made


def test_full_bank_keeps_an_image_waiting_until_there_is_room():
    """It enters when those that fill the bank have left, and loses nothing by it."""
    bench = Dressed()
    for name in ("one", "two"):
        bench.print(name, pages=PAGES_LEAST - 2)
    (first,) = bench.admit(wearing("one", seed=1))
    (second,) = bench.admit(wearing("two", seed=2))
    for _ in range(3):
        bench.engine.advance()
    assert (first.done, second.done) == (3, 0)
    bench.finish()
    assert second.picture is not None
    assert bench.unet.seen == [1] * 6


def test_stack_beyond_the_bank_fails_alone():
    """Who waits behind it goes on."""
    bench = Dressed()
    bench.print("huge", pages=PAGES_LEAST)
    (huge,) = bench.admit(wearing("huge", seed=1))
    (other,) = bench.admit(small.ask(seed=2))
    bench.finish()
    assert isinstance(huge.fault, ModelFault)
    assert other.picture is not None


def no_room(*_):
    raise torch.OutOfMemoryError("no more")


def test_bank_that_memory_does_not_hold_keeps_an_image_waiting(monkeypatch):
    """While others are on their way it waits for what they leave, and they go on."""
    bench = Dressed()
    bench.print("one", pages=2)
    (first,) = bench.admit(small.ask(seed=2))
    bench.engine.advance()
    (second,) = bench.admit(wearing("one", seed=1))
    with monkeypatch.context() as patched:
        patched.setattr(Shelf, "open", no_room)
        bench.engine.advance()
        assert (first.done, second.done, second.fault) == (2, 0, None)
    bench.finish()
    assert first.picture is not None
    assert second.picture is not None


def test_bank_that_memory_never_holds_fails_its_image_alone(monkeypatch):
    """Who waits behind it goes on."""
    monkeypatch.setattr(Shelf, "open", no_room)
    bench = Dressed()
    bench.print("one", pages=2)
    (dressed,) = bench.admit(wearing("one", seed=1))
    (bare,) = bench.admit(small.ask(seed=2))
    bench.finish()
    assert isinstance(dressed.fault, torch.OutOfMemoryError)
    assert bare.picture is not None


def test_nothing_stays_pinned_when_images_have_left():
    """Finished, withdrawn or dropped: what they wore may go."""
    bench = Dressed(holds=1)
    for name in ("one", "two", "three", "four"):
        bench.print(name, pages=PAGES_LEAST // 4)
    bench.admit(wearing("one", seed=1))
    bench.admit(wearing("two", seed=2, guidance=2.0, side=8))  # does not fit
    gone = bench.admit(wearing("three", seed=3, side=2))
    bench.engine.advance()
    bench.engine.withdraw(gone)
    bench.finish()
    bench.print("large", pages=PAGES_LEAST - 1)
    bench.bank.pin(["large"])
    assert not any(bench.bank.holds(name) for name in ("one", "two", "three"))
