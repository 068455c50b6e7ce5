"""Model families beyond Stable Diffusion 1.x, 2.x and SDXL, drawn as diffusers' own pipelines do.

They draw from words alone, one picture after the other; concepts, and all that the engine does, are
not for them.
"""

import inspect
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers import AutoPipelineForText2Image, DiffusionPipeline
from PIL import Image

from core.dispatch.messages import Imagined, MadeImage, Run
from core.domain.images import Manifest
from core.domain.jobs import Progress
from core.domain.requests import ImagineRequest, TranscribeRequest
from core.errors import Conflict, InvalidInput, ModelFault
from core.storage import Storage
from core.worker import sizes
from core.worker.imagine import png
from core.worker.loop import Slices
from core.worker.models import local_folder
from core.worker.speech import Listener
from core.worker.ticket import Ticket
from core.worker.versions import library_versions
from core.worker.weights import weights_of

DRAWS_ONLY = (
    "The model that I run on takes no concepts, so nothing can be taught, imported or judged with "
    "it. Whoever runs me can set a Stable Diffusion 1.x, 2.x or SDXL model for that."
)
STEPS, GUIDANCE = 28, 4.5
"""Where a pipeline names no default."""


@dataclass(frozen=True, slots=True)
class OtherFamily:
    """All that is known of it."""

    name: str


@dataclass(frozen=True, slots=True)
class OtherBase:
    """A loaded model of another family."""

    name: str
    family: OtherFamily
    pipe: Any
    device: torch.device
    dtype: torch.dtype

    @property
    def weights(self) -> str:
        """SHA-256 of the files of what draws; empty where it did not come from files."""
        return weights_of(getattr(self.pipe, "transformer", None) or self.pipe.unet)

    @property
    def native_px(self) -> int:
        """The side of the square that it was trained on."""
        return int(self.pipe.default_sample_size * self.pipe.vae_scale_factor)

    @property
    def size_step_px(self) -> int:
        """Sides are a multiple of it: two cells of the latents are one patch."""
        return 2 * int(self.pipe.vae_scale_factor)

    def takes(self, option: str) -> bool:
        """Its pipeline has that option."""
        return option in self._options

    def usual(self, option: str, otherwise: float) -> float:
        """The pipeline's own default."""
        known = self._options.get(option)
        return known.default if known and known.default else otherwise

    @property
    def _options(self) -> Any:
        return inspect.signature(self.pipe.__call__).parameters


def load_other(name: str, *, device: torch.device, dtype: torch.dtype) -> OtherBase:
    """Loads whatever draws from text, from safetensors files.

    Raises:
        ModelFault: diffusers knows no such pipeline, or it cannot be loaded.
    """
    source = local_folder(name, pocket=None)
    try:
        parts = DiffusionPipeline.load_config(source or name).items()
        left_out = {part: None for part, kind in parts if kind == [None, None]}
        pipe = AutoPipelineForText2Image.from_pretrained(
            source or name, dtype=dtype, use_safetensors=True, **left_out
        )
    except (OSError, ValueError) as error:
        raise ModelFault(f"The model {name} cannot be loaded: {error}") from error
    if not hasattr(pipe, "default_sample_size") or not hasattr(pipe, "vae_scale_factor"):
        raise ModelFault(f"The model {name} is a {type(pipe).__name__}, which I cannot draw with.")
    pipe.set_progress_bar_config(disable=True)
    pipe.to(device)
    family = OtherFamily(type(pipe).__name__.removesuffix("Pipeline").lower())
    return OtherBase(name, family, pipe, device, dtype)


