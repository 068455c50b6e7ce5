"""Orthogonal slots: adapters that read different directions of what a layer reads."""

from itertools import combinations

import pytest
import torch

from core.domain.changes import parse_changes
from core.domain.recipes import SLOTS, Preset, Recipe
from core.errors import InvalidInput
from core.worker.artifact import unpack
from core.worker.families import FAMILIES
from core.worker.training.norms import limit_norms
from core.worker.training.presets import recipe_for
from core.worker.training.slots import slot_rows
from tests.unit.core.worker.training.conftest import finish, new_ticket

RECIPE = Recipe(
    steps=2, batch=1, rank=2, prior_pictures=0, checkpoint_every=1, preview_every=100,
    learning_rate=0.01, freeze_a=True,
)  # fmt: skip


@pytest.mark.parametrize("width", [48, 432, 3456])
def test_slots_are_orthonormal_and_have_nothing_in_common(width):
    """Six of rank 8 in the narrowest layer of the pocket model too; the same each time."""
    slots = [slot_rows(slot, rank=8, width=width) for slot in range(6)]
    for rows in slots:
        assert torch.allclose(rows @ rows.T, torch.eye(8), atol=1e-5)
    for one, other in combinations(slots, 2):
        assert (one @ other.T).abs().max() < 1e-5
    assert torch.equal(slots[3], slot_rows(3, rank=8, width=width))


def test_a_layer_counts_on_where_it_has_no_more_slots():
    """And a rank beyond the width is no reason to fail."""
    assert torch.equal(slot_rows(6, rank=8, width=48), slot_rows(0, rank=8, width=48))
    assert slot_rows(3, rank=9, width=4).shape == (9, 4)


def test_a_concepts_number_is_its_slot(request_of):
    """Unless the recipe names one; recipes of other methods have none."""
    wish = {"recipe": None, "preset": Preset.ORTHOGONAL, "concept_id": SLOTS + 5}
    made = recipe_for(request_of(**wish), FAMILIES["sd1"], device="cpu")
    assert (made.freeze_a, made.slot) == (True, 5)
    told = request_of(**wish, settings=parse_changes("slot=9"))
    assert recipe_for(told, FAMILIES["sd1"], device="cpu").slot == 9
    plain = recipe_for(request_of(recipe=Recipe()), FAMILIES["sd1"], device="cpu")
    assert (plain.freeze_a, plain.slot) == (False, None)
    with pytest.raises(InvalidInput, match="slot"):
        parse_changes(f"slot={SLOTS}")


def test_b_alone_learns(teacher, stacks, storage, request_of):
    """A lies in its slot, in convolutions too; taught in two slots, all layers are orthogonal."""
    made = []
    for number in (1, 2):
        trained = finish(teacher.run(request_of(recipe=RECIPE, concept_id=number), new_ticket([])))
        assert trained.recipe.slot == number
        made.append(unpack(storage.get(trained.artifact)).lora)
    for key, down in made[0].items():
        if ".lora_A." not in key:
            assert down.abs().max() > 0
            continue
        rows, others = down.flatten(1), made[1][key].flatten(1)
        own = slot_rows(1, rank=2, width=rows.shape[1])
        assert torch.allclose(torch.nn.functional.normalize(rows), own, atol=1e-5)
        assert (rows @ others.T).abs().max() < 1e-3
    assert not stacks.adapters._fixed


def test_norm_limit_leaves_a_in_its_slot():
    """B alone is made smaller."""
    pair = {"x.lora_A.weight": torch.ones(2, 3), "x.lora_B.weight": torch.ones(4, 2)}
    limit_norms(pair, 1.0)
    assert torch.equal(pair["x.lora_A.weight"], torch.ones(2, 3))
    assert (pair["x.lora_B.weight"] @ pair["x.lora_A.weight"]).norm() == pytest.approx(1)
