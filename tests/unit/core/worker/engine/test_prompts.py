"""Prompts are encoded once for each stack, as the pipeline encodes them."""

import pytest
import torch

from core.worker.engine.prompts import KEPT, Prompts


@pytest.fixture
def counted(base, stacks, monkeypatch):
    """A cache of prompts, and how often the encoder ran."""
    calls, encode = [], base.pipe.encode_prompt

    def counting(*args, **kwargs):
        calls.append(args)
        return encode(*args, **kwargs)

    monkeypatch.setattr(base.pipe, "encode_prompt", counting)
    return Prompts(base, stacks), calls


def test_same_words_are_encoded_once(counted):
    """Another prompt, negative prompt or guidance is another entry."""
    prompts, calls = counted
    first = prompts.encode("a cat", "", (), guided=True, apart=False)
    assert prompts.encode("a cat", "", (), guided=True, apart=False) is first
    prompts.encode("a dog", "", (), guided=True, apart=False)
    prompts.encode("a cat", "red", (), guided=True, apart=False)
    assert prompts.encode("a cat", "", (), guided=False, apart=False).negative is None
    assert len(calls) == 4


def test_another_version_or_weight_is_another_word(counted, make_concept):
    """The same name in another guild, retaught, or weaker, reads as its own vectors."""
    prompts, calls = counted
    asked = [
        make_concept("one", seed=1),
        make_concept("one", seed=2),
        make_concept("one", seed=2, weight=0.5),
    ]
    said = [prompts.encode("a <one>", "", (entry,), guided=False, apart=False) for entry in asked]
    again = [prompts.encode("a <one>", "", (entry,), guided=False, apart=False) for entry in asked]
    assert len(calls) == 3
    assert all(a is b for a, b in zip(said, again, strict=True))
    rows = [each.prompt.embeds for each in said]
    assert not torch.allclose(rows[0], rows[1])
    assert not torch.allclose(rows[1], rows[2])


def test_memory_is_bounded_and_the_recent_stay(counted):
    """A prompt that is asked for again and again is not pushed out by others."""
    prompts, calls = counted
    favourite = prompts.encode("a cat", "", (), guided=False, apart=False)
    for index in range(KEPT + 10):
        prompts.encode(f"{index}", "", (), guided=False, apart=False)
        assert prompts.encode("a cat", "", (), guided=False, apart=False) is favourite
    prompts.encode("0", "", (), guided=False, apart=False)
    assert len(calls) == 1 + KEPT + 10 + 1


def test_a_text_adapter_speaks_of_its_own_words_only(counted, make_concept):
    """Kept apart, the words of one concept are encoded as if the other had nothing to say."""
    prompts, _ = counted
    one, two = (make_concept(name, seed=s, speaks=True) for s, name in ((1, "one"), (2, "two")))
    plain = make_concept("one", seed=1, weight=0.0)

    def said(*stack, apart):
        return prompts.encode("a <one> house, <two> house", "", stack, guided=False, apart=apart)

    both, second = said(one, two, apart=True), said(plain, two, apart=False)
    own = list(both.phrases[1])
    assert own
    assert torch.equal(both.prompt.embeds[:, own], second.prompt.embeds[:, own])
    summed = said(one, two, apart=False)
    assert not torch.allclose(both.prompt.embeds[:, own], summed.prompt.embeds[:, own], atol=1e-2)


def test_another_text_adapter_is_another_entry(counted, make_concept):
    """And it is no longer at work for the next prompt."""
    prompts, _ = counted
    loud, silent = make_concept("one", seed=1, speaks=True), make_concept("one", seed=1)
    bare = prompts.encode("a cat", "", (), guided=False, apart=False)
    rows = [
        prompts.encode("a <one>", "", (entry,), guided=False, apart=False).prompt.embeds
        for entry in (loud, silent, loud)
    ]
    assert not torch.allclose(rows[0], rows[1], atol=1e-2)
    assert rows[0] is rows[2]
    again = prompts.encode("a cat ", "", (), guided=False, apart=False)
    assert torch.equal(bare.prompt.embeds, again.prompt.embeds)
