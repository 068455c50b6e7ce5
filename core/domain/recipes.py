"""How a concept is taught: methods, named presets, and every setting of a training run."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

VECTORS_MAX = 8
"""Vectors that one concept's word may have."""
STEPS_MAX = 20_000


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


class Recipe(BaseModel):
    """How a concept is trained; the defaults suit the pocket models on two CPU cores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = Method.DREAMBOOTH_LORA
    steps: int = Field(default=300, ge=1, le=STEPS_MAX)
    batch: int = Field(default=4, ge=1, le=64)
    rank: int = Field(default=8, ge=1, le=256)
    """Of the adapters, in the UNet and in the text encoders."""
    vectors: int = Field(default=1, ge=1, le=VECTORS_MAX)
    """Of the concept's word."""
    learning_rate: float = Field(default=3e-3, gt=0, lt=1)
    token_learning_rate: float = Field(default=1.5e-2, ge=0, lt=1)
    text_learning_rate: float = Field(default=1e-3, ge=0, lt=1)
    token_share: float = Field(default=0.4, ge=0, le=1)
    """Of the steps of pivotal tuning: how many teach the word alone, before the adapter learns."""
    token_after: float = Field(default=0.1, ge=0, le=1)
    """What the word's rate is multiplied with after that; 0 leaves it as it is."""
    prior_pictures: int = Field(default=42, ge=0, le=1000)
    prior_weight: float = Field(default=1.0, ge=0, le=10)
    checkpoint_every: int = Field(default=50, ge=1)
    preview_every: int = Field(default=100, ge=1)
