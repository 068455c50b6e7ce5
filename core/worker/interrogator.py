"""What pictures show, by which of the words that a model knows a CLIP finds nearest.

A style is what its pictures have in common. What each of them shows has to be said, or it becomes
part of the style, and what the model knows well, such as a red castle, stays as it was
(docs/log.md). So where nobody said it and no captioner is set, a CLIP is asked.

Source: Radford et al., Learning transferable visual models from natural language supervision
(2021), section 3.1, zero-shot classification.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import product

from PIL import Image, ImageOps
from torch import Tensor

from core.worker.evaluation.encoder import Scorer
from core.worker.families import Sights
from core.worker.training.captions import with_article


class Interrogator:
    """Knows what a family of models can say of a picture."""

    def __init__(self, scorer: Scorer, sights: Sights) -> None:
        self._scorer, self._said = scorer, said_of(sights)

    def describe(self, pictures: Sequence[Image.Image]) -> Iterator[str]:
        """What each picture shows, with an article.

        Raises:
            ModelFault: the CLIP cannot be loaded.
        """
        for picture in pictures:
            plain = picture.convert("RGB")
            # A style may wash all colours out; stretched, they are what a CLIP has seen.
            views = self._scorer.pictures([plain, ImageOps.autocontrast(plain)])
            likeness = (views @ self._texts.T).amax(0)
            yield self._said[int(likeness.argmax())]

    @cached_property
    def _texts(self) -> Tensor:
        return self._scorer.texts([f"a photo of {said}" for said in self._said])


def said_of(sights: Sights) -> tuple[str, ...]:
    """Every place, and every thing in every colour everywhere."""
    things = [with_article(" ".join(each)) for each in product(sights.colours, sights.things)]
    return (*sights.places, *(where.format(thing) for where in sights.where for thing in things))
