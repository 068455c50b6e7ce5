"""Sketches of what artifacts change, held to the changes themselves."""

import pytest
import torch

from core.dispatch.messages import Failed, Trained
from core.domain.overlap import overlap
from core.domain.recipes import Recipe
from core.storage import Storage
from core.worker.artifact import Artifact, pack
from core.worker.formats.parts import adapter_of
from core.worker.weight_sketch import and_sketched, weight_sketch

FACTS = {"name": "xyz", "family": "pocket", "model": "pocket"}
WIDTHS = ((64, 32), (96, 96), (48, 200), (128, 64), (64, 64), (256, 64))


def pairs(seed, modules=40, rank=8):
    """An adapter in many modules of various widths."""
    random = torch.Generator().manual_seed(seed)
    lora = {}
    for index in range(modules):
        out, into = WIDTHS[index % len(WIDTHS)]
        lora[f"block.{index}.lora_A.weight"] = torch.randn(rank, into, generator=random)
        lora[f"block.{index}.lora_B.weight"] = torch.randn(out, rank, generator=random)
    return lora


def of(lora, **parts):
    return Artifact(lora, (), FACTS, **parts)


def mixed(one, other, share):
    """B of one, partly replaced by that of the other; A is that of both side by side."""
    made = {}
    for key in one:
        if ".lora_A." in key:
            made[key] = torch.cat([one[key], other[key]])
        else:
            made[key] = torch.cat([one[key] * (1 - share), other[key] * share], dim=1)
    return made


def cosine(one, other):
    """Between the changes themselves, every module as one long vector."""
    a, b = adapter_of(one), adapter_of(other)

    def product(x, y):
        return sum(float(((x[m].B @ x[m].A) * (y[m].B @ y[m].A)).sum()) for m in x)

    return product(a, b) / (product(a, a) * product(b, b)) ** 0.5


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.8, 1.0])
def test_sketches_have_the_cosine_of_the_changes(share):
    """From one adapter to another that has nothing to do with it."""
    one, other = pairs(1), pairs(2)
    between = of(mixed(one, other, share))
    assert overlap(weight_sketch(of(one)), weight_sketch(between)) == pytest.approx(
        cosine(of(mixed(one, other, 0.0)), between), abs=0.1
    )


def test_strength_and_type_make_no_difference():
    """Half the change, in half precision, is the same change; the opposite is the opposite."""
    one = pairs(1)
    half = {k: (v * (0.5 if ".lora_B." in k else 1)).half() for k, v in one.items()}
    against = {k: v * (-1 if ".lora_B." in k else 1) for k, v in one.items()}
    assert overlap(weight_sketch(of(one)), weight_sketch(of(half))) == pytest.approx(1, abs=0.001)
    assert overlap(weight_sketch(of(one)), weight_sketch(of(against))) == pytest.approx(
        -1, abs=0.001
    )


def test_a_full_difference_is_seen_as_the_adapter_it_equals():
    """Whole matrices, convolutions too; what is no matrix is left out."""
    lora = {
        "conv.lora_A.weight": torch.randn(4, 8, 3, 3),
        "conv.lora_B.weight": torch.randn(16, 4, 1, 1),
    }
    change = lora["conv.lora_B.weight"].flatten(1) @ lora["conv.lora_A.weight"].flatten(1)
    delta = {"conv.weight": change.view(16, 8, 3, 3), "conv.bias": torch.randn(16)}
    whole = weight_sketch(of({}, delta=delta))
    assert overlap(weight_sketch(of(lora)), whole) == pytest.approx(1, abs=0.001)


def test_words_and_hypernetworks_have_none():
    """There are no weights of the model that they change."""
    word = Artifact({}, (torch.ones(2, 8),), FACTS, hyper={"8.0.linear.0.weight": torch.eye(8)})
    assert weight_sketch(word) == ""


def test_a_sketch_stays_what_it_is():
    """It is kept for years and compared with newer ones: the signs must never change."""
    eye = {"a.lora_A.weight": torch.eye(3), "a.lora_B.weight": torch.eye(3)}
    assert weight_sketch(of(eye))[:24] == "fyp/gX/W1irWKirWgX8q1tYq"


def made(ended):
    """A job that is over at once."""
    yield
    return ended


def ended_of(slices):
    while True:
        try:
            next(slices)
        except StopIteration as finished:
            return finished.value


def test_who_makes_a_version_says_what_it_changes(tmp_path):
    """Family and sketch come from the artifact itself; other answers pass as they are."""
    storage = Storage(f"file://{tmp_path}")
    artifact = of(pairs(1, modules=2))
    trained = Trained(
        1, 1, artifact=storage.put(pack(artifact)), samples=(), model="pocket", recipe=Recipe(),
        parents=(), seconds=1,
    )  # fmt: skip
    told = ended_of(and_sketched(made(trained), storage))
    assert (told.family, told.sketch) == ("pocket", weight_sketch(artifact))
    failed = Failed(1, 1, "no", users_fault=True)
    assert ended_of(and_sketched(made(failed), storage)) is failed
