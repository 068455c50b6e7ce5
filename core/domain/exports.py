"""Files made for other tools out of a concept version."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class ExportForm(StrEnum):
    """Whose keys a file has."""

    KOHYA = "kohya"  # A1111, ComfyUI and their kin
    DIFFUSERS = "diffusers"


class ExportedFile(BaseModel):
    """One file that was made, as it lies in storage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    key: str
    size_bytes: int
    is_word: bool
    """It holds the learned word, not the adapter."""
    encoders: int = 1
    """How many text encoders the base model has: SDXL's word has a part for each."""
