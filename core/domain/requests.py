"""What a job is asked to do: validated, frozen, kept whole in its row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.domain.concepts import ConceptKind, StackEntry, is_place, token_of
from core.domain.drawing import (
    COUNT_MAX,
    Aspect,
    ControlImage,
    Margins,
    Sampler,
    SecondPass,
    Stacking,
    StartImage,
    Variation,
)
from core.domain.exports import ExportForm
from core.domain.frozen import Frozen
from core.domain.recipes import CAPTION_MAX, STEPS_MAX, Preset, Recipe, Value
from core.domain.setup import Setup

SEED_MAX = 2**32 - 1
PROMPT_MAX = 1000
STACK_MAX = 6


class ImagineRequest(Frozen):
    """Make `len(seeds)` images of one prompt.

    None for steps, guidance or size means the base model's own default; the manifest of every
    image holds the numbers that were used.
    """

    kind: Literal["imagine"] = "imagine"
    prompt: str = Field(min_length=1, max_length=PROMPT_MAX)
    negative_prompt: str = Field(default="", max_length=PROMPT_MAX)
    seeds: tuple[Annotated[int, Field(ge=0, le=SEED_MAX)], ...] = Field(
        min_length=1, max_length=COUNT_MAX
    )
    num_inference_steps: int | None = Field(default=None, ge=1, le=100)
    guidance_scale: float | None = Field(default=None, ge=1, le=30)
    guidance_rescale: float = Field(default=0, ge=0, le=1)
    """How much of the contrast that guidance adds is taken back."""
    sampler: Sampler | None = None
    aspect: Aspect = Aspect.SQUARE
    width_px: int | None = Field(default=None, ge=16, le=4096)
    height_px: int | None = Field(default=None, ge=16, le=4096)
    stack: tuple[StackEntry, ...] = Field(default=(), max_length=STACK_MAX)
    start: StartImage | None = None
    mask: str | None = None
    """Storage key of a picture that is white where `start` is made anew; the rest of it stays.
    Where `start` is transparent, it is made anew in any case."""
    expand: Margins | None = None
    """`start` lies on a canvas larger than itself, and the rest is drawn."""
    control: ControlImage | None = None
    hires: SecondPass | None = None
    """Sides are those of the first pass."""
    variation: Variation | None = None
    stacking: Stacking = Stacking.SUM
    exact: bool = False
    """One batch for the whole job and no other, so that it can be made again bit for bit."""
    setup: Setup | None = None
    """None: as the worker is set up when it draws, which the manifest then says."""
    parent_image_id: int | None = None
    """The image that a button was pressed on."""

    @model_validator(mode="after")
    def _of_one_piece(self) -> Self:
        if self.start is None and (self.mask or self.expand):
            raise ValueError("mask and expand need a picture in start")
        if self.hires and (self.mask or self.expand):
            raise ValueError("a second pass would draw over what a mask keeps")
        return self


@dataclass(frozen=True, slots=True)
class ImagineWish:
    """What a person asks to be drawn; None leaves a choice to the base model."""

    prompt: str
    negative_prompt: str = ""
    count: int = COUNT_MAX
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: Sampler | None = None
    aspect: Aspect = Aspect.SQUARE
    concepts: tuple[tuple[str, float], ...] = ()
    """Names with weights, besides those in the prompt."""
    stacking: Stacking = Stacking.APART
    exact: bool = False
    start: StartImage | None = None
    mask: str | None = None
    """Storage key of what says where `start` is made anew."""
    expand: Margins | None = None
    control: ControlImage | None = None
    rescale: float = 0
    hires: float | None = None
    """How much larger a second pass draws."""
    reply_to: int | None = None


AS_USUAL = ImagineWish(prompt="")


class LearnedStep(Frozen):
    """What an earlier training had learned at one of its checkpoints."""

    artifact: str
    """Its storage key."""
    seconds: float = 0.0
    """What the whole of that training took."""


class TrainRequest(Frozen):
    """Teach one concept from pictures, by default on top of nothing."""

    kind: Literal["train"] = "train"
    concept_id: int
    name: str
    class_noun: str
    concept_kind: ConceptKind
    pictures: tuple[str, ...] = Field(min_length=1, max_length=50)
    """Storage keys of checked pictures."""
    captions: tuple[Annotated[str, Field(max_length=CAPTION_MAX)], ...] = ()
    """What a person says of each picture; "" or none: the worker's own captions."""
    masks: tuple[str, ...] = ()
    """Storage key of each picture's mask, which is white where it is learned; "" or none: all."""
    recipe: Recipe | None = None
    """None: the base model's own default, chosen by the worker and recorded."""
    preset: Preset | None = None
    """The recipe's name, where `recipe` is None; None: what is usual for the base model."""
    steps: int | None = Field(default=None, ge=1, le=STEPS_MAX)
    """Instead of the recipe's own number."""
    settings: dict[str, Value] = Field(default_factory=dict)
    """Settings instead of the recipe's own, by name."""
    parents: tuple[StackEntry, ...] = Field(default=(), max_length=STACK_MAX)
    """Concepts that stay frozen underneath."""
    parents_pictures: tuple[tuple[str, ...], ...] = ()
    """Storage keys of each parent's training pictures; none for imported ones."""
    seed: int = Field(ge=0, le=SEED_MAX)
    ends_early: bool = False
    """A person wants it to end now, with what was learned so far."""
    learned: LearnedStep | None = None
    """A person chose this step, which becomes the version; nothing is taught."""

    @property
    def is_thing(self) -> bool:
        """What is taught can stand beside something; a place or a style fills the picture."""
        return self.concept_kind is ConceptKind.SUBJECT and not is_place(self.class_noun)

    @property
    def phrase(self) -> str:
        """What is taught, as people say it: `<xyz> temple`."""
        return f"{token_of(self.name)} {self.class_noun}"

    @model_validator(mode="after")
    def _masks_of_all_or_none(self) -> Self:
        if self.masks and len(self.masks) != len(self.pictures):
            raise ValueError("give a mask or nothing for each picture")
        return self


