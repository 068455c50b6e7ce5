"""What asks the base model what it sees needs the weights that were trained.

Fixtures of a session are made once: what stands on the base is made anew here, or it would be that
of the narrow one.
"""

from dataclasses import replace

import pytest

from core.worker.engine.studio import Studio
from core.worker.imagine import Imaginer
from core.worker.stack import Stacks
from tests.unit.core.worker.conftest import loaded


@pytest.fixture(scope="session")
def base():
    return loaded()


@pytest.fixture(scope="session")
def stacks(base, storage):
    return Stacks(base, storage)


@pytest.fixture(scope="session")
def quick(base):
    return replace(base, family=replace(base.family, steps=2))


@pytest.fixture(scope="session")
def imaginer(quick, stacks, storage):
    return Imaginer(quick, stacks, storage, Studio(quick, stacks, images=8, adapter_bytes=2**24))
