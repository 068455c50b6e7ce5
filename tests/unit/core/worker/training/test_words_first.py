"""Words that begin as others: what they are spelled as, and what comes of them in a course."""

import pytest
import torch

from core.dispatch.messages import Progressed
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.recipes import VECTORS_MAX, Method, Recipe
from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.worker.artifact import Artifact, pack, unpack
from core.worker.stack import TOP_SLOT
from core.worker.tokens import spelled
from core.worker.training import checkpoint
from core.worker.training.lesson import Lesson
from core.worker.training.parts import Bench
from core.worker.training.parts.word import Word, noun_vectors
from tests.unit.core.worker.training.conftest import RECIPE, finish, new_ticket, until_saved


def recipe(**changes):
    usual = {"method": Method.TEXTUAL_INVERSION, "prior_pictures": 0, "steps": 2}
    return Recipe.model_validate(RECIPE.model_dump() | usual | changes)


@pytest.fixture
def bench_of(base, stacks, request_of):
    def bench(**changes):
        request = request_of(recipe=recipe(**changes))
        return Bench(base, stacks, request, request.recipe, adapter="words")

    return bench


def ids_of(base, text):
    return base.tokenizers[0](text, add_special_tokens=False).input_ids


def test_word_begins_as_the_vectors_of_its_words(base, bench_of):
    """As many as they have tokens, whatever the recipe says of vectors."""
    word = Word(bench_of(begins_as="red circle in a blue ring", vectors=2))
    rows = base.text_encoders[0].get_input_embeddings().weight
    (begun,) = word.parameters
    assert torch.equal(begun, rows[ids_of(base, "red circle in a blue ring")].float())


def test_weight_0_makes_the_plain_noun_of_it(base, bench_of):
    """Each of its vectors ends there, however it began."""
    (pair,) = Word(bench_of(begins_as="red circle")).packed()["tokens"]
    (noun,) = noun_vectors(base, "circle")
    assert torch.equal(pair[1], noun.expand_as(pair[1]))
    assert not torch.equal(pair[0], pair[1])


def test_words_that_are_too_many_are_refused(bench_of):
    """With their number and what to do."""
    with pytest.raises(InvalidInput, match=rf"at most|{VECTORS_MAX}.*fewer words"):
        Word(bench_of(begins_as="red " * (VECTORS_MAX + 1)))


@pytest.mark.parametrize(
    ("begins_as", "says"),
    [("red circle", True), ("Red Circle in a ring", True), ("red encircled", False), ("", False)],
)
def test_words_may_say_the_noun(begins_as, says):
    """As a word of its own."""
    assert recipe(begins_as=begins_as).says_noun("circle") is says


@pytest.mark.parametrize(
    ("begins_as", "left"), [("red circle in a blue ring", ""), ("red", " circle")]
)
def test_noun_is_not_said_twice(base, stacks, bench_of, begins_as, left):
    """`<orb> circle` is the words as they were found, and with words without it the noun stays."""
    lesson = Lesson(bench_of(begins_as=begins_as))
    try:
        speller = lesson.wear()
        slot = spelled(TOP_SLOT, len(ids_of(base, begins_as)))
        assert speller("a <orb> circle at night") == f"a {slot}{left} at night"
        assert speller("an <ORB> Circle") == f"an {slot}{left.title()}"
        assert speller("an <orb> circlet, an <orb>") == f"an {slot} circlet, an {slot}"
    finally:
        lesson.close()


def test_version_knows_that_its_word_says_the_noun(teacher, storage, request_of):
    """What is drawn with it later is spelled as it was taught."""
    made = finish(teacher.run(request_of(recipe=recipe(begins_as="red circle")), new_ticket([])))
    assert unpack(storage.get(made.artifact)).says_noun
    assert made.recipe.begins_as == "red circle"


def test_words_as_they_began_draw_what_they_say(base, imaginer, storage, bench_of):
    """In a stack they are read as in plain, bit for bit."""
    said = "red circle in a blue ring"
    facts = {"name": "orb", "class_noun": "circle", "family": base.family.name, "says_noun": True}
    version = Artifact({}, facts=facts, **Word(bench_of(begins_as=said)).packed())
    entry = StackEntry(
        concept_id=1, version_id=1, name="orb", class_noun="circle", kind="subject",
        artifact=storage.put(pack(version)),
    )  # fmt: skip

    def drawn(prompt, *stack):
        wish = ImagineRequest(prompt=prompt, seeds=(1,), stack=stack)
        return imaginer.run(wish, new_ticket([])).images[0].key

    plain = drawn(f"a photo of a {said} at night")
    assert drawn("a photo of a <orb> circle at night", entry) == plain
    assert drawn("a photo of a red circle at night") != plain


def looked_for(told):
    said = [message.progress.note for message in told if isinstance(message, Progressed)]
    return [note for note in said if note.startswith("finding words")]


@pytest.mark.parametrize(
    ("changes", "looked"),
    [
        ({}, True),
        ({"begins_as": "red circle"}, False),
        ({"words_first": False}, False),
    ],
)
def test_words_are_looked_for_where_the_recipe_names_none(
    teacher, request_of, few_looks, changes, looked
):
    """Once a course, and told while it lasts."""
    told = []
    made = recipe(**{"words_first": True} | changes)
    finish(teacher.run(request_of(recipe=made), new_ticket(told)))
    assert bool(looked_for(told)) is looked


def test_styles_are_not_told_in_words(teacher, request_of, few_looks):
    """There are none for them, and they are taught all the same."""
    told, made = [], recipe(words_first=True)
    style = request_of(recipe=made, concept_kind=ConceptKind.STYLE)
    assert finish(teacher.run(style, new_ticket(told))).artifact
    assert not looked_for(told)


def test_what_was_found_is_not_looked_for_again(teacher, request_of, few_looks, storage):
    """A course that is put down after the search goes on from its outcome, to the same version."""
    request, told, later = request_of(recipe=recipe(words_first=True)), [], []
    until_saved(teacher.run(request, new_ticket(told)), told).close()
    found = checkpoint.unpack(storage.get(told[-1].key)).begins_as
    assert found is not None
    resumed = finish(teacher.run(request, new_ticket(later, checkpoint=told[-1].key)))
    assert looked_for(told)
    assert not looked_for(later)
    assert resumed.artifact == finish(teacher.run(request, new_ticket([]))).artifact