class Hotword(Frozen):
    """A concept's name as the speech model and the mapping should know it."""

    concept_id: int
    name: str
    class_noun: str


class TranscribeRequest(Frozen):
    """Write down what a voice message says."""

    kind: Literal["transcribe"] = "transcribe"
    audio: str
    """Storage key of the sound file."""
    hotwords: tuple[Hotword, ...] = ()
    """Concepts of this guild only."""
    imagine_at_once: bool = False
    """Skip the question and go straight on to `imagine`."""
    moderates: bool = False
    roles: frozenset[int] = frozenset()
    """What who asked had the right to when they did, as `Actor` says it: it is what counts then."""
    wish: ImagineWish = AS_USUAL
    """How to draw what was said; its prompt is what will be heard."""


class ImportRequest(Frozen):
    """Take an adapter or a word from another tool's file in as a concept's next version."""

    kind: Literal["import"] = "import"
    concept_id: int | None
    """None where the concept comes to be when the file has been taken in."""
    name: str
    class_noun: str
    concept_kind: ConceptKind
    file: str
    """Storage key of a safetensors file, of which only the frame was looked at so far."""
    file_name: str
    """As it was called where it came from; for people to read."""


class FuseRequest(Frozen):
    """Make one version of the concepts of a saved stack."""

    kind: Literal["fuse"] = "fuse"
    concept_id: int | None
    """None where the concept comes to be when they are fused."""
    name: str
    class_noun: str
    concept_kind: ConceptKind
    stack_name: str
    parts: tuple[StackEntry, ...] = Field(min_length=2, max_length=STACK_MAX)


class ExportRequest(Frozen):
    """Write a concept version into files that other tools read."""

    kind: Literal["export"] = "export"
    concept: StackEntry
    number: int
    """Of the version."""
    taught_at: datetime
    form: ExportForm


Making = TrainRequest | ImportRequest | FuseRequest
"""A job that ends with a new version of a concept."""


def entry_of(request: Making, artifact: str) -> StackEntry:
    """The version that a job makes, in a stack."""
    return StackEntry(
        concept_id=request.concept_id or 0,
        version_id=0,  # it gets its number when the job has ended
        name=request.name,
        class_noun=request.class_noun,
        kind=request.concept_kind,
        artifact=artifact,
    )


class Purpose(StrEnum):
    """What an evaluation is for."""

    CONCEPT = "concept"  # scores of one concept, beside the plain class
    STACK = "stack"  # scores of several at once, beside each alone
    SEEDS = "seeds"  # the seeds of one prompt, best first
    BLIND = "blind"  # a sheet for people to judge, some images without the concepts
    SOLO = "solo"  # one scene with each concept alone, with all, and with none
    VERSIONS = "versions"  # one scene with each of some versions of a concept


OF_A_SCENE = frozenset({Purpose.SOLO, Purpose.VERSIONS})


class EvaluateRequest(Frozen):
    """Draw images of prompts on seeds and measure them, or have people judge them."""

    kind: Literal["evaluate"] = "evaluate"
    purpose: Purpose
    prompts: tuple[str, ...] = Field(min_length=1, max_length=8)
    seeds: tuple[Annotated[int, Field(ge=0, le=SEED_MAX)], ...] = Field(min_length=1, max_length=32)
    controls: tuple[Annotated[int, Field(ge=0, le=SEED_MAX)], ...] = ()
    """Of a blind sheet: seeds of which each prompt is drawn in plain words as well."""
    stack: tuple[StackEntry, ...] = Field(default=(), max_length=STACK_MAX)
    pictures: tuple[tuple[str, ...], ...] = ()
    """Storage keys of each concept's training pictures; none for imported ones."""
    stacking: Stacking = Stacking.APART
    """How the concepts work together in what is drawn; a scene has its own."""
    negative_prompt: str = Field(default="", max_length=PROMPT_MAX)
    scene: ImagineRequest | None = None
    """What is drawn with other stacks, where that is the purpose, with all its settings."""

    @model_validator(mode="after")
    def _has_what_it_is_for(self) -> Self:
        if (self.purpose in OF_A_SCENE) != (self.scene is not None):
            raise ValueError("a scene is for drawing it with other stacks, and that needs one")
        return self

    @property
    def looks_for_drift(self) -> bool:
        """Prompts that name nothing are drawn with the concept too."""
        kinds = [entry.kind for entry in self.stack]
        return self.purpose is Purpose.CONCEPT and all(one.leaves_others_alone for one in kinds)

    @property
    def drawn(self) -> int:
        """How many images are drawn in all."""
        once = len(self.prompts) * len(self.seeds)
        if self.purpose is Purpose.CONCEPT:
            return (3 if self.looks_for_drift else 2) * once
        if self.purpose in {Purpose.STACK, Purpose.SOLO}:
            return (2 + len(self.stack)) * once
        if self.purpose is Purpose.VERSIONS:
            return len(self.stack) * once
        return once + len(self.prompts) * len(self.controls)


Request = Annotated[
    ImagineRequest
    | TrainRequest
    | TranscribeRequest
    | ImportRequest
    | FuseRequest
    | ExportRequest
    | EvaluateRequest,
    Field(discriminator="kind"),
]
