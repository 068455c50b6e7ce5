"""Presets: what each changes in the base model's own recipe."""

from collections.abc import Mapping
from typing import Any

from core.domain.concepts import ConceptKind
from core.domain.recipes import SLOTS, Method, Optimizer, Preset, Prior, Recipe, Schedule
from core.domain.requests import TrainRequest
from core.worker.device import half_on_cpu
from core.worker.families import Family

DIFFUSERS: Mapping[str, Any] = {
    "method": Method.DREAMBOOTH_LORA,
    "steps": 500,
    "batch": 1,
    "rank": 4,
    "targets": "attention",
    "learning_rate": 1e-4,
    "token_learning_rate": 0,
    "schedule": Schedule.CONSTANT,
    "warmup_steps": 0,
    "weight_decay": 1e-2,
    "snr_cap": None,
    "flips": False,
    "caption_dropout": 0.0,
    "prior": Prior.NONE,
    "company": 0,
    "hold_out_from": 0,
    "patience": 0,
    "seed": 0,
}
"""Source: diffusers, examples/dreambooth, its script's defaults and its README's LoRA command. The
identifier is a word without a meaning of its own that does not learn; captions are ours.
"""
INVERSION_2000: Mapping[str, Any] = {
    "method": Method.TEXTUAL_INVERSION,
    "steps": 2000,
    "batch": 4,
    "token_learning_rate": 5e-4 * 4,
    "schedule": Schedule.CONSTANT,
    "warmup_steps": 0,
    "precision": "float16",
    "gradient_checkpointing": True,
    "snr_cap": None,
    "flips": True,
    "caption_dropout": 0.0,
    "prior": Prior.NONE,
    "company": 0,
    "hold_out_from": 0,
    "patience": 0,
    "seed": 42,
    "checkpoint_every": 250,
    "preview_every": 250,
}
"""As published: rate 5e-4, scaled by the batch of 4."""
PIVOTAL_PRODIGY: Mapping[str, Any] = {
    "method": Method.PIVOTAL,
    "optimizer": Optimizer.PRODIGY,
    "token_after": 0,
    "schedule": Schedule.COSINE,
    "warmup_steps": 0,
}
ORTHOGONAL: Mapping[str, Any] = {"method": Method.DREAMBOOTH_LORA, "freeze_a": True}
"""Source: Po et al., Orthogonal adaptation for modular customization (2024), section 4."""
PUBLISHED: Mapping[Preset, Mapping[str, Any]] = {
    Preset.DIFFUSERS: DIFFUSERS,
    Preset.INVERSION_2000: INVERSION_2000,
    Preset.PIVOTAL_PRODIGY: PIVOTAL_PRODIGY,
    Preset.ORTHOGONAL: ORTHOGONAL,
}
"""The same for every base model."""

POCKET: Mapping[Preset, Mapping[str, Any]] = {
    Preset.DREAMBOOTH_LORA: {},
    Preset.DREAMBOOTH_LORA_TEXT: {"text_learning_rate": 1e-3},
    Preset.TEXTUAL_INVERSION: {
        "vectors": 4,
        "words_first": True,
        "token_learning_rate": 2e-2,
        "prior": Prior.NONE,
        "steps": 300,
        "company": 12,
        "checkpoint_every": 25,
        "patience": 4,
    },
    Preset.PIVOTAL: {},
    Preset.DREAMBOOTH: {"learning_rate": 5e-4},
    Preset.HYPERNETWORK: {"learning_rate": 2e-3},
}
LARGE: Mapping[Preset, Mapping[str, Any]] = {
    Preset.DREAMBOOTH_LORA: {},
    Preset.DREAMBOOTH_LORA_TEXT: {"text_learning_rate": 5e-5},
    Preset.TEXTUAL_INVERSION: {"vectors": 4, "token_learning_rate": 5e-3, "prior": Prior.NONE},
    Preset.PIVOTAL: {},
    Preset.DREAMBOOTH: {"learning_rate": 2e-6, "token_learning_rate": 2e-4},
    Preset.HYPERNETWORK: {"learning_rate": 5e-5},
}
"""The values usual for large checkpoints; not measured here."""


def recipe_for(request: TrainRequest, family: Family, *, device: str) -> Recipe:
    """The recipe of a request with nothing left open.

    A CPU has no use for float16: there its own half precision takes the place, or float32 where it
    has none, and the recipe says so.
    """
    recipe = request.recipe or _chosen(request, family)
    changes: dict[str, Any] = {"steps": request.steps or recipe.steps} | request.settings
    changed = _settled(Recipe.model_validate(recipe.model_dump() | changes), request)
    if device == "cpu" and changed.precision == "float16":
        return changed.model_copy(update={"precision": str(half_on_cpu()).removeprefix("torch.")})
    return changed


def _settled(recipe: Recipe, request: TrainRequest) -> Recipe:
    """With what it leaves to the request: the seed, and for a frozen A the concept's own slot."""
    settled: dict[str, Any] = {"seed": recipe.seed_or(request.seed)}
    if recipe.freeze_a and recipe.slot is None:
        settled["slot"] = request.concept_id % SLOTS
    return recipe.model_copy(update=settled)


def _chosen(request: TrainRequest, family: Family) -> Recipe:
    subject = request.concept_kind is ConceptKind.SUBJECT
    usual = family.preset_of_subjects if subject else family.recipe.preset
    preset = request.preset or usual
    return recipe_of(family, preset, thing=request.is_thing, style=not subject)


def recipe_of(
    family: Family, preset: Preset, *, thing: bool = False, style: bool = False
) -> Recipe:
    """A preset's recipe for a family of base models; for a place unless told otherwise."""
    own = POCKET if family.name == "pocket" else LARGE
    changes = PUBLISHED.get(preset) or {"method": Method(preset.value)} | dict(own[preset])
    differs: Mapping[str, Any] = family.beside if thing else family.in_style if style else {}
    usual = family.recipe.model_dump() | dict(differs)
    return Recipe.model_validate(usual | {"preset": preset} | dict(changes))
