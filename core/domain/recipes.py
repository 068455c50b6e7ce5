"""How a concept is taught: methods, named presets, and every setting of a training run."""

import json
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

VECTORS_MAX = 24
"""Vectors that one concept's word may have."""
SLOTS = 256
"""Numbers for the blocks of orthogonal adapters; a narrow layer has fewer and counts on."""
STEPS_MAX = 20_000
CAPTION_MAX = 300
"""Letters of what is said of one training picture."""
Value = bool | int | float | str | None
"""What a setting can be; None switches off what can be switched off."""


class Method(StrEnum):
    """What learns."""

    DREAMBOOTH_LORA = "dreambooth-lora"  # an adapter in the UNet, and a word
    DREAMBOOTH_LORA_TEXT = "dreambooth-lora-text"  # adapters in the text encoders as well
    TEXTUAL_INVERSION = "textual-inversion"  # the word alone
    PIVOTAL = "pivotal"  # the word first, then an adapter around it
    DREAMBOOTH = "dreambooth"  # every weight of the UNet, and a word
    HYPERNETWORK = "hypernetwork"  # small nets at the attention's inputs, and a word


class Preset(StrEnum):
    """A recipe by its name; those of the methods' own names are ours."""

    DREAMBOOTH_LORA = "dreambooth-lora"
    DREAMBOOTH_LORA_TEXT = "dreambooth-lora-text"
    TEXTUAL_INVERSION = "textual-inversion"
    PIVOTAL = "pivotal"
    DREAMBOOTH = "dreambooth"
    HYPERNETWORK = "hypernetwork"
    DIFFUSERS = "diffusers-dreambooth-lora"
    INVERSION_2000 = "textual-inversion-2000"
    PIVOTAL_PRODIGY = "pivotal-prodigy"
    ORTHOGONAL = "orthogonal-lora"


class Optimizer(StrEnum):
    """What moves the weights; Prodigy finds its own rate."""

    ADAMW = "adamw"
    ADAMW_8BIT = "adamw-8bit"
    PRODIGY = "prodigy"
    ADAFACTOR = "adafactor"


class Schedule(StrEnum):
    """How the learning rate goes over a run, after its rise."""

    PLATEAU = "plateau"  # flat to half way, then down
    CONSTANT = "constant"
    COSINE = "cosine"
    LINEAR = "linear"


class Prior(StrEnum):
    """How the plain class is kept as it is."""

    PICTURES = "pictures"  # the base model draws some beforehand; they are learned beside
    OUTPUT = "output"  # its answers at the same moment are the target: no pictures needed
    NONE = "none"


