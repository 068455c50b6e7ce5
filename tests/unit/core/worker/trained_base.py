"""The trained weights, for a conftest to import where it matters how well is drawn.

Fixtures of a session are made once: what stands on the base is made anew there, or it would be that
of the small one.
"""

import pytest

from core.worker.imagine import Imaginer
from core.worker.stack import Stacks
from tests.unit.core.worker.conftest import concept_maker, loaded

__all__ = ["base", "imaginer", "make_concept", "stacks"]


@pytest.fixture(scope="session")
def base():
    return loaded()


@pytest.fixture(scope="session")
def stacks(base, storage):
    return Stacks(base, storage)


@pytest.fixture(scope="session")
def imaginer(base, stacks, storage):
    return Imaginer(base, stacks, storage)


@pytest.fixture(scope="session")
def make_concept(base, stacks, storage):
    return concept_maker(base, stacks, storage)
