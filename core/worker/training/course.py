"""A train job from its pictures to a concept version."""

import time
from collections.abc import Generator
from contextlib import closing, nullcontext

from PIL import Image

from core.dispatch.messages import Cancelled, Trained
from core.domain.concepts import ConceptKind
from core.domain.jobs import LEARNING, Progress
from core.domain.recipes import Method
from core.domain.requests import TrainRequest
from core.storage import Storage
from core.worker.artifact import Artifact
from core.worker.captioner import Captioner
from core.worker.formats.modelspec import stored
from core.worker.imagine import Imaginer
from core.worker.interrogator import Interrogator
from core.worker.loop import Slices
from core.worker.models import Base
from core.worker.samples import facts_of
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from core.worker.training import captions, checkpoint, company, kept, restyled
from core.worker.training.beforehand import Beforehand
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.dataset import (
    Example,
    encode_buckets,
    open_examples,
)
from core.worker.training.finished import PREVIEW_SEEDS, remember_steps, strip, trained
from core.worker.training.held_out import (
    LEVELS,
    LEVELS_OF_SHOWN,
    Yardstick,
    best_step,
    choice_of,
    course_of,
    gives_up,
    yardstick,
)
from core.worker.training.lesson import Lesson
from core.worker.training.material import Material
from core.worker.training.objective import Objective
from core.worker.training.optimizers import check_optimizer
from core.worker.training.parts import Bench
from core.worker.training.picked import made_of_step, put_by
from core.worker.training.presets import recipe_for
from core.worker.training.tools import Tools

Pause = Generator[None, None, None]


class Teacher:
    """Teaches concepts to the base model that it was given, one course a job."""

    def __init__(
        self,
        base: Base,
        stacks: Stacks,
        imaginer: Imaginer,
        storage: Storage,
        captioner: Captioner | None = None,
        interrogator: Interrogator | None = None,
    ) -> None:
        self._tools = Tools(base, stacks, imaginer, storage, captioner, interrogator)

    def run(self, request: TrainRequest, ticket: Ticket) -> Slices:
        """The slices of a train job: a step of plain pictures, one picture, or one optimizer step.

        One that is to end early ends with what it has learned, or as cancelled with nothing.

        Raises:
            UserError: a picture or a parent cannot be used.
            Stopped: the job was cancelled, or put down with a checkpoint.
        """
        if request.learned is not None:
            return (yield from made_of_step(self._tools, request, request.learned, ticket))
        return (yield from _Course(self._tools, request, ticket).slices())


