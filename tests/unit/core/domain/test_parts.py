"""What a version changes, told from its recipe."""

import pytest

from core.domain.concepts import Origin
from core.domain.fusion import Fusion
from core.domain.parts import Parts, parts_of
from core.domain.recipes import Method, Recipe

WORD, ADAPTER, TEXT, MORE = Parts


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        (Method.TEXTUAL_INVERSION, WORD),
        (Method.DREAMBOOTH_LORA, ADAPTER),
        (Method.PIVOTAL, ADAPTER),
        (Method.DREAMBOOTH_LORA_TEXT, TEXT),
        (Method.DREAMBOOTH, MORE),
        (Method.HYPERNETWORK, MORE),
    ],
)
def test_what_was_taught(method: Method, parts: Parts) -> None:
    """By its method."""
    assert parts_of(Recipe(method=method).model_dump_json()) is parts


@pytest.mark.parametrize(
    ("form", "text_encoders", "parts"),
    [
        ("embedding", False, WORD),
        ("kohya", False, ADAPTER),
        ("kohya", True, TEXT),
        ("hypernetwork", False, MORE),
    ],
)
def test_what_was_taken_in(form: str, text_encoders: bool, parts: Parts) -> None:
    """By its form, and whether its file had adapters for the text encoders."""
    origin = Origin.model_validate(
        {"file_name": "a", "file": "b", "form": form, "rank": 4, "vectors": 0}
        | {"text_encoders": text_encoders}
    )
    assert parts_of(origin.model_dump_json()) is parts


def test_what_was_fused_or_noted_long_ago_is_an_adapter() -> None:
    """Only adapters can be fused; an origin without word of text encoders is read as without."""
    fusion = Fusion(stack="home", words=(), rank=8, seeds=(1,))
    assert parts_of(fusion.model_dump_json()) is ADAPTER
    assert parts_of('{"method":"import","form":"peft"}') is ADAPTER
