"""What a course has before anything is learned: captions, words, plain pictures, and company.

Each piece is saved in the checkpoint as soon as it is made, so a course that is put down or killed
loses one batch of pictures at most.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from PIL import Image
from torch import Tensor

from core.domain.concepts import ConceptKind, StackEntry, is_place, token_of
from core.domain.drawing import StartImage
from core.domain.jobs import Progress
from core.domain.recipes import Recipe
from core.domain.requests import ImagineRequest, TrainRequest
from core.worker.captioner import Captioner
from core.worker.families import Looks
from core.worker.interrogator import Interrogator
from core.worker.stack import Speller
from core.worker.ticket import Ticket
from core.worker.training import captions, company, drawn_once, kept, restyled
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.company import Painted, Scene
from core.worker.training.dataset import encode_whole, open_pictures
from core.worker.training.drawn_once import Wish
from core.worker.training.manner import Manner
from core.worker.training.surroundings import likeliest
from core.worker.training.tools import Tools
from core.worker.training.wording import Likelihood, found
from core.worker.within import drawn_together

AT_ONCE = 4
"""Pictures in company that are drawn in one batch, and lost if the course is put down there."""
CAPTIONS_AT_ONCE = 2
"""Of plain pictures, likewise."""
RESTYLED_AT_ONCE = 8
"""Pictures of other things in a style, likewise."""
TOLD_AGAIN = 4
"""Times at most that a style's pictures are told again without it, while that says anything new."""


