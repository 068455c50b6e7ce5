"""Learned words in the tokenizers and text encoders."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.domain.recipes import VECTORS_MAX
from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.worker.tokens import SLOT_COUNT, SLOTS, spell, spelled


def test_names_become_slots_and_others_stay():
    """Only names of the stack are turned, in any case and as often as they stand there."""
    slots = {"xyz": spelled(0), "kar": spelled(1)}
    written = spell("a <XYZ> temple, <xyz>, <kar> and <abc>", slots)
    assert written == f"a {SLOTS[0]} temple, {SLOTS[0]}, {SLOTS[1]} and <abc>"


@given(st.text(max_size=40), st.sets(st.integers(0, SLOT_COUNT - 1)))
def test_nobody_can_write_a_slot(text, worn):
    """Whatever a person types, no slot comes out that their own stack does not hold."""
    slots = {f"name{index}": spelled(index) for index in worn}
    smuggled = text + "".join(SLOTS)
    assert not set(SLOTS) & set(spell(smuggled, slots))


def test_slot_is_one_token_with_its_own_row(base, stacks):
    """A slot between other words is a single id whose row is what was filled in."""
    (table,), (slot,) = stacks.tokens.embeddings, stacks.tokens.ids(2)
    vector = torch.linspace(-1, 1, table.embedding_dim)
    stacks.tokens.fill(2, [vector])
    ids = base.pipe.tokenizer(f"a {SLOTS[2]} temple,{SLOTS[2]}").input_ids
    assert ids.count(slot) == 2
    assert torch.equal(table.weight[slot], vector)
    assert not table.weight.requires_grad


def test_slots_change_nothing_for_prompts_without_them(base, stacks):
    """The text encoder's answer for plain words does not depend on what the slots hold."""
    ids = base.pipe.tokenizer("a red temple", return_tensors="pt").input_ids
    with torch.no_grad():
        stacks.tokens.fill(0, [torch.zeros(stacks.tokens.embeddings[0].embedding_dim)])
        before = base.pipe.text_encoder(ids)[0]
        stacks.tokens.fill(0, [torch.ones(stacks.tokens.embeddings[0].embedding_dim)])
        after = base.pipe.text_encoder(ids)[0]
    assert torch.equal(before, after)


@pytest.mark.parametrize("prompt", ["", "plain words", "<not closed", "a < b > c"])
def test_prompt_without_names_is_left_alone(prompt):
    """Angle brackets alone mean nothing."""
    assert spell(prompt, {"xyz": spelled(0)}) == prompt


def test_word_of_several_vectors_is_as_many_characters(base, stacks):
    """Each reads its own row, and a word of one vector stays one character."""
    (table,) = stacks.tokens.embeddings
    rows = torch.randn((3, table.embedding_dim), generator=torch.Generator().manual_seed(1))
    stacks.tokens.fill(1, [rows])
    prompt = spell("a <xyz> in <kar>", {"xyz": spelled(1, 3), "kar": spelled(0)})
    assert prompt == f"a {spelled(1, 3)} in {SLOTS[0]}"
    ids = base.pipe.tokenizer(prompt).input_ids
    own = [stacks.tokens.ids(1, vector=index)[0] for index in range(3)]
    assert ids[2:5] == own
    assert torch.equal(table.weight[own], rows)


def test_no_two_vectors_share_a_character():
    """Full words in every slot are all different characters."""
    every = "".join(spelled(slot, VECTORS_MAX) for slot in range(SLOT_COUNT))
    assert len(set(every)) == len(every) == SLOT_COUNT * VECTORS_MAX


def test_sentence_that_cuts_a_concept_off_is_refused(base, stacks):
    """Up to the last token that is read it is whole; a plain sentence may be of any length."""
    read = base.pipe.tokenizer.model_max_length - 2
    fits = "red " * (read - 4) + spelled(0, 4)
    assert stacks.tokens.whole(fits) == fits
    with pytest.raises(InvalidInput, match=f"{read + 1} tokens, and the model reads {read}"):
        stacks.tokens.whole("red " + fits)
    late = spelled(0, 4) + " red" * read
    assert stacks.tokens.whole(late) == late
    plain = "red " * 200
    assert stacks.tokens.whole(plain) == plain


def test_long_sentence_is_refused_as_it_is_drawn(imaginer, make_concept, ticket):
    """By the job that asks for it, in words."""
    wish = ImagineRequest(
        prompt="red " * 90 + "<one>", seeds=(1,), stack=(make_concept("one", seed=1),)
    )
    with pytest.raises(InvalidInput, match="fewer words"):
        imaginer.run(wish, ticket)
