"""Requests as JSON and back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.codec import Codec
from core.domain.concepts import ConceptKind
from core.domain.drawing import Sampler
from core.domain.images import Manifest
from core.domain.jobs import Progress
from core.domain.requests import (
    AS_USUAL,
    SEED_MAX,
    Hotword,
    ImagineRequest,
    Request,
    TrainRequest,
    TranscribeRequest,
)

REQUESTS = Codec(Request)
SEEDS = st.lists(st.integers(0, SEED_MAX), min_size=1, max_size=4).map(tuple)


@given(
    st.builds(
        ImagineRequest,
        prompt=st.text(min_size=1, max_size=50),
        seeds=SEEDS,
        guidance_scale=st.none() | st.floats(1, 30),
        sampler=st.none() | st.sampled_from(Sampler),
    )
)
def test_a_request_comes_back_bit_for_bit(request: ImagineRequest) -> None:
    """What is kept is what was asked for, down to the last bit of a float."""
    assert REQUESTS.read(REQUESTS.write(request)) == request


@pytest.mark.parametrize(
    "request_",
    [
        TrainRequest(
            concept_id=1,
            name="xyz",
            class_noun="temple",
            concept_kind=ConceptKind.SUBJECT,
            pictures=("a",),
            seed=1,
        ),
        TranscribeRequest(
            audio="a", hotwords=(Hotword(concept_id=1, name="xyz", class_noun="temple"),)
        ),
    ],
)
def test_kinds_are_told_apart(request_: TrainRequest | TranscribeRequest) -> None:
    """The kind in the JSON decides what it becomes."""
    back = REQUESTS.read(REQUESTS.write(request_))
    assert type(back) is type(request_)
    assert back == request_


def test_a_dataclass_is_a_shape_too() -> None:
    """Progress is kept the same way."""
    codec = Codec(Progress)
    progress = Progress(done=1, total=2, note="…", preview=None)
    assert codec.read(codec.write(progress)) == progress


def test_a_sound_from_before_wishes_went_with_it_is_drawn_as_usual() -> None:
    """Rows that were queued by an older program can still be read."""
    assert REQUESTS.read('{"kind": "transcribe", "audio": "a"}').wish == AS_USUAL


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "other"}', '{"kind":"imagine","prompt":""}'])
def test_what_does_not_fit_is_refused(text: str) -> None:
    """Nothing half-valid is read."""
    with pytest.raises(ValueError):
        REQUESTS.read(text)


def test_a_manifest_without_word_of_a_batch_was_drawn_alone() -> None:
    """Manifests and requests that were kept before images shared batches can still be read."""
    kept = {
        "request": {"kind": "imagine", "prompt": "a house", "seeds": [1]},
        "index": 0,
        "model": "pocket",
        "device": "cpu",
        "dtype": "float32",
        "versions": {},
    }
    manifest = Codec(Manifest).read(json.dumps(kept))
    assert not manifest.shared
    assert not manifest.request.exact
    assert manifest.request.setup is None
