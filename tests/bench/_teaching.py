"""Concepts taught once and kept, and images drawn with them: what the benchmarks of concepts share.

What was found is kept in `build/concepts` under a name that stands for all that decides it but the
code: the embedded weights, device and dtype, the pictures, the recipe, what lies underneath.
Several processes may fill the folder at once, and a run that was broken off goes on where it was;
remove the folder's `notes` to measure anew after a change of the code.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from core.dispatch.messages import Checkpointed, Progressed, Trained
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import COUNT_MAX, Stacking
from core.domain.recipes import Preset, Recipe, Value
from core.domain.requests import ImagineRequest, TrainRequest
from core.pocket.concepts import PocketConcept, pictures, shows
from core.pocket.judge import Judge, Reading
from core.pocket.paths import clip_path, diffusion_path, judge_path
from core.storage import Storage, write_atomically
from core.worker import latents
from core.worker.device import make_deterministic, resolve_device, resolve_dtype
from core.worker.engine.decoder import Decoder
from core.worker.engine.studio import Studio
from core.worker.evaluation.encoder import Scorer
from core.worker.given import NOTHING
from core.worker.imagine import Imaginer, png
from core.worker.interrogator import Interrogator
from core.worker.loop import Slices
from core.worker.models import load_base
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from core.worker.training import checkpoint
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.course import Teacher
from core.worker.training.lesson import Lesson
from core.worker.training.parts import Bench
from core.worker.training.presets import recipe_for
from tests.bench._concepts import BY_NAME
from tests.small_pocket import with_small_unet

FOLDER = Path("build/concepts")
FIRST_SEED = 100
PICTURES = 5
TINY = (2, 2, 2)
"""Concepts, seeds and steps that take seconds; their figures mean nothing."""
QUICKLY = {
    "prior_pictures": 2,
    "replay_pictures": 2,
    "company": 1,
    "batch": 2,
    "checkpoint_every": 1,
    "hold_out_from": 2,
    "words_first": False,
}
"""Settings under which a course takes a second and teaches nothing, with as many pictures."""


@dataclass(frozen=True, slots=True)
class Course:
    """One concept and how it is taught."""

    name: str
    preset: Preset | None = None
    """None: the usual one."""
    steps: int | None = None
    """None: the recipe's own number."""
    pictures: int = PICTURES
    settings: tuple[tuple[str, Value], ...] = ()
    parents: tuple[StackEntry, ...] = ()
    goes_on: str | None = None
    """Storage key of the artifact whose adapter learns on; the word is a new one."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What came of a course."""

    artifact: str
    process_s: float
    """Of the processor; plain pictures of the class are not in it, since they are drawn once."""
    size_bytes: int
    step: int | None
    """Which was kept by the picture that was held back; None: the last."""
    checkpoints: tuple[str, ...]
    """Storage keys, in their order."""