class Choice(BaseModel):
    """Which checkpoint of a run was kept: the last with about the least error.

    The error is that of foretelling a picture which was held back, plus how far the answers for the
    plain class have gone from the base model's. Step 0: the words that the run began with, which
    only a clearly better one takes the place of.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    ran: int
    """Steps that were run."""
    error: float | None = None
    """None: it was not measured."""
    error_last: float | None = None
    """That of the last step that was run."""
    held_back: bool = True
    """No: there were too few pictures, so those that are learned from were measured."""
    by_hand: bool = False
    """A person chose it, afterwards."""


class Recipe(BaseModel):
    """How a concept is trained; a setting that a recorded recipe does not know had its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Preset = Preset.DREAMBOOTH_LORA
    """What the person chose; everything below is what it came to."""
    method: Method = Method.DREAMBOOTH_LORA
    steps: int = Field(default=300, ge=1, le=STEPS_MAX)
    batch: int = Field(default=4, ge=1, le=64)
    accumulation: int = Field(default=1, ge=1, le=64)
    """Batches that make one step."""
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)
    """What chance begins from; None: the job's own, which a version's recipe names."""

    rank: int = Field(default=8, ge=1, le=256)
    """Of the adapters, in the UNet and in the text encoders."""
    targets: Literal["usual", "attention"] = "usual"
    """The UNet's layers that an adapter changes: those usual for the base model, or attention's."""
    rank_norm_max: float | None = Field(default=None, gt=0, le=1000)
    """Most that an adapter may add to one layer, as the norm of up · down."""
    freeze_a: bool = False
    """The UNet adapter's A is an orthonormal block that stays as it is, and B alone learns."""
    slot: int | None = Field(default=None, ge=0, lt=SLOTS)
    """Which block: those of other slots are orthogonal to it. None: the concept's own number."""
    vectors: int = Field(default=1, ge=1, le=VECTORS_MAX)
    """Of the concept's word, where it begins as the class noun; else as many as its words have."""
    begins_as: str = Field(default="", max_length=CAPTION_MAX)
    """What the concept's word begins as, in words that the base model knows; "": the class noun."""
    words_first: bool = False
    """Find those words in the pictures where `begins_as` names none."""

    optimizer: Optimizer = Optimizer.ADAMW
    schedule: Schedule = Schedule.PLATEAU
    warmup_steps: int = Field(default=20, ge=0, le=STEPS_MAX)
    learning_rate: float = Field(default=3e-3, gt=0, lt=1)
    token_learning_rate: float = Field(default=1.5e-2, ge=0, lt=1)
    """0: the word means nothing at first, and stays so."""
    text_learning_rate: float = Field(default=1e-3, ge=0, lt=1)
    token_share: float = Field(default=0.4, ge=0, le=1)
    """Of the steps of pivotal tuning: how many teach the word alone, before the adapter learns."""
    token_after: float = Field(default=0.1, ge=0, le=1)
    """What the word's rate is multiplied with after that; 0 leaves it as it is. Prodigy has one
    rate for all that learns: 0 or 1."""
    weight_decay: float = Field(default=1e-4, ge=0, lt=1)
    """Of adapters and of the UNet's own weights; words and hypernetworks have none."""
    gradient_norm_max: float = Field(default=1.0, gt=0, le=1000)
    ema: float = Field(default=0.0, ge=0, lt=1)
    """The share of the running average of weights that stays at each step; 0: no average."""
    precision: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    gradient_checkpointing: bool = False

    snr_cap: float | None = Field(default=5.0, gt=0, le=1000)
    """Of min-SNR weighting; None weighs all levels of noise alike."""
    noise_offset: float = Field(default=0.0, ge=0, le=1)
    caption_dropout: float = Field(default=0.0, ge=0, le=1)
    """How often a picture is shown without its caption."""
    flips: bool = True
    """Show mirror images too; no for letters, faces and things with a left and a right."""
    buckets: bool = True
    """Give pictures that are not square a size near their shape; no: cut them all square."""
    mask_floor: float = Field(default=0.1, ge=0, le=1)
    """What the rest of a masked picture counts beside the part to be learned; 1: as much."""

    prior: Prior = Prior.PICTURES
    prior_pictures: int = Field(default=42, ge=0, le=1000)
    prior_weight: float = Field(default=1.0, ge=0, le=10)
    company: int = Field(default=0, ge=0, le=200)
    """Pictures more in which the base model has painted something else beside the subject."""
    replay_pictures: int = Field(default=8, ge=0, le=1000)
    """Of each concept underneath, shown beside those of the class; 0: they are only frozen."""
    hold_out_from: int = Field(default=8, ge=0, le=50)
    """From so many pictures on, one is held back to choose the best checkpoint by; 0: never."""
    patience: int = Field(default=6, ge=0, le=1000)
    """Checkpoints without a better one after which a run ends early; 0: it runs to its end."""
    checkpoint_every: int = Field(default=50, ge=1)
    preview_every: int = Field(default=100, ge=1)
    choice: Choice | None = None
    """What was kept in the end; None: the last step, since no picture was held back."""
    ended_at: int | None = Field(default=None, ge=1)
    """The step at which a person ended the run before its time; None: nobody did."""

    def holds_out(self, pictures: int) -> bool:
        """There are enough pictures to learn from without one of them."""
        return 0 < self.hold_out_from <= pictures and pictures > 1

    def seed_or(self, own: int) -> int:
        """The seed that counts, where the job's is `own`."""
        return own if self.seed is None else self.seed

    def says_noun(self, class_noun: str) -> bool:
        """The words that the concept's word begins as have the class noun among them."""
        words = self.begins_as.lower().replace(",", " ")
        return f" {class_noun.lower()} " in f" {words} "

    @property
    def ran(self) -> int:
        """Steps that were run."""
        return self.choice.ran if self.choice else self.ended_at or self.steps

    @property
    def kept_step(self) -> int:
        """The step at which the version was what it is."""
        return self.choice.step if self.choice else self.ran

    def kept_by_hand(self, step: int) -> "Recipe":
        """The same run, of which a person keeps another step."""
        return self.model_copy(update={"choice": Choice(step=step, ran=self.ran, by_hand=True)})


METHODS = tuple(Method)
FIXED = ("preset", "method", "steps", "choice", "ended_at")
"""What has an option of its own, or comes out in the end."""


def recorded_recipe(text: str) -> Recipe | None:
    """The recipe of a version that was taught; None for what else is kept in its place."""
    facts = json.loads(text)
    return Recipe.model_validate(facts) if facts.get("method", METHODS[0]) in METHODS else None