class _Course:
    """One attempt of one train job."""

    def __init__(self, tools: Tools, request: TrainRequest, ticket: Ticket) -> None:
        self._of, self._request, self._ticket = tools, request, ticket
        base = tools.base
        self._recipe = recipe_for(request, base.family, device=base.device.type)
        self._judge = Objective(base.noise_config)
        self._saved = self._put_down() or Checkpoint()
        self._beforehand = Beforehand(
            tools, request, self._recipe, ticket, self._saved, save=self._put_away
        )
        self._preview: str | None = None
        self._has_learned = self._saved.step > 0
        self._since_s = time.perf_counter()

    def slices(self) -> Slices:
        """What other jobs do between two of them takes no time of this one's."""
        with closing(self._whole()) as work:
            while self._has_learned or not self._is_to_end():
                try:
                    next(work)
                except StopIteration as finished:
                    answer: Trained = finished.value
                    return answer
                self._count_time()
                yield
                self._since_s = time.perf_counter()
        return Cancelled(self._ticket.job_id, self._ticket.attempt)

    def _whole(self) -> Slices:
        check_optimizer(self._recipe, device=self._of.base.device.type)
        request = self._request
        examples = open_examples(self._of.storage, request.pictures, request.masks)
        pictures = [example.picture for example in examples]
        yield from self._beforehand.prepare(pictures, len(self._shown(examples)))
        yield from self._find_words([one.picture for one in self._shown(examples)])
        made = yield from self._taught(examples)
        return (yield from self._finished(made))

    def _put_down(self) -> Checkpoint | None:
        """Where an earlier attempt left off."""
        if self._ticket.checkpoint is None:
            return None
        return checkpoint.unpack(self._of.storage.get(self._ticket.checkpoint))

    def _find_words(self, pictures: list[Image.Image]) -> Pause:
        """Settles what the word begins as, where the recipe leaves it open."""
        yield from self._beforehand.find_words(pictures)
        if self._saved.begins_as:
            self._recipe = self._recipe.model_copy(update={"begins_as": self._saved.begins_as})

    def _taught(self, examples: list[Example]) -> Generator[None, None, str]:
        """Learns from start or checkpoint to end; the storage key of the artifact."""
        lesson = Lesson(self._bench())
        try:
            lesson.load(self._saved)
            measure = self._yardstick(examples, lesson)
            yield from self._learn(lesson, self._material(self._shown(examples), lesson), measure)
            return self._packed(lesson)
        finally:
            lesson.close()

    def _shown(self, examples: list[Example]) -> list[Example]:
        """What is learned from: all but the one that is held back, where one is."""
        return examples[:-1] if self._recipe.holds_out(len(examples)) else examples

    def _packed(self, lesson: Lesson) -> str:
        """The best checkpoint where that was measured, else what was learned in the end."""
        held_back = self._recipe.holds_out(len(self._request.pictures))
        choice = choice_of(self._saved.errors, held_back=held_back)
        self._recipe = self._recipe.model_copy(update={"choice": choice})
        if choice is not None:
            lesson.restore(self._saved.best)
        with nullcontext() if choice else lesson.averaged():
            return self._of.storage.put(self._artifact(lesson))

    def _artifact(self, lesson: Lesson) -> bytes:
        """What was learned, as a version is."""
        return stored(self._of.base, Artifact(**lesson.packed(), facts=self._facts()))

    def _yardstick(self, examples: list[Example], lesson: Lesson) -> Yardstick | None:
        """The last picture where there are enough; else all of them where words were found."""
        held = self._recipe.holds_out(len(examples))
        if not held and not self._saved.begins_as:
            return None
        of, measured = self._of, examples[-1:] if held else examples
        as_it_is = self._recipe.model_copy(update={"flips": False, "buckets": held})
        views = encode_buckets(of.base, measured, as_it_is)[0].views
        told = [said[0] for said in self._beforehand.told(lesson.wear())[-len(measured) :]]
        of.stacks.wear(self._request.parents, words_alone=True)
        plain = captions.plain_caption(self._request.concept_kind, self._request.class_noun)
        levels = LEVELS if held else LEVELS_OF_SHOWN
        return yardstick(of.base, self._judge, views, captions=told, plain=plain, levels=levels)

    def _bench(self) -> Bench:
        of, name = self._of, f"taught-{self._ticket.job_id}"
        return Bench(of.base, of.stacks, self._request, self._recipe, adapter=name)

    def _material(self, examples: list[Example], lesson: Lesson) -> Material:
        of, request, recipe = self._of, self._request, self._recipe
        speller = lesson.wear()
        beside = company.examples(of.storage, self._saved.company)
        shown = encode_buckets(of.base, [*examples, *beside], recipe)
        # A thing as often alone as in company, else what it looks like alone is learned too little.
        is_style = request.concept_kind is ConceptKind.STYLE
        to_one = restyled.TO_ONE if is_style else 1
        times = max(1, round(len(beside) / len(examples) / to_one))
        own = self._beforehand.told(speller)[: len(examples)]
        painted = [tuple(map(speller, said)) for *_, said in self._saved.company]
        wanted = kept.plans(request, recipe)
        made = kept.kept(of.base, of.stacks, of.storage, request, wanted, self._saved.prior)
        of_class = [one for plan, one in zip(wanted, made, strict=True) if not plan.parent]
        return Material(
            [bucket.repeated(len(examples), times) for bucket in shown],
            (*own, *painted),
            of_class[0] if of_class else None,
            tuple(one for plan, one in zip(wanted, made, strict=True) if plan.parent),
            caption_dropout=recipe.caption_dropout,
            live=lesson.teaches_text,
            spoken=None if lesson.teaches_words else {},
        )

    def _learn(self, lesson: Lesson, material: Material, by: Yardstick | None) -> Pause:
        recipe, saved = self._recipe, self._saved
        if lesson.step == 0:
            yield from self._show(lesson)
            if saved.begins_as:
                self._measure(lesson, by)
                self._put_by(lesson)
        while not self._is_through(lesson) and not (self._has_learned and self._is_to_end()):
            if self._ticket.is_draining():
                self._save(lesson)
            self._ticket.check()
            lesson.learn(material)
            self._has_learned = True
            yield from self._tell(lesson)
            if lesson.step % recipe.checkpoint_every == 0 or lesson.step == recipe.steps:
                self._reach(lesson, by)
            yield
        if not self._is_through(lesson):
            self._end_early(lesson, by)

    def _is_through(self, lesson: Lesson) -> bool:
        """All steps are taken, or nothing gets better by them."""
        recipe = self._recipe
        return lesson.step >= recipe.steps or gives_up(self._saved.errors, recipe.patience)

    def _is_to_end(self) -> bool:
        """A person wants what was learned so far, now or before an earlier attempt was lost."""
        return self._request.ends_early or self._ticket.ends_early()

    def _end_early(self, lesson: Lesson, by: Yardstick | None) -> None:
        """Makes the step that was reached the last one, measured as any last one is."""
        if lesson.step != self._saved.step:
            self._reach(lesson, by)
        self._recipe = self._recipe.model_copy(update={"ended_at": lesson.step})

    def _reach(self, lesson: Lesson, by: Yardstick | None) -> None:
        """All that is done at a checkpoint."""
        self._measure(lesson, by)
        self._put_by(lesson)
        self._save(lesson)

    def _put_by(self, lesson: Lesson) -> None:
        """Keeps this step for a person to choose. A whole UNet for each would fill the disk."""
        if self._recipe.method is not Method.DREAMBOOTH:
            with lesson.averaged():
                put_by(self._of.storage, self._saved.learned, lesson.step, self._artifact(lesson))

    def _measure(self, lesson: Lesson, by: Yardstick | None) -> None:
        """Notes what this checkpoint is worth, and keeps it if none was clearly better."""
        if by is None:
            return
        with lesson.averaged():
            lesson.wear()
            self._saved.errors[lesson.step] = by.error(self._of.base, self._judge)
            if best_step(self._saved.errors) == lesson.step:
                self._saved.best = lesson.copies()

    def _tell(self, lesson: Lesson) -> Pause:
        step, recipe = lesson.step, self._recipe
        if step % recipe.preview_every == 0 and step < recipe.steps:
            yield from self._show(lesson)
        self._ticket.progress(Progress(step, recipe.steps, LEARNING, self._preview))

    def _show(self, lesson: Lesson) -> Pause:
        """Draws the preview: the same seeds each time, first before anything is learned."""
        kind = self._request.concept_kind
        with lesson.averaged():
            pictures = yield from self._of.draw(
                self._caption, PREVIEW_SEEDS, kind, lesson.wear, on_step=_go_on
            )
        self._preview = self._of.keep(strip(pictures))
        self._saved.previews[lesson.step] = self._preview
        yield

    def _save(self, lesson: Lesson) -> None:
        lesson.save(self._saved)
        self._put_away()

    def _put_away(self) -> None:
        """Has a later attempt go on from here. Before the first step that is a small blob."""
        self._count_time()
        self._ticket.save(self._of.storage.put(checkpoint.pack(self._saved)))

    def _finished(self, made: str) -> Generator[None, None, Trained]:
        """The answer, behind the same seeds without and with the new version."""
        saved, recipe = self._saved, self._recipe
        answer = yield from trained(
            self._of,
            self._request,
            recipe,
            made,
            self._ticket,
            seconds=self._seconds,
            course=course_of(saved.errors, kept_step=recipe.kept_step),
            previews=saved.previews,
        )
        remember_steps(self._of, saved, answer)
        return answer

    def _facts(self) -> dict[str, object]:
        request = self._request
        return facts_of(request, self._of.base) | {
            "rank": self._recipe.rank,
            "targets": self._bench().targets,
            "recipe": self._recipe.model_dump(mode="json"),
            "says_noun": self._recipe.says_noun(request.class_noun),
            "parents": [parent.artifact for parent in request.parents],
            "captions": list(self._saved.captions),
        }

    @property
    def _caption(self) -> str:
        return captions.plain_caption(self._request.concept_kind, self._request.phrase)

    def _seconds(self) -> float:
        """All attempts together."""
        self._count_time()
        return self._saved.seconds

    def _count_time(self) -> None:
        now_s = time.perf_counter()
        self._saved.seconds += now_s - self._since_s
        self._since_s = now_s


def _go_on(_done: int, _total: int) -> None:
    """A preview is drawn to its end; the next step looks for stop signs."""
