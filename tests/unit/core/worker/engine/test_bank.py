"""The bank of adapters against peft, and what it keeps where."""

import re
from functools import partial

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils import set_peft_model_state_dict

from core.errors import ModelFault
from core.worker.engine.bank import HOST_TIMES, PAGES_LEAST, Bank, BankFull, pairs, share
from core.worker.engine.reach import Worn
from core.worker.engine.shelves import Shelf
from tests.unit.core.worker.engine import small

pytestmark = pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning")

CLOSE = 1e-5


@pytest.fixture
def model():
    return small.model()


@pytest.fixture
def bank(model):
    return Bank(model, budget_bytes=0)  # the fewest pages


def put_in(bank, model, **adapters):
    """Prints adapters by name."""
    for name, adapter in adapters.items():
        bank.print(name, adapter)


def row(*worn):
    return tuple(Worn(name, weight) for name, weight in worn)


def peft_says(adapters, worn, inputs):
    """What peft makes of one row that has these adapters, at these weights, for itself."""
    model = small.model()
    if not worn:
        return model(*inputs)
    for name, _ in worn:
        inject_adapter_in_model(config_of(adapters[name]), model, name)
        state = {}
        for key, (down, up) in adapters[name].items():
            state |= {f"{key}.lora_A.weight": down, f"{key}.lora_B.weight": up}
        assert not set_peft_model_state_dict(model, state, adapter_name=name).unexpected_keys
    for module in model.modules():
        if isinstance(module, BaseTunerLayer):
            module.set_adapter([name for name, _ in worn if name in module.r])
            for name, weight in worn:
                module.set_scale(name, weight)
    return model(*inputs)


def config_of(adapter):
    ranks = {f"^{re.escape(key)}": len(down) for key, (down, _) in adapter.items()}
    return LoraConfig(
        r=1, lora_alpha=1, target_modules=list(adapter), rank_pattern=ranks, alpha_pattern=ranks
    )


def bank_says(model, bank, rows, inputs):
    for each in rows:
        bank.pin([worn.adapter for worn in each])
    bank.wear(rows)
    with torch.no_grad():
        return model(*inputs)


def test_every_row_is_what_peft_makes_of_it_alone(model, bank):
    """Linear layers and convolutions, several adapters, other weights, and a row without any."""
    adapters = {
        name: small.adapter(model, seed=seed) for seed, name in enumerate(("ann", "bob", "cat"))
    }
    put_in(bank, model, **adapters)
    rows = [
        row(("ann", 1.0)),
        row(("bob", 0.3), ("cat", -0.7)),
        row(),
        row(("cat", 1.5), ("ann", 0.2), ("bob", 1.0)),
    ]
    given = small.inputs(len(rows))
    made = bank_says(model, bank, rows, given)
    for index, each in enumerate(rows):
        alone = [part[index : index + 1] for part in given]
        worn = [(w.adapter, w.weight) for w in each]
        assert torch.allclose(made[index : index + 1], peft_says(adapters, worn, alone), atol=CLOSE)


def test_ranks_may_differ_between_adapters_and_layers(model, bank):
    """Ranks below, at and beyond a page; adapters that touch only some layers."""
    adapters = {
        "wide": small.adapter(model, seed=1, ranks=(1, 8, 9, 20, 3, 2)),
        "linear": small.adapter(model, seed=2, ranks=17, layers=("linear", "attn2.to_k")),
        "convolution": small.adapter(model, seed=3, ranks=4, layers=("strided",)),
    }
    put_in(bank, model, **adapters)
    rows = [
        row(("wide", 0.1)),
        row(("linear", 0.5), ("convolution", 0.5)),
        row(("convolution", 1.0), ("wide", 0.2)),
    ]
    given = small.inputs(len(rows))
    made = bank_says(model, bank, rows, given)
    for index, each in enumerate(rows):
        alone = [part[index : index + 1] for part in given]
        theirs = peft_says(adapters, [(w.adapter, w.weight) for w in each], alone)
        assert torch.allclose(made[index : index + 1], theirs, rtol=1e-5, atol=1e-4)


def test_what_lay_in_memory_before_reaches_no_row(model, bank, monkeypatch):
    """The bank's pages are taken as they are found; rows that wear less than others stay clean."""
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *size, **how: empty(*size, **how).fill_(torch.nan))
    put_in(
        bank, model, ann=small.adapter(model, seed=1, ranks=20), bob=small.adapter(model, seed=2)
    )
    rows = [row(("ann", 1.0), ("bob", 0.5)), row(("bob", 0.5)), row()]
    given = small.inputs(len(rows))
    made = bank_says(model, bank, rows, given)
    assert torch.isfinite(made).all()
    assert torch.allclose(made[2:], small.model()(*(part[2:] for part in given)), atol=CLOSE)


