"""The tiny models, made once."""

import pytest

from core.worker.formats.modules import modules_of
from tests.unit.core.worker.formats.models import FAMILIES, load


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    return {family: load(family, tmp_path_factory.mktemp(family)) for family in FAMILIES}


@pytest.fixture(scope="session")
def modules(bases):
    return {family: modules_of(base) for family, base in bases.items()}
