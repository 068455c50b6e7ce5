"""Presets: what each changes in a base model's own recipe, and that recipe for each family."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.concepts import ConceptKind, is_place
from core.domain.recipes import Method, Optimizer, Preset, Prior, Recipe, Schedule, Value
from core.domain.requests import TrainRequest


@dataclass(frozen=True, slots=True)
class Teaching:
    """How concepts are taught to a family of base models."""

    recipe: Recipe
    """By an adapter, but for what is said below."""
    presets: Mapping[Preset, Mapping[str, Any]]
    """Settings in which the methods' own recipes differ from it."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """Settings in which recipes for things, which may stand beside others, differ from it."""
    in_style: Mapping[str, Value] = field(default_factory=dict)
    """Settings in which recipes for styles differ from it."""
    preset_of_subjects: Preset = Preset.DREAMBOOTH_LORA
    """How a thing or a place is taught unless somebody chooses."""
    finds_words: bool = False
    """There are words for what can be seen, to be found in pictures."""


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


def _large(*, steps: int, batch: int, prior_pictures: int) -> Recipe:
    """The values usual for DreamBooth-LoRA on large checkpoints."""
    return Recipe(
        steps=steps,
        batch=batch,
        rank=16,
        learning_rate=1e-4,
        token_learning_rate=5e-4,
        prior_pictures=prior_pictures,
        checkpoint_every=100,
        preview_every=200,
    )


_BESIDE = {"steps": 400, "company": 10}
"""Measured with the embedded model only (docs/concepts.md)."""

_IN_STYLE: Mapping[str, Value] = {
    "steps": 400,
    "batch": 8,
    "rank": 16,
    "learning_rate": 2e-3,
    "caption_dropout": 0.2,
    "flips": False,
    "prior": "none",
    "company": 192,
}
"""Likewise. Some captions are dropped since half of guidance wears the style without its word, and
strokes have a direction, which a mirror image has not."""

_SD = Teaching(_large(steps=800, batch=2, prior_pictures=100), LARGE)

TEACHING: Mapping[str, Teaching] = {
    "pocket": Teaching(
        Recipe(),
        POCKET,
        beside=_BESIDE,
        in_style=_IN_STYLE,
        preset_of_subjects=Preset.TEXTUAL_INVERSION,
        finds_words=True,
    ),
    "sd1": _SD,
    "sd2": _SD,
    "sdxl": Teaching(_large(steps=1000, batch=1, prior_pictures=60), LARGE),
}
"""By the family's name."""


def recipe_wanted(request: TrainRequest, family: str) -> Recipe:
    """What a request asks for: its own recipe or the preset's, with its steps and settings."""
    recipe = request.recipe or _chosen(request, family)
    changes: dict[str, Any] = {"steps": request.steps or recipe.steps} | request.settings
    return Recipe.model_validate(recipe.model_dump() | changes)


def _chosen(request: TrainRequest, family: str) -> Recipe:
    style = request.concept_kind is ConceptKind.STYLE
    preset = request.preset or usual_preset(family, style=style)
    return recipe_of(family, preset, thing=request.is_thing, style=style)


def usual_preset(family: str, *, style: bool) -> Preset:
    """How a concept is taught unless somebody chooses."""
    teaching = TEACHING[family]
    return teaching.recipe.preset if style else teaching.preset_of_subjects


def usual_recipe(family: str, preset: Preset | None, kind: ConceptKind, noun: str) -> Recipe:
    """How a concept is taught unless settings change it; `noun` may not be known yet."""
    style = kind is ConceptKind.STYLE
    thing = not style and not (noun and is_place(noun))
    return recipe_of(family, preset or usual_preset(family, style=style), thing=thing, style=style)


def recipe_of(family: str, preset: Preset, *, thing: bool = False, style: bool = False) -> Recipe:
    """A preset's recipe for a family of base models; for a place unless told otherwise."""
    teaching = TEACHING[family]
    own = PUBLISHED.get(preset) or {"method": Method(preset.value)} | dict(teaching.presets[preset])
    differs: Mapping[str, Any] = teaching.beside if thing else teaching.in_style if style else {}
    usual = teaching.recipe.model_dump() | dict(differs)
    return Recipe.model_validate(usual | {"preset": preset} | dict(own))
