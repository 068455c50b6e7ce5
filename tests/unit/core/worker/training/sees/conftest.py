"""What asks the base model what it sees needs the weights that were trained."""

from dataclasses import replace

import pytest

from core.worker.engine.studio import Studio
from core.worker.imagine import Imaginer
from tests.unit.core.worker.trained_base import base, stacks

__all__ = ["base", "imaginer", "quick", "stacks"]


@pytest.fixture(scope="session")
def quick(base):
    return replace(base, family=replace(base.family, steps=2))


@pytest.fixture(scope="session")
def imaginer(quick, stacks, storage):
    return Imaginer(quick, stacks, storage, Studio(quick, stacks, images=8, adapter_bytes=2**24))
