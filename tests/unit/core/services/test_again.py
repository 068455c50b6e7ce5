"""The requests behind the buttons."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.concepts import Concept, ConceptKind, StackEntry
from core.domain.drawing import Margins, StartImage, Variation
from core.domain.images import Image, Manifest
from core.domain.recipes import Preset
from core.domain.requests import SEED_MAX, ImagineRequest, TrainRequest
from core.domain.setup import Setup
from core.errors import Conflict
from core.services import again
from tests.studio import key_of

ENTRY = StackEntry(
    concept_id=1, version_id=2, name="kar", class_noun="forest", kind=ConceptKind.STYLE,
    artifact=key_of("kar"),
)  # fmt: skip


def image(side_px: int = 64, **changes: Any) -> Image:
    request = ImagineRequest(
        prompt="a temple",
        seeds=(7, 8),
        num_inference_steps=20,
        width_px=side_px,
        height_px=side_px,
        **changes,
    )
    manifest = Manifest(
        request=request, index=1, model="pocket", device="cpu", dtype="float32", versions={}
    )
    return Image(
        id=3,
        job_id=2,
        guild_id=1,
        user_id=1,
        index=1,
        seed=8,
        key=key_of("image"),
        width_px=side_px,
        height_px=side_px,
        manifest=manifest,
        created_at=datetime.now(UTC),
    )


def test_a_variation_bends_the_same_noise_four_ways() -> None:
    """All four begin with the picture's own seed and lean towards different ones."""
    request = again.varied(image())
    assert request.seeds == (8, 8, 8, 8)
    assert request.variation is not None
    assert len(set(request.variation.seeds)) == 4
    assert request.variation.strength == 0.35
    assert request.parent_image_id == 3


def test_upscaling_doubles_the_size_from_the_picture_itself() -> None:
    """One picture, the same seed, twice the pixels each way."""
    request = again.upscaled(image())
    assert request.seeds == (8,)
    assert (request.width_px, request.height_px) == (128, 128)
    assert request.start == StartImage(key=key_of("image"), strength=0.35)


def test_upscaling_a_variation_leaves_the_variation_behind() -> None:
    """The start image is what counts, so one seed is enough."""
    request = again.upscaled(image(variation=Variation(seeds=(1, 2), strength=0.3)))
    assert request.variation is None


def test_upscaling_ends_somewhere() -> None:
    """What would be too large is refused with the sizes."""
    with pytest.raises(Conflict, match="2064 × 2064"):
        again.upscaled(image(side_px=2064))


def test_more_like_this_begins_four_times_from_the_picture() -> None:
    """Four new seeds, each starting from the picture."""
    request = again.alike(image())
    assert len(set(request.seeds)) == 4
    assert request.start == StartImage(key=key_of("image"), strength=0.65)
    assert (request.width_px, request.height_px) == (64, 64)


def test_made_again_it_is_drawn_alone() -> None:
    """The whole batch of the job as it was, and nobody else's pictures in it."""
    shared = image()
    request = again.replayed(shared)
    assert request.exact
    assert request.model_copy(update={"exact": False}) == shared.manifest.request


def test_what_is_made_from_an_exact_picture_may_share_a_batch() -> None:
    """There is no earlier picture that the new ones would have to equal."""
    exact = image(exact=True)
    assert not any(make(exact).exact for make in (again.varied, again.upscaled, again.alike))


@pytest.mark.parametrize("direction", again.Direction)
def test_expanding_lays_the_picture_on_a_larger_canvas(direction: again.Direction) -> None:
    """Four dice, nothing of the picture's own noise, and a size that is left to the model."""
    request = again.expanded(image(variation=Variation(seeds=(1, 2), strength=0.3)), direction)
    assert request.start == StartImage(key=key_of("image"), strength=0.85)
    assert request.expand == again.MARGINS[direction]
    assert max(request.expand.growth) in {1.5, 2}
    assert (request.width_px, request.height_px, request.variation) == (None, None, None)
    assert len(set(request.seeds)) == 4


def test_what_was_painted_into_is_a_picture_like_any_other() -> None:
    """Upscaled or expanded, the mask and the margins of its making are left behind."""
    parts = {
        "start": StartImage(key=key_of("ground"), strength=1),
        "mask": key_of("mask"),
        "expand": Margins(left=1),
    }
    made = image(**parts)
    for request in (again.upscaled(made), again.alike(made)):
        assert (request.mask, request.expand) == (None, None)
    assert again.expanded(made, again.Direction.UP).mask is None
    assert again.redone(made.manifest.request).mask == key_of("mask")


