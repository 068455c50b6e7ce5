"""Aliases, tags and search."""

import pytest

from core.domain.people import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.services.labels import EACH_MAX, Labelled
from tests.studio import Studio

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)


async def test_alias_is_as_good_as_the_name(studio: Studio) -> None:
    """In prompts as token, bare word and option, in commands, in completion, in speech."""
    concept = await studio.teach(ANNA, "xyz")
    labelled = await studio.services.labels.alias(ANNA, "xyz", "<Shrine>")
    assert labelled == Labelled(("shrine",), ())
    assert await studio.services.library.find(1, "shrine") == concept
    for prompt in ("a <shrine:0.5> at night", "a shrine at night", "<xyz> and shrine"):
        submitted = await studio.ask(BEN, prompt)
        assert [entry.name for entry in submitted.stack] == ["xyz"]
        assert "shrine" not in submitted.job.request.prompt
    assert [c.name for c in await studio.services.library.complete(1, "shr")] == ["xyz"]
    hotwords = await studio.services.library.hotwords(1)
    assert {(word.name, word.concept_id) for word in hotwords} == {
        ("xyz", concept.id),
        ("shrine", concept.id),
    }


async def test_alias_under_a_taught_concept_is_the_concept(studio: Studio) -> None:
    """Named twice it lies underneath once, and none is based on itself."""
    await studio.teach(ANNA, "xyz")
    await studio.services.labels.alias(ANNA, "xyz", "shrine")
    taught = await studio.teach(ANNA, "kar", base_on=("xyz", "shrine"))
    assert taught.latest is not None
    assert len(taught.latest.parents) == 1
    with pytest.raises(InvalidInput, match="based on itself"):
        await studio.teach(ANNA, "xyz", base_on=("shrine",))


async def test_names_and_aliases_are_one_set(studio: Studio) -> None:
    """None is given twice; a concept that is gone keeps none from others."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "kar")
    labels, library = studio.services.labels, studio.services.library
    await labels.alias(ANNA, "xyz", "shrine")
    for taken in ("kar", "shrine", "xyz"):
        with pytest.raises(Conflict, match="already"):
            await labels.alias(ANNA, "kar", taken)
    with pytest.raises(Conflict):
        await library.rename(ANNA, "kar", "shrine")
    await library.delete(ANNA, "xyz")
    with pytest.raises(NotFound):
        await library.find(1, "shrine")
    await labels.alias(ANNA, "kar", "shrine")
    assert (await library.find(1, "shrine")).name == "kar"


async def test_near_aliases_are_suggested(studio: Studio) -> None:
    """Whoever mistypes one is helped as with names."""
    await studio.teach(ANNA, "xyz")
    await studio.services.labels.alias(ANNA, "xyz", "lighthouse")
    with pytest.raises(NotFound, match="Did you mean <lighthouse>"):
        await studio.services.library.find(1, "lighthous")


async def test_concepts_are_found_by_tag_and_by_word(studio: Studio) -> None:
    """A tag is exact; a search looks into names, aliases, classes and tags."""
    labels, library = studio.services.labels, studio.services.library
    for name, noun in (("xyz", "temple"), ("kar", "forest"), ("zed", "temple")):
        await studio.teach(ANNA, name, noun)
    await labels.tag(ANNA, "xyz", "Holiday")
    await labels.tag(ANNA, "kar", "holiday")
    await labels.tag(ANNA, "xyz", "holiday")
    await labels.alias(ANNA, "zed", "minster")

    async def names(**wanted: str) -> list[str]:
        return [concept.name for concept in await library.list(1, **wanted)]

    assert await names(tag="HOLIDAY") == ["kar", "xyz"]
    assert await names(tag="holi") == []
    assert await names(search="holi") == ["kar", "xyz"]
    assert await names(search="temple") == ["xyz", "zed"]
    assert await names(search="minst") == ["zed"]
    assert await names(search="temple", tag="holiday") == ["xyz"]
    assert await names(search="100%") == []
    assert await labels.tags(1, "hol") == ["holiday"]


async def test_labels_are_taken_off(studio: Studio) -> None:
    """Alias or tag; what is not there is told."""
    concept = await studio.teach(ANNA, "xyz")
    labels = studio.services.labels
    await labels.alias(ANNA, "xyz", "shrine")
    await labels.tag(ANNA, "xyz", "old")
    assert await labels.of(concept) == Labelled(("shrine",), ("old",))
    assert await labels.take_off(ANNA, "shrine", "shrine") == Labelled((), ("old",))
    assert await labels.take_off(ANNA, "xyz", "old") == Labelled((), ())
    with pytest.raises(InvalidInput, match="no alias"):
        await labels.take_off(ANNA, "xyz", "old")


async def test_labels_have_bounds(studio: Studio) -> None:
    """Words only, ten of each, by the owner."""
    await studio.teach(ANNA, "xyz")
    labels = studio.services.labels
    for bad in ("two words", "x", "9lives"):
        with pytest.raises(InvalidInput):
            await labels.tag(ANNA, "xyz", bad)
        with pytest.raises(InvalidInput):
            await labels.alias(ANNA, "xyz", bad)
    for number in range(EACH_MAX):
        await labels.tag(ANNA, "xyz", f"tag{number}")
        await labels.alias(ANNA, "xyz", f"alias{number}")
    for give in (labels.tag, labels.alias):
        with pytest.raises(Conflict, match="Take one off"):
            await give(ANNA, "xyz", "more")
        with pytest.raises(NotAllowed):
            await give(BEN, "xyz", "more")


async def test_labels_stay_in_their_guild(studio: Studio) -> None:
    """The same words elsewhere mean other things, or nothing."""
    await studio.teach(ANNA, "xyz")
    await studio.services.labels.alias(ANNA, "xyz", "shrine")
    await studio.services.labels.tag(ANNA, "xyz", "old")
    with pytest.raises(NotFound):
        await studio.services.library.find(2, "shrine")
    with pytest.raises(NotFound):
        await studio.services.labels.tag(STRANGER, "shrine", "new")
    assert await studio.services.labels.tags(2, "") == []
    assert await studio.services.library.list(2, search="shrine") == []
    theirs = await studio.teach(STRANGER, "kar")
    await studio.services.labels.alias(STRANGER, "kar", "shrine")
    assert await studio.services.library.find(2, "shrine") == theirs
    assert (await studio.services.library.find(1, "shrine")).name == "xyz"
