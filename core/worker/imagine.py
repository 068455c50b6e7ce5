"""Imagine jobs: from a request to pictures with their manifests."""

import io
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from core.dispatch.messages import Imagined, MadeImage
from core.domain.drawing import SecondPass, StartImage
from core.domain.images import Manifest
from core.domain.jobs import Progress
from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.storage import Storage
from core.worker import sizes
from core.worker.aside import Aside
from core.worker.canvas import Canvas
from core.worker.controls import net_of
from core.worker.engine.draft import Draft
from core.worker.engine.studio import Studio
from core.worker.given import Given, Pictures
from core.worker.loop import Slices
from core.worker.models import Base
from core.worker.plain import Drawn, OnStep, PlainPath, scheduler_for
from core.worker.previews import Previews, Watch
from core.worker.samplers import possible_steps
from core.worker.setups import setup_of
from core.worker.stack import Speller, Stacks
from core.worker.ticket import Ticket
from core.worker.versions import library_versions

STEPS_MAX = 100
FIRST_PASS = "what the first pass drew"
"""In place of a storage key, for a request that is never stored."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One pass of a job: steps of the passes before it, and of those that follow."""

    before: int
    after: int

    def progress(self, done: int, total: int) -> Progress:
        """How far the whole job is when this pass is at `done` of `total`."""
        return Progress(self.before + done, self.before + total + self.after, "drawing")


