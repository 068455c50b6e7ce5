"""A tiny Stable Diffusion 3: a family that is drawn as diffusers draws it."""

import pytest
import torch

from core.dispatch.config import WorkerConfig
from core.dispatch.messages import Run
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Sampler, StartImage
from core.domain.images import Manifest
from core.domain.requests import ImagineRequest, TrainRequest
from core.errors import Conflict, InvalidInput, ModelFault
from core.worker import process
from core.worker.models import PIPELINES, kind_of
from core.worker.others import OtherImaginer, OtherRunner, load_other
from core.worker.ticket import Stopped, Ticket
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU

WISH = ImagineRequest(prompt="a house", seeds=(1, 2), num_inference_steps=3)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    folder = tiny.sd3(tmp_path_factory.mktemp("sd3"))
    return load_other(str(folder), device=CPU, dtype=torch.float32)


@pytest.fixture
def imaginer(other, storage):
    return OtherImaginer(other, storage)


def run(imaginer, request, ticket):
    slices = imaginer.slices(request, ticket)
    while True:
        try:
            next(slices)
        except StopIteration as finished:
            return finished.value


def test_it_is_no_family_of_the_engine(other):
    """Known by what it was saved as; its size is the transformer's."""
    assert kind_of(other.name) == "StableDiffusion3Pipeline"
    assert kind_of(other.name) not in PIPELINES
    assert (other.family.name, other.native_px, other.size_step_px) == ("stablediffusion3", 16, 4)


def test_the_picture_is_the_pipelines_own(other, imaginer, ticket, opened):
    """The same seed, one after the other, pixel for pixel."""
    made = run(imaginer, WISH, ticket)
    for image, seed in zip(made.images, WISH.seeds, strict=True):
        theirs = other.pipe(
            "a house", num_inference_steps=3, guidance_scale=7.0, width=16, height=16,
            generator=torch.Generator().manual_seed(seed),
        ).images[0]  # fmt: skip
        assert opened(image.key).tobytes() == theirs.tobytes()


def test_the_manifest_leaves_nothing_open_and_replays(imaginer, ticket):
    """Steps, guidance and sides are the pipeline's own; the bytes come again."""
    made = run(imaginer, ImagineRequest(prompt="a", seeds=(1,)), ticket)
    manifest = Manifest.model_validate_json(made.images[0].manifest.model_dump_json())
    request = manifest.request
    assert (request.num_inference_steps, request.guidance_scale) == (28, 7.0)
    assert (request.width_px, request.height_px) == (16, 16)
    assert run(imaginer, request, ticket).images[0].key == made.images[0].key


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": StartImage(key="a", strength=1)}, "cannot begin from a picture"),
        ({"sampler": Sampler.DDIM, "guidance_rescale": 0.5}, "another sampler or rescale guidance"),
        ({"hires": {"scale": 2}}, "second pass"),
        ({"width_px": 512, "height_px": 16}, "up to 64 a side"),
    ],
)
def test_what_it_cannot_do_is_said(imaginer, ticket, changes, words):
    """A sentence that names it, and no picture."""
    wish = ImagineRequest.model_validate(WISH.model_dump() | changes)
    with pytest.raises(InvalidInput, match=words):
        run(imaginer, wish, ticket)


def test_concepts_are_not_for_it(imaginer, ticket):
    """Neither in a prompt nor to be taught."""
    entry = StackEntry(
        concept_id=1, version_id=1, name="xyz", class_noun="house", kind=ConceptKind.SUBJECT,
        artifact="a", weight=1.0,
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="cannot use concepts"):
        run(imaginer, WISH.model_copy(update={"stack": (entry,)}), ticket)


def test_teaching_is_refused_with_what_to_do(other, imaginer, ticket):
    """The job fails with a sentence; drawing goes on."""
    runner = OtherRunner(other, imaginer, listener=None)
    lesson = TrainRequest(
        concept_id=1, name="xyz", class_noun="house", concept_kind=ConceptKind.SUBJECT,
        pictures=("a",), seed=1,
    )  # fmt: skip
    with pytest.raises(Conflict, match="takes no concepts"):
        next(runner.start(Run(1, 1, lesson), ticket))
    runner.advance()
    slices = runner.start(Run(1, 1, WISH), ticket)
    next(slices)


def test_a_worker_starts_with_it(other, tmp_path):
    """What was saved decides which runner is loaded; one imagine job at a time."""
    config = WorkerConfig(storage_url=f"file://{tmp_path}", model=other.name, device="cpu")
    ready = process._ready(process._load(config))
    assert (ready.family, ready.native_px, ready.imagine_jobs) == ("stablediffusion3", 16, 1)


def test_cancel_stops_between_steps(imaginer):
    """At the next step, not at the next picture."""
    told = []
    ticket = Ticket(1, 1, told.append, lambda: len(told) > 0, lambda: False)
    with pytest.raises(Stopped):
        run(imaginer, WISH.model_copy(update={"num_inference_steps": 20}), ticket)
    assert len(told) == 1
    assert told[0].progress.total == 40


def test_what_diffusers_does_not_know_is_refused(tmp_path):
    """A folder without a pipeline, and one with a pipeline of no text."""
    with pytest.raises(ModelFault, match="cannot be loaded"):
        load_other(str(tmp_path), device=CPU, dtype=torch.float32)
    (tmp_path / "model_index.json").write_text('{"_class_name": "DDPMPipeline"}')
    with pytest.raises(ModelFault, match="cannot be loaded"):
        load_other(str(tmp_path), device=CPU, dtype=torch.float32)