@dataclass(frozen=True, slots=True)
class Beforehand:
    """Fills the checkpoint of one course; between two pieces other jobs may go first."""

    tools: Tools
    request: TrainRequest
    recipe: Recipe
    ticket: Ticket
    saved: Checkpoint
    save: Callable[[], None]
    """Has a later attempt go on from what is in the checkpoint now."""

    def prepare(self, pictures: Sequence[Image.Image], shown: int) -> Iterator[None]:
        """All of it, as far as it is not there; the first `shown` of the pictures are learned."""
        yield from self._describe(pictures)
        self._look_around(pictures)
        yield from self._draw_prior()
        yield from self._draw_company(pictures[:shown])
        yield from self._draw_restyled(pictures, shown)

    def told(self, speller: Speller) -> list[tuple[str, ...]]:
        """What is said of each picture: by the person, else by a captioner or a CLIP, else by the
        base model, which knows what is around the subject.
        """
        return [tuple(map(speller, self._captions(*each))) for each in self._said()]

    def _said(self) -> list[tuple[str, str]]:
        """What is around the subject in each picture, and what a person or a model said of it."""
        said = zip_longest(self._typed(), self.saved.captions, fillvalue="")
        each = zip(self._around(), said, strict=True)
        return [(around, typed or captioned) for around, (typed, captioned) in each]

    def _captions(self, around: str, said: str) -> tuple[str, ...]:
        request = self.request
        if said:
            return (self._named(said),)
        return captions.captions(request.concept_kind, request.phrase, around)

    @property
    def _taught(self) -> tuple[ConceptKind, str]:
        """Of what kind it is, and what it is called."""
        return self.request.concept_kind, self.request.phrase

    def _typed(self) -> tuple[str, ...]:
        return self.request.captions or ("",) * len(self.request.pictures)

    def _describe(self, pictures: Sequence[Image.Image]) -> Iterator[None]:
        """Has pictures described of which nobody said anything, from the first that is left."""
        saved, teller, silent = self.saved, self._teller(), self._silent()
        left = [index for index in silent if index >= len(saved.captions)]
        if teller is None or not left or saved.random is not None:
            return
        spoken = teller.describe([pictures[index] for index in left])
        done = len(silent) - len(left)
        for count, (index, text) in enumerate(zip(left, spoken, strict=True), start=done + 1):
            saved.captions += [""] * (index - len(saved.captions)) + [self._told_by(text)]
            self._tell(f"describing pictures: {count} of {len(silent)}")
            self.save()
            yield
            self.ticket.check()

    def _silent(self) -> list[int]:
        """The pictures of which nobody said anything."""
        return [index for index, typed in enumerate(self._typed()) if not typed]

    def _told_by(self, text: str) -> str:
        """What a captioner or a CLIP said of a picture, with what is taught named in it."""
        return captions.told_caption(*self._taught, self.request.class_noun, text)

    def _teller(self) -> Captioner | Interrogator | None:
        """Who speaks where nobody did: what is in a style's pictures has to be said by someone."""
        is_style = self.request.concept_kind is ConceptKind.STYLE
        return self.tools.captioner or (self.tools.interrogator if is_style else None)

    def find_words(self, pictures: Sequence[Image.Image]) -> Iterator[None]:
        """Looks for words for what the pictures show, where the recipe wants that; after `prepare`.

        Between two of the many tries other jobs may go first; only the outcome is kept.
        """
        request, saved, looks = self.request, self.saved, self._looks()
        wanted = self.recipe.words_first and not self.recipe.begins_as
        if not wanted or not looks or saved.begins_as is not None or saved.random is not None:
            return
        self._tell("finding words for what the pictures show")
        clean, around = self._encoded(pictures), self._around()[: len(pictures)]
        likelihood = Likelihood(
            self.tools.base, clean, around, request.concept_kind, before=self._look_again
        )
        words = yield from found(request.class_noun, looks, likelihood)
        saved.begins_as = str(words) if words.said else ""
        self.save()

    def _around(self) -> list[str]:
        """What surrounds the subject in each picture."""
        known = captions.surroundings(self.request.concept_kind, self.request.class_noun)
        return [known[index] for index in self.saved.where]

    def _looks(self) -> Looks:
        family, noun = self.tools.base.family, self.request.class_noun
        if self.request.concept_kind is not ConceptKind.SUBJECT:
            return ()
        return family.looks_of_places if is_place(noun) else family.looks_of_things

    def _look_around(self, pictures: Sequence[Image.Image]) -> None:
        """Has the base model say where each picture was taken."""
        if self.saved.where:
            return
        self._look_again()
        nouns = captions.class_captions(self.request.concept_kind, self.request.class_noun)
        self.saved.where = likeliest(self.tools.base, self._encoded(pictures), nouns)

    def _encoded(self, pictures: Sequence[Image.Image]) -> list[Tensor]:
        return list(encode_whole(self.tools.base, pictures, flips=False).clean)

    def _look_again(self) -> None:
        """With nothing on the base model: another job may have gone first."""
        self.ticket.check()
        self.tools.stacks.wear(())

    def _draw_prior(self) -> Iterator[None]:
        """Draws what must be kept, each of what lies underneath by itself."""
        saved, wanted = self.saved, kept.plans(self.request, self.recipe)
        total = sum(plan.pictures for plan in wanted)
        for plan, wishes in kept.left(wanted, len(saved.prior)):
            for first in range(0, len(wishes), CAPTIONS_AT_ONCE):
                some = wishes[first : first + CAPTIONS_AT_ONCE]
                saved.prior = [*saved.prior, *(yield from self._draw_plain(some, plan.stack))]
                self._tell(f"drawing plain pictures to compare with: {len(saved.prior)} of {total}")
                self.save()
                yield

    def _draw_plain(
        self, wishes: Sequence[Wish], stack: tuple[StackEntry, ...] = ()
    ) -> Generator[None, None, list[str]]:
        """Storage keys of pictures; those of an earlier course where they are still there."""
        tools = self.tools
        name = drawn_once.name_of(tools.base, stack, wishes)
        keys = drawn_once.recalled(tools.storage, name)
        if keys:
            return keys
        asked = [tools.in_brief(said, seeds, stack) for said, seeds in wishes]
        drawn = yield from drawn_together(tools.imaginer, asked, self.ticket)
        keys = [image.key for imagined in drawn for image in imagined.images]
        drawn_once.remember(tools.storage, name, keys)
        return keys

    def _draw_company(self, pictures: Sequence[Image.Image]) -> Iterator[None]:
        """Has the base model paint something else beside the subject, where it is a thing."""
        request, saved, total = self.request, self.saved, self.recipe.company
        done = len(saved.company)
        if saved.random is not None or done >= total or not company.wanted(request, self.recipe):
            return
        self._look_again()
        noun, around = request.class_noun, self._around()[: len(pictures)]
        sitters = company.sitters(self.tools.base, pictures, noun, around)
        scenes = company.scenes(total, sitters, seed=self.recipe.seed_or(request.seed))
        for start in range(done, len(scenes), AT_ONCE):
            saved.company += yield from self._painted(scenes[start : start + AT_ONCE])
            self._tell(f"drawing it beside other things: {len(saved.company)} of {total}")
            self.save()
            yield

    def _draw_restyled(self, pictures: Sequence[Image.Image], shown: int) -> Iterator[None]:
        """Has the base model draw other things, and gives them a style's colours and strokes."""
        request, saved, total = self.request, self.saved, self.recipe.company
        done = len(saved.company)
        if saved.random is not None or done >= total or not restyled.wanted(request, self.recipe):
            return
        manner = yield from self._manner(pictures, shown)
        wishes = restyled.other_things(total, self.tools.base.family.sights)
        for start in range(done, total, RESTYLED_AT_ONCE):
            some = wishes[start : start + RESTYLED_AT_ONCE]
            drawn = yield from self._draw_plain(some)
            plain = open_pictures(self.tools.storage, drawn)
            saved.company += [
                (self.tools.keep(manner.over(picture, which)), "", (self._named(said),))
                for which, (picture, (said, _)) in enumerate(zip(plain, some, strict=True), start)
            ]
            self._tell(f"drawing other things in the style: {len(saved.company)} of {total}")
            self.save()
            yield

    def _manner(self, pictures: Sequence[Image.Image], shown: int) -> Generator[None, None, Manner]:
        """What the style does to pictures; not kept, a later attempt finds the same again.

        Once that is known, the pictures are told again without it: under a style a CLIP takes a
        red house for a city, and what is then drawn in its place tells the style wrongly.
        """
        styled = restyled.compared(pictures[:shown])
        plain = yield from self._without_style(len(styled))
        for _ in range(0 if self.saved.company else TOLD_AGAIN):
            if not (yield from self._tells_otherwise(pictures, Manner.agreed(plain, styled))):
                break
            plain = yield from self._without_style(len(styled))
        return Manner.between(plain, styled)

    def _without_style(self, count: int) -> Generator[None, None, list[Image.Image]]:
        """What the first of the style's pictures show without it, by what is said of them now."""
        self._tell("drawing what its pictures show without the style")
        said = [self._captions(*each)[0] for each in self._said()[:count]]
        shown = [captions.without_style(one, self.request.phrase) for one in said]
        wishes, keys = restyled.without_style(shown), list[str]()
        for start in range(0, len(wishes), RESTYLED_AT_ONCE):
            keys += yield from self._draw_plain(wishes[start : start + RESTYLED_AT_ONCE])
            yield
        return open_pictures(self.tools.storage, keys)

    def _tells_otherwise(
        self, pictures: Sequence[Image.Image], manner: Manner
    ) -> Generator[None, None, bool]:
        """Has those of which nobody said anything described without the style, one a slice."""
        teller, silent, before = self._teller(), self._silent(), list(self.saved.captions)
        if teller is None or not silent:
            return False
        bare = [manner.off(pictures[index]) for index in silent]
        for index, text in zip(silent, teller.describe(bare), strict=True):
            self.saved.captions[index] = self._told_by(text)
            yield
            self.ticket.check()
        self.save()
        return self.saved.captions != before

    def _named(self, said: str) -> str:
        """What is taught, named in what was said."""
        return captions.typed_caption(*self._taught, token_of(self.request.name), said)

    def _painted(self, scenes: Sequence[Scene]) -> Generator[None, None, list[Painted]]:
        """The pictures drawn, and what is to be learned of each."""
        tools, request, side_px = self.tools, self.request, self.tools.base.native_px
        wishes = [
            ImagineRequest(
                prompt=scene.said(request.class_noun)[0],
                seeds=(scene.seed,),
                start=StartImage(key=tools.keep(scene.canvas(side_px)), strength=1),
            )
            for scene in scenes
        ]
        drawn = yield from drawn_together(tools.imaginer, wishes, self.ticket)
        return [
            (made.images[0].key, tools.keep(scene.mask(side_px)), scene.said(request.phrase))
            for made, scene in zip(drawn, scenes, strict=True)
        ]

    def _tell(self, note: str) -> None:
        self.ticket.progress(Progress(0, self.recipe.steps, note))
