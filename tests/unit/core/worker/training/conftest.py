"""What a course needs: pictures, a teacher that samples in two steps, and a way to its end."""

from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from core.dispatch.messages import Checkpointed
from core.domain.concepts import ConceptKind
from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.worker.engine.studio import Studio
from core.worker.imagine import Imaginer, png
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from core.worker.training import checkpoint
from core.worker.training.course import Teacher
from tests.small_pocket import with_small_unet
from tests.unit.core.worker.conftest import concept_maker, loaded

RECIPE = Recipe(
    steps=4, batch=2, rank=2, prior_pictures=2, checkpoint_every=2, preview_every=3,
    learning_rate=0.01,
)  # fmt: skip


@pytest.fixture(scope="session")
def pictures(storage):
    """Storage keys of two pictures of a disc."""
    keys = []
    for colour in ("purple", "teal"):
        picture = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(picture).ellipse((12, 12, 52, 52), fill=colour)
        keys.append(storage.put(png(picture)))
    return tuple(keys)


@pytest.fixture(scope="session")
def base():
    """The pocket model with a small UNet: how a course goes is no matter of weights or of depth.
    Loaded for these tests alone, since what others leave on a shared one is at work here too."""
    return with_small_unet(loaded())


@pytest.fixture(scope="session")
def stacks(base, storage):
    return Stacks(base, storage)


@pytest.fixture(scope="session")
def make_concept(base, stacks, storage):
    return concept_maker(base, stacks, storage)


@pytest.fixture(scope="session")
def quick(base):
    """The same, told that two sampling steps are its usual number."""
    return replace(base, family=replace(base.family, steps=2))


@pytest.fixture(scope="session")
def imaginer(quick, stacks, storage):
    return Imaginer(quick, stacks, storage, Studio(quick, stacks, images=8, adapter_bytes=2**24))


@pytest.fixture
def few_looks(quick):
    """Two looks to say of a thing, so that looking for words is soon over."""
    known = quick.family
    few = replace(known, looks_of_things=known.looks_of_things[:2])
    object.__setattr__(quick, "family", few)
    yield
    object.__setattr__(quick, "family", known)


@pytest.fixture
def teacher(quick, stacks, imaginer, storage):
    return Teacher(quick, stacks, imaginer, storage)


@pytest.fixture(scope="module")
def calm(quick, stacks, imaginer, storage):
    """Courses that nothing comes between, for those that compare with one: what each made and told.
    The same request is taught once."""
    known = {}

    def course(request):
        key = request.model_dump_json()
        if key not in known:
            told = []
            teacher = Teacher(quick, stacks, imaginer, storage)
            known[key] = finish(teacher.run(request, new_ticket(told))), told
        return known[key]

    return course


@pytest.fixture
def request_of(pictures):
    return lambda **changes: usual_request(**{"pictures": pictures} | changes)


def usual_request(pictures, **changes):
    values = {
        "concept_id": 1,
        "name": "orb",
        "class_noun": "circle",
        "concept_kind": ConceptKind.SUBJECT,
        "pictures": pictures,
        "recipe": RECIPE,
        "seed": 1,
    }
    return TrainRequest(**values | changes)


def finish(slices, between=lambda: None):
    """Runs a job to its end; `between` runs where other jobs may."""
    while True:
        try:
            next(slices)
        except StopIteration as ended:
            return ended.value
        between()


def new_ticket(told, job_id=1, **changes):
    values = {"is_cancelled": lambda: False, "is_draining": lambda: False} | changes
    return Ticket(job_id, 1, told.append, **values)


def until_saved(slices, told):
    """Runs a job until it has saved a checkpoint; what is left of it."""
    while not saved_in(told):
        next(slices)
    return slices


def saved_in(told):
    """Storage keys of all checkpoints that were told, those before the first step first."""
    return [message.key for message in told if isinstance(message, Checkpointed)]


@pytest.fixture
def learned_in(storage):
    """Storage keys of the checkpoints that were told from the first step on."""

    def learned(told):
        return [key for key in saved_in(told) if checkpoint.unpack(storage.get(key)).step]

    return learned