class Workshop:
    """The embedded model with all that teaches it, draws with it and judges what was drawn."""

    def __init__(
        self,
        folder: Path = FOLDER,
        *,
        tiny: bool = False,
        device: str = "cpu",
        dtype: str = "auto",
    ) -> None:
        make_deterministic(1)
        where = resolve_device(device)
        base = load_base("pocket", device=where, dtype=resolve_dtype(dtype, where))
        if tiny:
            base = with_small_unet(replace(base, family=replace(base.family, steps=2)))
        self.folder, self.base, self.tiny = folder, base, tiny
        self.storage = Storage(f"file://{folder.resolve()}/blobs")
        self.stacks = Stacks(base, self.storage)
        self._studio = Studio(base, self.stacks, images=16, adapter_bytes=2**28)
        self._imaginer = Imaginer(base, self.stacks, self.storage, self._studio)
        scorer, sights = Scorer("pocket", device=where), base.family.sights
        self._tells = Interrogator(scorer, sights) if sights else None
        self._judge = Judge.load(judge_path())
        self._learners = _hashed(diffusion_path())
        self._judges = f"{_hashed(judge_path())} {_hashed(clip_path())}"

    def request(self, course: Course) -> TrainRequest:
        """The job of a course, with the whole recipe in it."""
        concept, settings = BY_NAME[course.name], dict(course.settings)
        number = list(BY_NAME).index(course.name) + 1
        request = TrainRequest(
            concept_id=number,
            name=course.name,
            class_noun=concept.class_noun,
            concept_kind=ConceptKind.SUBJECT,
            pictures=tuple(self.storage.put(png(one)) for one in self.shown(course)),
            preset=course.preset,
            steps=course.steps or (TINY[2] if self.tiny else None),
            settings=settings | QUICKLY if self.tiny else settings,
            parents=course.parents,
            seed=number,
        )
        return self.in_full(request)

    def in_full(self, request: TrainRequest) -> TrainRequest:
        """The same with the whole recipe in it."""
        recipe = recipe_for(request, self.base.family, device=self.base.device.type)
        whole = {"recipe": recipe, "preset": recipe.preset, "steps": None, "settings": {}}
        return request.model_copy(update=whole)

    def shown(self, course: Course) -> list[Image.Image]:
        """The pictures that a concept is taught from."""
        return pictures(
            BY_NAME[course.name], QUICKLY["hold_out_from"] if self.tiny else course.pictures
        )

    def taught(self, course: Course) -> Taught:
        """What a course gave, now or earlier."""
        return self.learned(self.request(course), goes_on=course.goes_on)

    def learned(
        self, request: TrainRequest, *, goes_on: str | None = None, told: bool = True
    ) -> Taught:
        """What a job gave; where it is not `told`, nobody says what a style's pictures show."""
        decides = (request.model_dump_json(), str(goes_on), *(() if told else ("untold",)))
        made = self.remembered(
            f"taught {request.name} {request.preset}",
            *decides,
            make=lambda: asdict(self._teach(request, goes_on, told=told)),
            judged=False,
        )
        return Taught(**made | {"checkpoints": tuple(made["checkpoints"])})

    def entry(self, name: str, artifact: str) -> StackEntry:
        """A version of a concept in a stack, at full weight."""
        number = list(BY_NAME).index(name) + 1
        return StackEntry(
            concept_id=number,
            version_id=number,
            name=name,
            class_noun=BY_NAME[name].class_noun,
            kind=ConceptKind.SUBJECT,
            artifact=artifact,
        )

    def draw(
        self,
        prompt: str,
        count: int,
        stack: Sequence[StackEntry] = (),
        *,
        stacking: Stacking = Stacking.SUM,
        confined: bool = True,
    ) -> list[Image.Image]:
        """One image for each of the first `count` seeds; the same seeds every time.

        Where it is not `confined`, what the prompt tells of places is left to the base model.
        """
        wish = ImagineRequest(prompt=prompt, seeds=(0,), stack=tuple(stack), stacking=stacking)
        resolved, seeds = self._imaginer.resolve(wish), range(FIRST_SEED, FIRST_SEED + count)
        if resolved.setup is not None and not confined:
            free = resolved.setup.model_copy(update={"places": {}})
            resolved = resolved.model_copy(update={"setup": free})
        if self._studio.takes(resolved):
            return self._together(resolved, seeds)
        return self._a_few_each(resolved, seeds)

    def through_vae(self, images: Sequence[Image.Image]) -> list[Image.Image]:
        """What the model's VAE keeps of images of one size: nothing drawn can be nearer to them."""
        pipe = self.base.pipe
        decoder = Decoder(pipe.vae, pixels_a_latent=pipe.vae_scale_factor)
        with torch.no_grad():
            kept = decoder.pictures(latents.encode(self.base, images))
        pictures: list[Image.Image] = pipe.image_processor.postprocess(kept, output_type="pil")
        return pictures

    def read(
        self, images: Sequence[Image.Image], concepts: Sequence[PocketConcept]
    ) -> list[list[bool]]:
        """For each concept, in which images the judge reads its whole look."""
        readings = self.judge(images)
        return [[shows(reading, concept) for reading in readings] for concept in concepts]

    def judge(self, images: Sequence[Image.Image]) -> list[Reading]:
        """What the independent classifier reads in each image."""
        return self._judge.read(images)

    def remembered(
        self, label: str, *decides: str, make: Callable[[], Any], judged: bool = True
    ) -> Any:
        """What `make` gives, as JSON keeps it; made once for a label and all that decides it.

        Without `judged` it is the same whatever the judge and the CLIP are.
        """
        where = [str(self.base.device), str(self.base.dtype)]
        judges = self._judges if judged else ""
        told = json.dumps([self._learners, judges, self.tiny, where, decides])
        name = f"{label} {hashlib.sha256(told.encode()).hexdigest()[:16]}.json"
        place = self.folder / "notes" / name.replace(" ", "-")
        if not place.exists():
            write_atomically(place, json.dumps(make(), indent=1).encode())
        return json.loads(place.read_text())

    def _teach(self, request: TrainRequest, goes_on: str | None, *, told: bool) -> Taught:
        print(f"teaching <{request.name}> by {request.preset}", flush=True)
        watch, tells = _Watch(), self._tells if told else None
        begins = self._begun(request, goes_on) if goes_on else None
        teacher = Teacher(self.base, self.stacks, self._imaginer, self.storage, None, tells)
        ticket = Ticket(1, 1, watch.hear, _never, _never, checkpoint=begins)
        trained = _finished(teacher.run(request, ticket))
        return Taught(
            artifact=trained.artifact,
            process_s=watch.process_s,
            size_bytes=len(self.storage.get(trained.artifact)),
            step=trained.recipe.choice.step if trained.recipe.choice else None,
            checkpoints=tuple(filter(self._has_learned, watch.checkpoints)),
        )

    def _has_learned(self, key: str) -> bool:
        """A checkpoint is of a step, not of what is made before the first."""
        return checkpoint.unpack(self.storage.get(key)).step > 0

    def _begun(self, request: TrainRequest, before: str) -> str:
        """The storage key of a checkpoint before the first step, with an adapter from before."""
        lora = self.stacks.artifact(before).lora
        recipe, saved = request.recipe or Recipe(), Checkpoint()
        lesson = Lesson(Bench(self.base, self.stacks, request, recipe, adapter="goes-on"))
        try:
            lesson.restore(lesson.copies() | {"adapter": dict(lora)})
            lesson.save(saved)
            return self.storage.put(checkpoint.pack(saved))
        finally:
            lesson.close()

    def _together(self, resolved: ImagineRequest, seeds: Sequence[int]) -> list[Image.Image]:
        drafts = [
            draft
            for seed in seeds
            for draft in self._studio.admit(
                resolved.model_copy(update={"seeds": (seed,)}),
                owner=seed,
                alone=False,
                given=NOTHING,
            )
        ]
        while any(draft.picture is None for draft in drafts):
            self._studio.advance()
        return self._studio.pictures(drafts)[0]

    def _a_few_each(self, resolved: ImagineRequest, seeds: Sequence[int]) -> list[Image.Image]:
        """What changes more than an adapter and a word do is not for the engine."""
        drawn: list[Image.Image] = []
        for first in range(0, len(seeds), COUNT_MAX):
            some = resolved.model_copy(update={"seeds": tuple(seeds[first : first + COUNT_MAX])})
            speller = self.stacks.wear(resolved.stack)
            drawn += self._imaginer.draw(some, speller, on_step=lambda *_: None)
        self.stacks.wear(())
        return drawn


