"""What a course has made before anything is learned: captions, plain pictures, and company.

Each piece is in the checkpoint as soon as it is made, and whoever asked for it saves that between
two pieces, so a course that is put down or killed loses one at most.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from PIL import Image

from core.domain.jobs import Progress
from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.worker.ticket import Ticket
from core.worker.training import captions, company, kept
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.company import Painted, Scene
from core.worker.training.tools import Tools


@dataclass(frozen=True, slots=True)
class Beforehand:
    """Fills the checkpoint of one course; between two pieces other jobs may go first."""

    tools: Tools
    request: TrainRequest
    recipe: Recipe
    ticket: Ticket
    saved: Checkpoint

    def prepare(self, pictures: Sequence[Image.Image], shown: int) -> Iterator[None]:
        """All of it, as far as it is not there; the first `shown` of the pictures are learned."""
        yield from self._describe(pictures)
        yield from self._draw_prior()
        yield from self._draw_company(pictures[:shown])

    def said(self) -> tuple[str, ...]:
        """What the person says of each picture, else a captioner, else nothing."""
        said = zip_longest(self._typed(), self.saved.captions, fillvalue="")
        return tuple(typed or told for typed, told in said)

    def _typed(self) -> tuple[str, ...]:
        return self.request.captions or ("",) * len(self.request.pictures)

    def _describe(self, pictures: Sequence[Image.Image]) -> Iterator[None]:
        """Has pictures described of which nobody said anything, from the first that is left."""
        saved, captioner = self.saved, self.tools.captioner
        silent = [index for index, typed in enumerate(self._typed()) if not typed]
        left = [index for index in silent if index >= len(saved.captions)]
        if captioner is None or not left or saved.random is not None:
            return
        spoken = captioner.describe([pictures[index] for index in left])
        done = len(silent) - len(left)
        for count, (index, text) in enumerate(zip(left, spoken, strict=True), start=done + 1):
            told = captions.told_caption(self.request.phrase, self.request.class_noun, text)
            saved.captions += [""] * (index - len(saved.captions)) + [told]
            self._tell(f"describing pictures: {count} of {len(silent)}")
            yield
            self.ticket.check()

    def _draw_prior(self) -> Iterator[None]:
        """Draws what must be kept with what lies underneath, unless it was drawn before."""
        storage, saved = self.tools.storage, self.saved
        wanted = kept.plans(self.request, self.recipe)
        total = sum(plan.pictures for plan in wanted)
        name = kept.name_of(self.tools.base, self.request, wanted)
        known = saved.prior or kept.recalled(storage, name)
        saved.prior = known[:total]
        for keys in kept.draw_all(wanted, saved.prior, self._draw_plain):
            saved.prior = keys
            self._tell(f"drawing plain pictures to compare with: {len(keys)} of {total}")
            yield
        kept.remember(storage, name, saved.prior)

    def _draw_plain(self, prompt: str, seeds: tuple[int, ...]) -> list[str]:
        speller = self.tools.stacks.wear(self.request.parents)
        drawn = self.tools.draw(prompt, seeds, speller, on_step=self._check)
        return [self.tools.keep(picture) for picture in drawn]

    def _draw_company(self, pictures: Sequence[Image.Image]) -> Iterator[None]:
        """Has the base model paint something else beside the subject, where it is a thing."""
        request, saved, total = self.request, self.saved, self.recipe.company
        done = len(saved.company)
        if saved.random is not None or done >= total or not company.wanted(request, self.recipe):
            return
        self.tools.stacks.wear(request.parents)
        sitters = company.sitters(self.tools.base, pictures, request.class_noun)
        for scene in islice(company.scenes(total, sitters, seed=request.seed), done, None):
            saved.company.append(self._painted(scene))
            self._tell(f"drawing it beside other things: {len(saved.company)} of {total}")
            yield

    def _painted(self, scene: Scene) -> Painted:
        """The picture drawn, and what is to be learned of it."""
        tools, side_px = self.tools, self.tools.base.native_px
        (drawn,) = tools.draw(
            scene.said(self.request.class_noun)[0],
            (scene.seed,),
            tools.stacks.wear(self.request.parents),
            on_step=self._check,
            start=tools.keep(scene.canvas(side_px)),
        )
        mask = tools.keep(scene.mask(side_px))
        return tools.keep(drawn), mask, scene.said(self.request.phrase)

    def _tell(self, note: str) -> None:
        self.ticket.progress(Progress(0, self.recipe.steps, note))

    def _check(self, _done: int, _total: int) -> None:
        self.ticket.check()
