"""Learned words in the tokenizers and text encoders."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.worker.tokens import SLOT_COUNT, SLOTS, spell


def test_names_become_slots_and_others_stay():
    """Only names of the stack are turned, in any case and as often as they stand there."""
    spelled = spell("a <XYZ> temple, <xyz>, <kar> and <abc>", {"xyz": 0, "kar": 1})
    assert spelled == f"a {SLOTS[0]} temple, {SLOTS[0]}, {SLOTS[1]} and <abc>"


@given(st.text(max_size=40), st.sets(st.integers(0, SLOT_COUNT - 1)))
def test_nobody_can_write_a_slot(text, worn):
    """Whatever a person types, no slot comes out that their own stack does not hold."""
    slots = {f"name{index}": index for index in worn}
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
    assert spell(prompt, {"xyz": 0}) == prompt