def test_what_no_row_wears_costs_no_layer_anything(model, bank):
    """Layers that no worn adapter changes have nothing to add, and bare ones are bare again."""
    put_in(bank, model, ann=small.adapter(model, seed=1, layers=("linear",)))
    bank.pin(["ann"])
    bank.wear([row(("ann", 1.0))])
    assert [name for name, layer in bank.layers.items() if layer.worn is not None] == ["linear"]
    bank.bare()
    assert all(layer.worn is None for layer in bank.layers.values())
    given = small.inputs(2)
    assert torch.equal(model(*given), small.model()(*given))


def test_the_same_rows_are_not_gathered_again(model, bank):
    """Only another composition of a batch costs anything."""
    put_in(bank, model, ann=small.adapter(model, seed=1))
    bank.pin(["ann"])
    rows = [row(("ann", 1.0)), row()]
    bank.wear(rows)
    worn = bank.layers["linear"].worn
    bank.wear(list(rows))
    assert bank.layers["linear"].worn is worn
    bank.wear(rows[::-1])
    assert bank.layers["linear"].worn is not worn


def test_last_used_is_dropped_first(model, bank):
    """Full of idle adapters, it drops the one that was used longest ago, and reads it in again."""
    count = PAGES_LEAST - 1
    names = [f"n{index}" for index in range(count + 1)]
    adapters = {name: small.adapter(model, seed=seed) for seed, name in enumerate(names)}
    put_in(bank, model, **adapters)
    for name in names[:count]:
        bank.pin([name])
        bank.unpin([name])
    bank.pin(names[:1])
    bank.unpin(names[:1])
    bank.pin(names[-1:])
    held = [name for name in names if bank.holds(name)]
    assert held == [names[0], *names[2:]]
    given = small.inputs(1)
    made = bank_says(model, bank, [row((names[1], 1.0))], given)
    assert torch.allclose(made, peft_says(adapters, [(names[1], 1.0)], given), atol=CLOSE)


def test_pinned_is_kept_until_unpinned_as_often(model, bank):
    """What two images wear stays when one of them leaves; without room it says so and keeps all."""
    ranks = 8 * (PAGES_LEAST - 2)
    put_in(
        bank,
        model,
        big=small.adapter(model, seed=1, ranks=ranks),
        two=small.adapter(model, seed=2, ranks=9),
    )
    bank.pin(["big"])
    bank.pin(["big"])
    bank.unpin(["big"])
    with pytest.raises(BankFull):
        bank.pin(["two"])
    assert bank.holds("big")
    bank.unpin(["big"])
    bank.pin(["two"])
    assert not bank.holds("big")


def test_pinning_half_a_stack_leaves_nothing_pinned(model, bank):
    """If the second adapter finds no room, the first is not held for it."""
    ranks = 8 * (PAGES_LEAST - 2)
    put_in(
        bank,
        model,
        big=small.adapter(model, seed=1, ranks=ranks),
        one=small.adapter(model, seed=2),
        two=small.adapter(model, seed=3),
        other=small.adapter(model, seed=4),
    )
    bank.pin(["big"])
    with pytest.raises(BankFull):
        bank.pin(["one", "two"])
    bank.pin(["other"])  # takes the place of "one"
    assert not bank.holds("one")


def test_stack_beyond_the_whole_bank_is_refused(model, bank):
    """It would wait for ever, so it is told at once."""
    put_in(bank, model, huge=small.adapter(model, seed=1, ranks=8 * PAGES_LEAST))
    with pytest.raises(ModelFault, match="larger than the adapter bank"):
        bank.pin(["huge"])


def test_a_thousand_concepts_leave_memory_as_it_was(model, bank):
    """Host memory and pages stay within their bounds, and the newest are there."""
    for index in range(1000):
        bank.print(f"n{index}", small.adapter(model, seed=index))
        bank.pin([f"n{index}"])
        bank.unpin([f"n{index}"])
    page = bank.bytes // bank.page_count
    assert bank.page_count == PAGES_LEAST
    assert bank.host_bytes <= HOST_TIMES * PAGES_LEAST * page
    assert bank.knows("n999")
    assert not bank.knows("n0")
    assert sum(bank.holds(f"n{index}") for index in range(1000)) == PAGES_LEAST - 1


