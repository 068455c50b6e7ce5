"""Presets: what each changes in the base model's own recipe."""

from collections.abc import Mapping
from typing import Any

from core.domain.recipes import Method, Preset, Recipe
from core.worker.families import Family

POCKET: Mapping[Preset, dict[str, Any]] = {
    Preset.DREAMBOOTH_LORA: {},
    Preset.DREAMBOOTH_LORA_TEXT: {"text_learning_rate": 1e-3},
    Preset.TEXTUAL_INVERSION: {"vectors": 4, "token_learning_rate": 2e-2, "prior_weight": 0},
    Preset.PIVOTAL: {},
    Preset.DREAMBOOTH: {"learning_rate": 5e-4},
    Preset.HYPERNETWORK: {"learning_rate": 2e-3},
}
"""Found on the embedded models (docs/log.md)."""
LARGE: Mapping[Preset, dict[str, Any]] = {
    Preset.DREAMBOOTH_LORA: {},
    Preset.DREAMBOOTH_LORA_TEXT: {"text_learning_rate": 5e-5},
    Preset.TEXTUAL_INVERSION: {"vectors": 4, "token_learning_rate": 5e-3, "prior_weight": 0},
    Preset.PIVOTAL: {},
    Preset.DREAMBOOTH: {"learning_rate": 2e-6, "token_learning_rate": 2e-4},
    Preset.HYPERNETWORK: {"learning_rate": 5e-5},
}
"""The values usual for large checkpoints; not measured here."""


def recipe_of(family: Family, preset: Preset) -> Recipe:
    """A preset's recipe for a family of base models."""
    changes = (POCKET if family.name == "pocket" else LARGE)[preset]
    return family.recipe.model_copy(update={"method": _method(preset)} | changes)


def _method(preset: Preset) -> Method:
    return Method(preset.value)