class OtherImaginer:
    """Imagine jobs on such a model; every slice is one picture."""

    jobs_at_once = 1

    def __init__(self, base: OtherBase, storage: Storage) -> None:
        self._base, self._storage = base, storage
        self._versions = library_versions()

    def slices(self, request: ImagineRequest, ticket: Ticket) -> Slices:
        """The slices of an imagine job.

        Raises:
            UserError: it asks for what the model cannot do.
            Stopped: the job was cancelled on the way.
        """
        ticket.check()
        started_s = time.perf_counter()
        resolved = self.resolve(request)
        images = []
        for index, picture in enumerate(self._pictures(resolved, ticket)):
            images.append(self._keep(resolved, index, picture))
            yield
        seconds = time.perf_counter() - started_s
        return Imagined(ticket.job_id, ticket.attempt, tuple(images), seconds)

    def resolve(self, request: ImagineRequest) -> ImagineRequest:
        """The request with every choice made that the model leaves.

        Raises:
            InvalidInput: it asks for what the model cannot do.
        """
        _check(request)
        base = self._base
        sides = request.width_px, request.height_px
        wanted = cast(tuple[int, int], sides) if all(sides) else self._sides(request)
        width_px, height_px = (sizes.to_step(side, base.size_step_px) for side in wanted)
        sizes.check_sides(width_px, height_px, native_px=base.native_px)
        steps = request.num_inference_steps or int(base.usual("num_inference_steps", STEPS))
        scale = request.guidance_scale or base.usual("guidance_scale", GUIDANCE)
        return request.model_copy(
            update={
                "num_inference_steps": steps,
                "guidance_scale": max(1.0, float(scale)),
                "width_px": width_px,
                "height_px": height_px,
            }
        )

    def _sides(self, request: ImagineRequest) -> tuple[int, int]:
        step_px, native_px = self._base.size_step_px, self._base.native_px
        return sizes.sides(request.aspect, native_px=native_px, step_px=step_px)

    def _pictures(self, request: ImagineRequest, ticket: Ticket) -> Iterator[Image.Image]:
        steps = request.num_inference_steps or 0
        total = steps * len(request.seeds)
        for index, seed in enumerate(request.seeds):

            def after_step(_: Any, step: int, __: Any, kept: Any, before: int = index) -> Any:
                ticket.check()
                ticket.progress(Progress(before * steps + step + 1, total, "drawing"))
                return kept

            options = self._options(request) | {"callback_on_step_end": after_step}
            made = self._base.pipe(generator=torch.Generator("cpu").manual_seed(seed), **options)
            yield made.images[0]

    def _options(self, request: ImagineRequest) -> dict[str, Any]:
        options: dict[str, Any] = {
            "prompt": request.prompt,
            "num_inference_steps": request.num_inference_steps,
            "guidance_scale": request.guidance_scale,
            "width": request.width_px,
            "height": request.height_px,
        }
        if request.negative_prompt and self._base.takes("negative_prompt"):
            options["negative_prompt"] = request.negative_prompt
        return options

    def _keep(self, request: ImagineRequest, index: int, picture: Image.Image) -> MadeImage:
        base = self._base
        manifest = Manifest(
            request=request,
            index=index,
            model=base.name,
            weights=base.weights,
            device=str(base.device),
            dtype=str(base.dtype).removeprefix("torch."),
            versions=self._versions,
        )
        return MadeImage(self._storage.put(png(picture)), *picture.size, manifest)


@dataclass(frozen=True, slots=True)
class OtherRunner:
    """What a worker with such a model can do: draw and listen."""

    base: OtherBase
    imaginer: OtherImaginer
    listener: Listener

    def start(self, run: Run, ticket: Ticket) -> Slices:
        """The slices of a job."""
        match run.request:
            case ImagineRequest() as wish:
                return self.imaginer.slices(wish, ticket)
            case TranscribeRequest() as sound:
                return self._heard(sound, ticket)
            case _:
                return _refused()

    def advance(self) -> None:
        """Nothing: every picture is drawn by itself."""

    def _heard(self, sound: TranscribeRequest, ticket: Ticket) -> Slices:
        ticket.check()
        yield from ()
        return self.listener.run(sound, ticket)


def _refused() -> Slices:
    yield from ()
    raise Conflict(DRAWS_ONLY)


def _check(request: ImagineRequest) -> None:
    """Raises:
    InvalidInput: names what the model cannot do.
    """
    asked = {
        "use concepts": request.stack,
        "begin from a picture": request.start,
        "follow a picture": request.control,
        "draw a second pass": request.hires,
        "vary a picture": request.variation,
        "take another sampler": request.sampler,
        "rescale guidance": request.guidance_rescale,
    }
    if wrong := [what for what, value in asked.items() if value]:
        raise InvalidInput(f"The model that I run on cannot {' or '.join(wrong)}; leave that out.")
