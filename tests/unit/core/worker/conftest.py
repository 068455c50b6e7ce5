"""The pocket base model, loaded once, and what a worker builds around it."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from core.domain.concepts import ConceptKind, StackEntry
from core.storage import Storage
from core.worker.adapters import lora_config
from core.worker.artifact import Artifact, pack
from core.worker.device import make_deterministic
from core.worker.imagine import Imaginer
from core.worker.models import load_base
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from tests.small_pocket import with_small_unet

CPU = torch.device("cpu")
ROUNDED = 3
"""Of 255: pictures that differ in the order of their sums alone."""


def loaded():
    """The pocket base model, with nothing on it."""
    make_deterministic(1)
    return load_base("pocket", device=CPU, dtype=torch.float32)


@pytest.fixture(scope="session")
def base():
    """With a small UNet and two steps as its usual number: to most of what a worker does it is all
    one what its weights know. What draws well or badly is in `trained`."""
    small = with_small_unet(loaded())
    return replace(small, family=replace(small.family, steps=2))


@pytest.fixture(scope="session")
def storage(tmp_path_factory):
    return Storage(f"file://{tmp_path_factory.mktemp('blobs')}")


@pytest.fixture(scope="session")
def stacks(base, storage):
    return Stacks(base, storage)


@pytest.fixture(scope="session")
def imaginer(base, stacks, storage):
    return Imaginer(base, stacks, storage)


@pytest.fixture
def told():
    """What the job says to the dispatcher."""
    return []


@pytest.fixture
def ticket(told):
    return Ticket(1, 1, told.append, lambda: False, lambda: False)


@pytest.fixture(scope="session")
def make_concept(base, stacks, storage):
    """Makes a concept whose adapter and word are random, and strong enough to be seen."""
    return concept_maker(base, stacks, storage)


def concept_maker(base, stacks, storage):
    def make(name, *, seed, weight=1.0, rank=2, family=None, speaks=False):
        artifact = random_artifact(base, stacks, seed=seed, rank=rank, name=name, family=family)
        if speaks:
            artifact = replace(artifact, text=random_text(stacks, seed=seed))
        return StackEntry(
            concept_id=seed,
            version_id=seed,
            name=name,
            class_noun="house",
            kind=ConceptKind.SUBJECT,
            artifact=storage.put(pack(artifact)),
            weight=weight,
        )

    return make


def random_artifact(base, stacks, *, seed, rank, name, family=None):
    random = torch.Generator().manual_seed(seed)
    targets = base.family.lora_targets
    stacks.adapters.add("mould", lora_config(rank=rank, targets=targets))
    shapes = {key: value.shape for key, value in stacks.adapters.weights("mould").items()}
    stacks.adapters.remove("mould")
    lora = {key: torch.randn(s, generator=random) * 0.2 for key, s in shapes.items()}
    tokens = tuple(
        torch.randn((2, table.embedding_dim), generator=random)
        for table in stacks.tokens.embeddings
    )
    facts = {
        "name": name,
        "model": base.name,
        "family": family or base.family.name,
        "rank": rank,
        "targets": list(targets),
    }
    return Artifact(lora, tokens, facts)


def random_text(stacks, *, seed):
    """Adapters of the text encoders that are strong enough to be seen."""
    random = torch.Generator().manual_seed(seed)
    return tuple(
        {key: torch.randn(value.shape, generator=random) * 0.2 for key, value in part.items()}
        for part in stacks.extras.text.begin(2, random)
    )


@pytest.fixture
def opened(storage):
    """Opens a stored picture."""
    return lambda key: Image.open(io.BytesIO(storage.get(key)))


@pytest.fixture
def apart(opened):
    """How far two stored pictures lie apart at most, of 255 a channel."""

    def gap(one, other):
        pixels = (np.asarray(opened(key), dtype=int) for key in (one, other))
        return int(abs(np.subtract(*pixels)).max())

    return gap
