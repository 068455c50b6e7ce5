"""Images as a part of another job: one request, or several in one batch."""

from contextlib import closing

import pytest

from core.domain.drawing import Stacking
from core.domain.requests import ImagineRequest, entry_of
from core.errors import ModelFault
from core.worker.engine.bank import Bank
from core.worker.engine.studio import Studio
from core.worker.imagine import Imaginer
from core.worker.samples import SEEDS, samples
from core.worker.ticket import Stopped
from core.worker.within import drawn_together, drawn_within
from tests.unit.core.worker.conftest import ROUNDED
from tests.unit.core.worker.training.conftest import finish, new_ticket, usual_request

STEPS = 3


@pytest.fixture
def studio(base, stacks):
    return Studio(base, stacks, images=8, adapter_bytes=2**24)


@pytest.fixture
def together(base, stacks, storage, studio):
    """Draws by the engine."""
    return Imaginer(base, stacks, storage, studio)


@pytest.fixture
def plain(base, stacks, storage):
    """Draws by the plain path."""
    return Imaginer(base, stacks, storage)


@pytest.fixture
def wishes(make_concept):
    """Three of other prompts, stacks and seeds."""
    stack = (make_concept("one", seed=1),)
    said = (("a house", ()), ("a <one> house", stack), ("a cat", ()))
    return [
        ImagineRequest(prompt=prompt, seeds=(seed,), stack=stack, num_inference_steps=STEPS)
        for seed, (prompt, stack) in enumerate(said)
    ]


def counted(work, owner, name, monkeypatch):
    """Notes every call of a method."""
    method = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *a, **k: (work.append(name), method(*a, **k))[1])


def keys(drawn):
    return [image.key for one in drawn for image in one.images]


def test_several_take_the_steps_of_one(together, studio, wishes, monkeypatch):
    """One batch for all, a slice for each of its steps, and nothing is told of them."""
    steps, pauses, told = [], [], []
    counted(steps, studio, "advance", monkeypatch)
    finish(drawn_within(together, wishes[0], new_ticket([])))
    alone = len(steps)
    drawing = drawn_together(together, wishes, new_ticket(told))
    drawn = finish(drawing, between=lambda: pauses.append(1))
    assert len(set(keys(drawn))) == 3
    assert len(steps) - alone <= alone + 1
    assert len(pauses) >= STEPS
    assert told == []


def test_each_is_what_it_is_alone(together, wishes, apart):
    """In their order, whatever their stacks."""
    drawn = keys(finish(drawn_together(together, wishes, new_ticket([]))))
    for key, wish in zip(drawn, wishes, strict=True):
        (alone,) = keys([finish(drawn_within(together, wish, new_ticket([])))])
        assert apart(key, alone) <= ROUNDED


def test_strangers_change_nothing(together, wishes):
    """The same bits, though people's pictures are on their way from the first step on."""
    calm = keys(finish(drawn_together(together, wishes, new_ticket([]))))
    theirs = ImagineRequest(prompt="a dog", seeds=(7, 8), num_inference_steps=STEPS + 2)
    with closing(together.slices(theirs, new_ticket([], job_id=2))) as stranger:
        next(stranger)
        busy = finish(
            drawn_together(together, wishes, new_ticket([])), between=lambda: next(stranger, None)
        )
    assert keys(busy) == calm


def test_the_plain_path_draws_one_after_the_other(plain, wishes):
    """Between two of them other jobs may go first."""
    assert not any(map(plain.draws_in_batches, wishes))
    pauses = []
    drawn = finish(drawn_together(plain, wishes, new_ticket([])), between=lambda: pauses.append(1))
    assert keys(drawn) == keys([plain.run(wish, new_ticket([])) for wish in wishes])
    assert len(pauses) >= len(wishes)


def test_the_plain_path_has_room_where_the_engine_has_none(
    together, plain, studio, wishes, monkeypatch
):
    """An adapter beyond the bank does not end the job whose version it is."""

    def full(_bank, _keys):
        raise ModelFault("the stack's adapters are larger than the adapter bank")

    monkeypatch.setattr(Bank, "_check_size", full)
    drawn = finish(drawn_together(together, wishes, new_ticket([])))
    assert keys(drawn) == keys([plain.run(wish, new_ticket([])) for wish in wishes])
    assert not studio.busy


@pytest.mark.parametrize("way", ["together", "plain"])
def test_a_stop_takes_all_of_them_out(request, studio, wishes, way):
    """Nothing of a job that is cancelled stays on its way."""
    cancelled = []
    ticket = new_ticket([], is_cancelled=lambda: bool(cancelled))
    slices = drawn_together(request.getfixturevalue(way), wishes, ticket)
    next(slices)
    cancelled.append(True)
    with pytest.raises(Stopped):
        finish(slices)
    assert not studio.busy


def test_samples_are_without_and_with_in_turn(together, make_concept):
    """The same seeds, as anyone would draw them; what it was taught on top of is in neither."""
    parents = (make_concept("two", seed=2),)
    request = usual_request(("a picture",), class_noun="house", name="one", parents=parents)
    entry = entry_of(request, make_concept("one", seed=1).artifact)
    said = "a photo of a house", "a photo of a <one> house"
    drawn = finish(samples(together, *said, entry, new_ticket([])))
    wishes = [
        ImagineRequest(prompt=prompt, seeds=(seed,), stack=stack, stacking=Stacking.APART)
        for seed in SEEDS
        for prompt, stack in zip(said, ((), (entry,)), strict=True)
    ]
    assert list(drawn) == keys(finish(drawn_together(together, wishes, new_ticket([]))))
    assert len(set(drawn)) == 2 * len(SEEDS)
