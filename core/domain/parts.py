"""What a version changes in the model, told from its recipe alone."""

import json
from collections.abc import Mapping
from enum import StrEnum

from core.domain.recipes import Method


class Parts(StrEnum):
    """As far as it matters for what it can be put together with."""

    WORD = "word"  # nothing but what a word means
    ADAPTER = "adapter"  # an adapter in the UNet; the engine keeps it apart from others
    TEXT = "text"  # adapters in the text encoders too: kept apart, but not fused
    MORE = "more"  # a hypernetwork or the UNet's own weights: not kept apart


PARTS: Mapping[str, Parts] = {
    Method.TEXTUAL_INVERSION: Parts.WORD,
    Method.DREAMBOOTH_LORA_TEXT: Parts.TEXT,
    Method.DREAMBOOTH: Parts.MORE,
    Method.HYPERNETWORK: Parts.MORE,
}


def parts_of(recipe: str) -> Parts:
    """Of a version with this recipe or origin as JSON; an adapter where nothing else is noted."""
    facts = json.loads(recipe)
    if facts.get("form") == "hypernetwork":
        return Parts.MORE
    if facts.get("text_encoders"):
        return Parts.TEXT
    if facts.get("form") == "embedding":
        return Parts.WORD
    return PARTS.get(facts.get("method", ""), Parts.ADAPTER)


def unfusable(token: str, parts: Parts) -> str:
    """Why such a version cannot be fused, and what to do about it; empty where it can."""
    if parts is Parts.WORD:
        return (
            f"{token} is a word alone: it changes no weights, so it has nothing to blend with "
            "others. Put it into the stack beside them as it is."
        )
    if parts in (Parts.TEXT, Parts.MORE):
        return (
            f"{token} is not an adapter in the UNet alone, and only those can be fused. Take it "
            "out of the stack, or teach it again with the method dreambooth-lora."
        )
    return ""