def test_a_mask_needs_a_picture() -> None:
    """A request of loose parts is refused."""
    with pytest.raises(ValueError, match="need a picture"):
        image(mask=key_of("mask"))


def test_redoing_changes_only_the_seeds() -> None:
    """The same wish, other dice."""
    request = image().manifest.request
    redone = again.redone(request)
    assert redone.seeds != request.seeds
    assert redone.model_copy(update={"seeds": request.seeds}) == request


def test_redoing_a_variation_keeps_the_picture_that_it_varies() -> None:
    """Only the directions of a variation are drawn anew."""
    request = image(variation=Variation(seeds=(1, 2), strength=0.3)).manifest.request
    redone = again.redone(request)
    assert redone.seeds == request.seeds
    assert redone.variation is not None
    assert redone.variation.seeds != (1, 2)


def test_one_picture_of_several_is_redone_alone() -> None:
    """One new seed; one of a variation takes one new direction from the picture that it varies."""
    setup = Setup(plain=True, schedule={})
    request = again.redone_alone(image(setup=setup))
    assert (len(request.seeds), request.seeds == (8,), request.setup) == (1, False, None)
    expected = {"seeds": request.seeds, "setup": None}
    assert request == image(setup=setup).manifest.request.model_copy(update=expected)
    varied = again.redone_alone(image(variation=Variation(seeds=(1, 2), strength=0.3)))
    assert varied.variation is not None
    assert (varied.seeds, len(varied.variation.seeds)) == ((8,), 1)
    assert varied.variation.seeds != (2,)


def test_one_picture_of_several_is_drawn_again_alone() -> None:
    """Its own seed, and its own direction of a variation, of which the last stands for the rest."""
    made = image(variation=Variation(seeds=(1, 2), strength=0.3))
    request = again.redrawn(made)
    assert (request.seeds, request.variation) == ((8,), Variation(seeds=(2,), strength=0.3))
    shared = again.redrawn(image(variation=Variation(seeds=(1,), strength=0.3)))
    assert shared.variation == Variation(seeds=(1,), strength=0.3)
    assert again.redrawn(image()).model_copy(update={"seeds": (7, 8)}) == image().manifest.request


def test_a_scene_leaves_a_picture_of_ours_behind() -> None:
    """Where it began from one, all concepts were in that already; a person's own picture stays."""
    parts = {"start": StartImage(key=key_of("ground"), strength=0.5), "expand": Margins(left=1)}
    bare = again.scene(image(**parts, parent_image_id=3))
    assert (bare.start, bare.expand, bare.width_px, bare.seeds) == (None, None, None, (8,))
    theirs = again.scene(image(**parts))
    assert theirs.start == StartImage(key=key_of("ground"), strength=0.5)
    assert again.scene(image(parent_image_id=3)).width_px == 64


@given(st.integers(0, SEED_MAX), st.integers(1, 4))
def test_seeds_count_up_and_wrap(base: int, count: int) -> None:
    """Seeds follow each other and stay in range at the end of it."""
    seeds = again.seeds_from(base, count)
    assert seeds[0] == base
    assert all(0 <= seed <= SEED_MAX for seed in seeds)
    assert len(set(seeds)) == count


def test_a_training_again_has_all_but_what_was_changed() -> None:
    """Pictures, captions, masks, parents and seed stay; a new name is the one in captions too."""
    first = TrainRequest(
        concept_id=3, name="xyz", class_noun="temple", concept_kind=ConceptKind.SUBJECT,
        pictures=("a", "b"), captions=("<xyz> temple at night", ""), masks=("", "m"),
        preset=Preset.PIVOTAL, steps=40, settings={"rank": 4}, parents=(ENTRY,), seed=7,
        ends_early=True,
    )  # fmt: skip
    now = Concept(
        id=1, guild_id=1, owner_id=1, name="abc", class_noun="forest", kind=ConceptKind.STYLE,
        created_at=datetime.now(UTC),
    )  # fmt: skip
    changed = again.retaught(first, now, steps=None, settings={"rank": 8, "snr_cap": None})
    assert changed == first.model_copy(
        update={
            "name": "abc",
            "class_noun": "forest",
            "concept_kind": ConceptKind.STYLE,
            "captions": ("<abc> temple at night", ""),
            "steps": None,
            "settings": {"rank": 8, "snr_cap": None},
            "ends_early": False,
        }
    )
    same = again.retaught(changed, now, steps=None, settings=changed.settings)
    assert same == changed