def test_what_an_image_waits_for_is_not_forgotten(model, bank):
    """However many concepts are asked for meanwhile."""
    bank.print("waited", small.adapter(model, seed=1))
    bank.want(["waited"])
    for index in range(200):
        bank.print(f"n{index}", small.adapter(model, seed=index))
    bank.pin(["waited"])
    bank.unpin(["waited"])
    bank.let_go(["waited"])
    for index in range(200, 400):
        bank.print(f"n{index}", small.adapter(model, seed=index))
    assert not bank.knows("waited")


def test_what_is_printed_together_stays_together(model, bank):
    """However little host memory is left by what others wait for, and read only where unknown."""
    waited = small.adapter(model, seed=1, ranks=8 * HOST_TIMES * PAGES_LEAST)
    bank.print("waited", waited)
    bank.want(["waited"])
    pair = {name: partial(small.adapter, model, seed=seed) for seed, name in enumerate("ab")}
    bank.print_all(pair)
    bank.print_all(dict.fromkeys(pair, lambda: pytest.fail("it is known")))
    bank.pin(["a", "b"])
    bank.print_all({"c": partial(small.adapter, model, seed=3)})
    assert not bank.knows("a")


def test_memory_that_runs_out_in_pinning_leaves_nothing_pinned(model, bank, monkeypatch):
    """And the next try finds the bank as it was."""
    put_in(bank, model, one=small.adapter(model, seed=1), two=small.adapter(model, seed=2))
    with monkeypatch.context() as patched:
        patched.setattr(Shelf, "open", out_of_memory)
        with pytest.raises(torch.OutOfMemoryError):
            bank.pin(["one", "two"])
    big = small.adapter(model, seed=3, ranks=8 * (PAGES_LEAST - 1))
    put_in(bank, model, big=big)
    bank.pin(["one", "two"])
    bank.unpin(["one", "two"])
    bank.pin(["big"])


def test_memory_that_runs_out_in_dressing_leaves_nothing_half_on(model, bank, monkeypatch):
    """The same rows are put on again, whole."""
    adapter = small.adapter(model, seed=1)
    put_in(bank, model, ann=adapter)
    bank.pin(["ann"])
    rows, put_on = [row(("ann", 1.0))], Shelf.put_on
    bank.wear(rows)
    made, other = [], [row(("ann", 0.5))]

    def fails_at_second(shelf, *args):
        made.append(shelf)
        if len(made) == 2:
            out_of_memory()
        put_on(shelf, *args)

    monkeypatch.setattr(Shelf, "put_on", fails_at_second)
    with pytest.raises(torch.OutOfMemoryError):
        bank.wear(other)
    bank.wear(rows)
    given = small.inputs(1)
    with torch.no_grad():
        assert torch.allclose(
            model(*given), peft_says({"ann": adapter}, [("ann", 1.0)], given), atol=CLOSE
        )


def out_of_memory(*_):
    raise torch.OutOfMemoryError("no more")


@pytest.mark.parametrize(
    ("layer", "down", "up", "said"),
    [
        ("nowhere", (2, 7), (6, 2), "a layer nowhere that the model does not have"),
        ("linear", (2, 8), (6, 2), "do not fit the layer linear"),
        ("linear", (2, 7), (7, 2), "do not fit the layer linear"),
        ("linear", (2, 7), (6, 3), "do not fit the layer linear"),
        ("wide", (2, 6, 1, 1), (8, 2, 1, 1), "do not fit the layer wide"),
    ],
)
def test_foreign_adapters_are_refused(bank, layer, down, up, said):
    """A wrong name or shape is told, and nothing of it is kept."""
    with pytest.raises(ModelFault, match=said):
        bank.print("bad", {layer: (torch.zeros(down), torch.zeros(up))})
    assert not bank.knows("bad")


def test_pairs_are_read_off_peft_keys():
    """Both halves of every layer, by its name."""
    a, b = torch.zeros(2, 7), torch.ones(6, 2)
    assert pairs({"x.linear.lora_A.weight": a, "x.linear.lora_B.weight": b}) == {"x.linear": (a, b)}


def test_shared_tree_has_the_same_weights_and_its_own_hooks(model):
    """No weight is held twice, and what is hung on one tree is not at work in the other."""
    other = share(model)
    assert all(
        mine is theirs for mine, theirs in zip(model.parameters(), other.parameters(), strict=True)
    )
    bank = Bank(other, budget_bytes=0)
    bank.print("ann", small.adapter(other, seed=1))
    given = small.inputs(1)
    dressed = bank_says(other, bank, [row(("ann", 1.0))], given)
    assert not torch.allclose(dressed, model(*given))
    assert torch.equal(model(*given), small.model()(*given))
