"""What a style's pictures show, told once more without the style."""

import pytest

from core.domain.concepts import ConceptKind
from core.domain.recipes import Prior
from core.worker.artifact import unpack
from core.worker.engine.studio import Studio
from core.worker.evaluation.encoder import Scorer
from core.worker.imagine import Imaginer, png
from core.worker.interrogator import Interrogator
from core.worker.training import beforehand
from core.worker.training.course import Teacher
from tests.bench._styles import STYLES, pictures
from tests.unit.core.worker.conftest import CPU
from tests.unit.core.worker.training.conftest import RECIPE, finish, new_ticket, usual_request

SHOWN = [
    "a red house on a white background",
    "an orange cat in a forest",
    "a green tree on a beach",
    "a blue boat under the sea",
    "a pink flower in the mountains",
]
STROKES = STYLES[-1]
QUICKLY = {"steps": 1, "company": 1, "prior": Prior.NONE, "hold_out_from": 5}


@pytest.fixture(scope="module")
def interrogator(base):
    return Interrogator(Scorer("pocket", device=CPU), base.family.sights)


@pytest.fixture
def told(base, stacks, storage, interrogator):
    """What was learned of the pictures, where `captions` were typed, and all that was shown to
    the CLIP.
    """
    imaginer = Imaginer(base, stacks, storage, Studio(base, stacks, images=8, adapter_bytes=2**24))

    def learned(style, **changes):
        keys = tuple(storage.put(png(one)) for one in pictures(style))
        recipe = RECIPE.model_copy(update=QUICKLY)
        request = usual_request(
            keys, concept_kind=ConceptKind.STYLE, class_noun="style", recipe=recipe, **changes
        )
        teacher = Teacher(base, stacks, imaginer, storage, None, interrogator)
        made = finish(teacher.run(request, new_ticket([])))
        return unpack(storage.get(made.artifact)).facts["captions"]

    return learned


def test_under_strokes_a_clip_misreads_and_without_them_it_does_not(told, interrogator):
    """The one that is held back is told again too, though the style is told by the others."""
    at_first = list(interrogator.describe(pictures(STROKES)))
    assert sum(one == other for one, other in zip(at_first, SHOWN, strict=True)) < 3
    assert told(STROKES) == [f"{one} in <orb> style" for one in SHOWN]


def test_what_a_person_said_stays(told, monkeypatch):
    """Only those of which nobody said anything are told again, and at most so many times."""
    shown = []
    describe = Interrogator.describe

    def noting(self, views):
        shown.append(len(views))
        return describe(self, views)

    monkeypatch.setattr(Interrogator, "describe", noting)
    said = ("", "a lion", "", "a red heart", "")
    captions = told(STROKES, captions=said)
    assert captions[1] == captions[3] == ""
    assert set(shown) == {3}
    assert 2 <= len(shown) <= 1 + beforehand.TOLD_AGAIN