class Imaginer:
    """Draws with the base model that it was given; with a studio, many requests at once."""

    def __init__(
        self,
        base: Base,
        stacks: Stacks,
        storage: Storage,
        studio: Studio | None = None,
        previews: Previews | None = None,
    ) -> None:
        self._base, self._stacks, self._storage = base, stacks, storage
        self._studio, self._previews = studio, previews
        self._plain, self._pictures = PlainPath(base), Pictures(base, storage)
        self._aside, self._versions = Aside(), library_versions()

    def slices(self, request: ImagineRequest, ticket: Ticket) -> Slices:
        """The slices of an imagine job: the first puts its images in, the others look at them.

        Raises:
            UserError: the request cannot be drawn as it is.
            Stopped: the job was cancelled on the way.
        """
        ticket.check()
        started_s = time.perf_counter()
        resolved = self.resolve(request)
        canvas = self._pictures.canvas(resolved)
        given = self._pictures.given(resolved, canvas)
        first, second = _passes(resolved)
        drawn, shared = yield from self._drawn(resolved, ticket, given, _Part(0, second))
        if resolved.hires is not None:
            larger = self._second_pass(resolved, resolved.hires)
            given = self._pictures.again(larger, _allowed(drawn))
            drawn, also = yield from self._drawn(larger, ticket, given, _Part(first, 0))
            shared = shared or also
        images = yield from self._aside.wait_for(
            lambda: self._files(resolved, _put_back(_allowed(drawn), canvas), shared=shared),
            meanwhile=self._busy,
        )
        return Imagined(ticket.job_id, ticket.attempt, images, time.perf_counter() - started_s)

    def run(self, request: ImagineRequest, ticket: Ticket) -> Imagined:
        """Does a whole job, with nothing in between."""
        slices = self.slices(request, ticket)
        while True:
            try:
                next(slices)
            except StopIteration as finished:
                made: Imagined = finished.value
                return made
            self.advance()

    def advance(self) -> None:
        """One step of every image that is on its way."""
        if self._studio is not None:
            self._studio.advance()

    def draws_in_batches(self, request: ImagineRequest) -> bool:
        """The engine draws it, with others; else the plain path does, at one go.

        Raises:
            UserError: it cannot be drawn.
        """
        setup = self.resolve(request).setup
        return setup is not None and not setup.plain

    @property
    def jobs_at_once(self) -> int:
        """How many imagine jobs it can have under way: half as many as images, for most ask for
        several.
        """
        return 1 if self._studio is None else max(1, self._studio.images // 2)

    def resolve(self, request: ImagineRequest) -> ImagineRequest:
        """The request with every open choice made; drawing it again gives the same pictures.

        Raises:
            InvalidInput: the sizes or the steps are beyond the model or the sampler.
            UserError: a concept of the stack does not fit the model.
        """
        family = self._base.family
        if request.control is not None:
            net_of(self._base.controls, request.control.kind)
        width_px, height_px = self._sides(request)
        steps = request.num_inference_steps or family.steps
        for strength in _strengths(request):
            steps = _enough_steps(steps, strength)
        steps = possible_steps(scheduler_for(self._base, request), steps)
        guidance = family.guidance_for(entry.kind for entry in request.stack)
        settled = request.model_copy(
            update={
                "num_inference_steps": steps,
                "guidance_scale": request.guidance_scale or guidance,
                "sampler": request.sampler or family.sampler,
                "width_px": width_px,
                "height_px": height_px,
            }
        )
        setup = setup_of(settled, self._base, self._studio)
        return settled.model_copy(update={"setup": setup})

    def draw(
        self, request: ImagineRequest, speller: Speller, *, on_step: OnStep
    ) -> list[Image.Image]:
        """Draws a resolved request on the plain path, with whatever the base model wears now."""
        canvas = self._pictures.canvas(request)
        given = self._pictures.given(request, canvas)
        drawn = self._plain.draw(request, speller, given=given, on_step=on_step)
        return _put_back(_allowed(drawn), canvas)

    def one_by_one(
        self, request: ImagineRequest, wear: Callable[[], Speller], *, on_step: OnStep
    ) -> Generator[None, None, list[Image.Image]]:
        """Draws an open request on the plain path; before each picture other jobs may go first.

        So `wear` puts on the base model what each is drawn with.
        """
        pictures: list[Image.Image] = []
        for seed in request.seeds:
            yield
            one = self.resolve(request.model_copy(update={"seeds": (seed,)}))
            pictures += self.draw(one, wear(), on_step=on_step)
        return pictures

    def _drawn(
        self, request: ImagineRequest, ticket: Ticket, given: Given, part: _Part
    ) -> Generator[None, None, tuple[Drawn, bool]]:
        """Draws a resolved request wherever it can be; whether others shared a batch with it."""
        plain = request.setup is not None and request.setup.plain
        if self._studio is None or plain or not self._studio.takes(request):
            return self._alone(request, ticket, given, part), False
        studio, watch = self._studio, None if self._previews is None else self._previews.watch
        drafts = yield from _together(studio, request, ticket, given, part, watch)
        drawn = yield from self._aside.wait_for(
            lambda: studio.pictures(drafts), meanwhile=self._busy
        )
        return drawn, any(draft.shared for draft in drafts)

    def _busy(self) -> bool:
        """Some pictures are on their way."""
        return self._studio is not None and self._studio.busy

    def _alone(self, request: ImagineRequest, ticket: Ticket, given: Given, part: _Part) -> Drawn:
        speller = self._stacks.wear(request.stack)

        def on_step(done: int, total: int) -> None:
            ticket.check()
            ticket.progress(part.progress(done, total))

        return self._plain.draw(request, speller, given=given, on_step=on_step)

    def _sides(self, request: ImagineRequest) -> tuple[int, int]:
        base, wanted = self._base, self._pictures.sides(request)
        width_px, height_px = (sizes.to_step(side, base.size_step_px) for side in wanted)
        most = request.hires.scale if request.hires else 1
        sizes.check_sides(round(most * width_px), round(most * height_px), native_px=base.native_px)
        return width_px, height_px

    def _second_pass(self, request: ImagineRequest, hires: SecondPass) -> ImagineRequest:
        """Image-to-image from what a resolved request drew, with the same seeds."""
        width_px, height_px = (
            sizes.to_step(hires.scale * (side or 0), self._base.size_step_px)
            for side in (request.width_px, request.height_px)
        )
        return request.model_copy(
            update={
                "start": StartImage(key=FIRST_PASS, strength=hires.strength),
                "hires": None,
                "width_px": width_px,
                "height_px": height_px,
            }
        )

    def _files(
        self, resolved: ImagineRequest, pictures: Sequence[Image.Image], *, shared: bool
    ) -> tuple[MadeImage, ...]:
        return tuple(
            self._keep(resolved, index, picture, shared=shared)
            for index, picture in enumerate(pictures)
        )

    def _keep(
        self, resolved: ImagineRequest, index: int, picture: Image.Image, *, shared: bool
    ) -> MadeImage:
        base = self._base
        manifest = Manifest(
            request=resolved,
            index=index,
            model=base.name,
            weights=base.weights,
            device=str(base.device),
            dtype=str(base.dtype).removeprefix("torch."),
            versions=self._versions,
            shared=shared,
        )
        return MadeImage(self._storage.put(png(picture)), *picture.size, manifest)


def png(picture: Image.Image) -> bytes:
    """A picture as the bytes of a PNG file; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _strengths(request: ImagineRequest) -> list[float]:
    """Of each pass that begins from a picture."""
    passes = (request.start, request.hires)
    return [each.strength for each in passes if each is not None]


def _passes(request: ImagineRequest) -> tuple[int, int]:
    """Steps of a resolved request's first pass and of its second one."""
    steps = request.num_inference_steps or 0
    first = steps if request.start is None else int(steps * request.start.strength)
    return first, int(steps * request.hires.strength) if request.hires else 0


def _enough_steps(steps: int, strength: float) -> int:
    """Steps of which at least one falls inside the strength."""
    needed = math.ceil(1 / strength)
    if needed > STEPS_MAX:
        raise InvalidInput(f"A strength of {strength} is too little to change the picture.")
    return max(steps, needed)


def _together(
    studio: Studio,
    request: ImagineRequest,
    ticket: Ticket,
    given: Given,
    part: _Part,
    watch: Callable[[Draft], Watch] | None,
) -> Generator[None, None, list[Draft]]:
    """Waits for a request's images among those of others."""
    alone = request.exact
    drafts = studio.admit(request, owner=ticket.job_id, alone=alone, given=given)
    total, first = drafts[0].steps, watch(drafts[0]) if watch else None
    try:
        while any(draft.picture is None for draft in drafts):
            yield
            ticket.check()
            _raise_fault(drafts)
            done = sum(draft.done for draft in drafts) // len(drafts)
            preview = first.look() if first else None
            ticket.progress(replace(part.progress(done, total), preview=preview))
        return drafts
    finally:
        studio.withdraw(drafts)


def _raise_fault(drafts: Sequence[Draft]) -> None:
    """What the engine says of images that it could not make ends their own job."""
    for draft in drafts:
        if draft.fault is not None:
            raise draft.fault


def _put_back(made: Sequence[Image.Image], canvas: Canvas | None) -> list[Image.Image]:
    """What lies outside a mask stays as it was."""
    return [canvas.put_back(picture) if canvas else picture for picture in made]


def _allowed(drawn: Drawn) -> list[Image.Image]:
    """The pictures, unless the checkpoint's own safety checker blacked out every one."""
    pictures, flags = drawn
    if all(flags):
        raise InvalidInput("The model's safety checker held the pictures back; ask differently.")
    return pictures
