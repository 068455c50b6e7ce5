"""Plain pictures: found again where all that decides them is the same."""

from dataclasses import replace

import torch

from core.domain.concepts import ConceptKind, StackEntry
from core.worker.training import drawn_once

PARENT = StackEntry(
    concept_id=2, version_id=2, name="one", class_noun="cat", kind=ConceptKind.SUBJECT,
    artifact="ab" * 32,
)  # fmt: skip


def test_pictures_are_found_again_while_all_are_there(storage):
    """One that is gone, and all are drawn anew."""
    keys = [storage.put(b"one"), storage.put(b"two")]
    assert drawn_once.recalled(storage, "prior x") == []
    drawn_once.remember(storage, "prior x", keys)
    assert drawn_once.recalled(storage, "prior x") == keys
    drawn_once.remember(storage, "prior x", [*keys, "0" * 64])
    assert drawn_once.recalled(storage, "prior x") == []


def test_name_holds_all_that_decides_the_pictures(base):
    """Prompts, seeds, and what lies underneath with its weights."""
    wishes, half = [("a circle", (1, 2))], PARENT.model_copy(update={"weight": 0.5})
    asked = [
        ((), wishes),
        ((), [("a ring", (1, 2))]),
        ((), [("a circle", (1, 3))]),
        ((), [*wishes, *wishes]),
        ((PARENT,), wishes),
        ((half,), wishes),
    ]
    names = {drawn_once.name_of(base, parents, of) for parents, of in asked}
    assert len(names) == len(asked)
    assert drawn_once.name_of(base, (), list(wishes)) in names


def test_pictures_of_another_sampler_are_others(base):
    """What a course draws in brief is remembered apart from what is drawn in the usual steps."""
    plain = replace(base, family=replace(base.family, brief=None))
    names = {drawn_once.name_of(model, (), [("a circle", (1,))]) for model in (base, plain)}
    assert len(names) == 2


def test_pictures_of_other_weights_are_others(base):
    """A new decoder, or a new UNet under the old name, draws them anew."""
    names = [drawn_once.name_of(base, (), [])]
    for module in (base.pipe.unet.conv_in, base.pipe.vae.decoder):
        weight = next(module.parameters())
        before = weight.detach().clone()
        try:
            with torch.no_grad():
                weight += 1
            names.append(drawn_once.name_of(base, (), []))
        finally:
            weight.data.copy_(before)
    assert len(set(names)) == 3
    assert drawn_once.name_of(base, (), []) == names[0]