class _Watch:
    """Counts the processor's time of a course from its first step on, and keeps its checkpoints."""

    def __init__(self) -> None:
        self.checkpoints: list[str] = []
        self._began_s = time.process_time()

    def hear(self, message: object) -> None:
        """What a job says on its way."""
        if isinstance(message, Checkpointed):
            self.checkpoints.append(message.key)
        elif isinstance(message, Progressed) and message.progress.note.startswith("drawing plain"):
            self._began_s = time.process_time()

    @property
    def process_s(self) -> float:
        """Since then."""
        return time.process_time() - self._began_s


def mine(units: Sequence[Any], part: str | None) -> list[Any]:
    """The units of work of one process of several: `2/3` is the second of three.

    Raises:
        ValueError: there is no such part.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", part or "1/1")
    index, count = map(int, found.groups()) if found else (0, 0)
    if not 1 <= index <= count:
        raise ValueError(f"a part is written as 1/2, not {part}")
    return list(units[index - 1 :: count])


def _finished(slices: Slices) -> Trained:
    while True:
        try:
            next(slices)
        except StopIteration as ended:
            trained: Trained = ended.value
            return trained


def _hashed(place: Path) -> str:
    """SHA-256 over the weights in a file or folder."""
    files = [place] if place.is_file() else sorted(place.rglob("*.safetensors"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _never() -> bool:
    return False
