"""An image while it is being sampled."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.worker.engine.reach import Row, Where
from core.worker.engine.spread import Spread
from core.worker.engine.tables import WINDOW, Table

Bucket = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """What the UNet takes beside latents and timestep, one row: embeds (1, tokens, width).

    SDXL has `pooled` (1, width) and `time_ids` (1, 6) too.
    """

    embeds: Tensor
    pooled: Tensor | None = None
    time_ids: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Repaint:
    """What stays of a picture: latents outside `mask` are put back after every step.

    `mask` is (1, height, width), 1 where the picture is made anew; `clean` and `noise` are
    (channels, height, width).
    """

    mask: Tensor
    clean: Tensor
    noise: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A ControlNet's picture (3, height_px, width_px) in 0 to 1, and how much it is followed."""

    net: str
    picture: Tensor
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """All that one image needs; nothing of it changes while it is sampled."""

    owner: int
    """The job that it belongs to."""
    table: Table
    start: Tensor
    """Latents to begin from, (channels, height, width) float32."""
    begin: int
    """The step of the table at which it comes in."""
    prompt: Conditions
    negative: Conditions | None
    """None leaves the unconditional half out."""
    guidance_scale: float = 1.0
    guidance_rescale: float = 0.0
    row: Callable[[int], Row] = lambda _step: ()
    """What is worn at a step; the same object for as long as it is the same."""
    bare: Row = ()
    """What the unconditional half wears where adapters keep apart."""
    guided_only: bool = False
    """The unconditional half wears no more than that, though nothing is kept apart."""
    adapters: tuple[str, ...] = ()
    spread: Spread | None = None
    """How each adapter is confined to its own words and places; None lets all work everywhere."""
    shown: Tensor | None = None
    """How much each place looks at each word, (tokens, height, width); None lets all see all."""
    noise: Callable[[], Tensor] | None = None
    """Draws the noise of the next noisy step, (channels, height, width)."""
    beside: Tensor | None = None
    """Channels that the UNet of an inpaint checkpoint reads beside the latents."""
    repaint: Repaint | None = None
    control: Control | None = None
    alone: bool = False
    """Its job's images, all of them and no others, share every call."""

    def negative_row(self, step: int) -> Row:
        """What the unconditional half wears: the same, but where they keep apart no concepts, and
        of styles a share.

        Then guidance draws towards the concepts themselves, not only towards their words.
        """
        both = self.spread is None and not self.guided_only
        return self.row(step) if both else self.bare

    @property
    def bucket(self) -> Bucket:
        """Only asks of one bucket can share a call."""
        return (
            tuple(self.start.shape),
            tuple(self.prompt.embeds.shape),
            None if self.control is None else self.control.net,
            self.beside is not None,
            self.owner if self.alone else None,
        )

    def decodes_with(self, other: "Ask") -> bool:
        """Both can be decoded in one call."""
        strangers = self.owner != other.owner and (self.alone or other.alone)
        return self.start.shape == other.start.shape and not strangers


@dataclass(slots=True, eq=False)
class Draft:
    """An ask on its way; `step` is the next one of its table."""

    ask: Ask
    step: int = field(init=False)
    latents: Tensor = field(init=False)
    where: Where | None = field(init=False)
    """How far the adapters reach at the next step."""
    past: Tensor = field(init=False)
    """(2 · (WINDOW - 1), channels, height, width): latents and outputs before, newest first."""
    _only_looks: bool = field(init=False)
    """The first call is there to see what stands where, before any adapter works."""
    siblings: int = 1
    """How many images its job has, itself among them."""
    shared: bool = False
    """A call held others than its job's images, or not all of those."""
    picture: Tensor | None = None
    """(3, height_px, width_px) in -1 to 1, when all is done."""
    fault: Exception | None = None
    """Why there will be no picture; the engine has dropped it."""
    _noise: Tensor | None = field(default=None, init=False)
    """Drawn for a step that was not taken yet."""

    def __post_init__(self) -> None:
        self.step, self.latents = self.ask.begin, self.ask.start
        self._only_looks = self.ask.spread is not None
        self.where = None if self.ask.spread is None else self.ask.spread.first
        self.past = torch.zeros(2 * (WINDOW - 1), *self.latents.shape, device=self.latents.device)

    @property
    def is_whole(self) -> bool:
        """Its job's images stay together, whatever else there is."""
        return self.ask.alone and not self.shared

    @property
    def done(self) -> int:
        """Steps that were taken."""
        return self.step - self.ask.begin

    @property
    def steps(self) -> int:
        """Steps in all."""
        return len(self.ask.table.timesteps) - self.ask.begin

    @property
    def sampled(self) -> bool:
        """All steps are done; only the decoding is left."""
        return self.done >= self.steps

    def look(self, maps: Tensor) -> None:
        """Takes in where this step looked at each adapter's words, (adapters, height, width)."""
        if self.ask.spread is not None and self.where is not None:
            self.where = self.ask.spread.after(maps, self.where)

    def draw_noise(self) -> Tensor:
        """The noise of this step, the same until it is taken; zero where the sampler has none."""
        if self.ask.noise is None or not self.ask.table.needs_noise(self.step):
            return torch.zeros_like(self.latents)
        if self._noise is None:
            self._noise = self.ask.noise()
        return self._noise.to(self.latents)

    def take(self, latents: Tensor, past: Tensor) -> None:
        """The step is taken, and this is what it made; the first look takes none."""
        if self._only_looks:
            self._only_looks = False
            return
        self.step += 1
        self.latents, self.past, self._noise = latents, past, None
