"""Evaluate jobs: draw, score, rank."""

import random
import time
from collections.abc import Generator, Sequence
from itertools import chain

import torch
from PIL import Image
from torch import Tensor

from core.dispatch.messages import Evaluated, MadeImage
from core.domain.concepts import StackEntry
from core.domain.evaluation import Rank, Report, Scores, scenes_of, spelled_plainly
from core.domain.requests import OF_A_SCENE, EvaluateRequest, Purpose
from core.storage import Storage
from core.worker.evaluation import metrics
from core.worker.evaluation.drawing import Made, SheetDrawer, pictures_of
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.scores import Drawn, nouns_seen, score
from core.worker.imagine import Imaginer
from core.worker.loop import Slices
from core.worker.models import Base
from core.worker.ticket import Ticket
from core.worker.training.dataset import open_pictures

Images = tuple[MadeImage, ...]
Found = Generator[None, None, tuple[Report, Images]]
UNSCORED = OF_A_SCENE | {Purpose.BLIND}
"""People judge; no scoring model is needed."""


class Evaluator:
    """Evaluates with the models that it was given."""

    def __init__(self, base: Base, imaginer: Imaginer, storage: Storage, scorer: Scorer) -> None:
        self.base, self.imaginer, self.storage, self.scorer = base, imaginer, storage, scorer

    def run(self, request: EvaluateRequest, ticket: Ticket) -> Slices:
        """The slices of an evaluate job, a step of a few images each. A lost attempt begins anew.

        Raises:
            UserError: a picture or a concept cannot be used, or the images cannot be scored.
            Stopped: the job was cancelled, or put down.
        """
        started_s = time.perf_counter()
        if request.purpose not in UNSCORED:
            self.scorer.require(self.base.family)
        sheet = self.sheet(request.drawn)
        report, images = yield from self.found(request, ticket, sheet)
        seconds = time.perf_counter() - started_s
        return Evaluated(ticket.job_id, ticket.attempt, report, images, seconds)

    def sheet(self, total: int, note: str = "drawing") -> SheetDrawer:
        """What draws so many images."""
        return SheetDrawer(self.imaginer, self.storage, total=total, note=note)

    def found(self, request: EvaluateRequest, ticket: Ticket, sheet: SheetDrawer) -> Found:
        """The report, and the images that go with it; raises as `run` does."""
        return _Evaluation(self, request, ticket, sheet).found()


class _Evaluation:
    """One attempt of one evaluate job."""

    def __init__(
        self, of: Evaluator, request: EvaluateRequest, ticket: Ticket, sheet: SheetDrawer
    ) -> None:
        self._of, self._request, self._ticket, self._sheet = of, request, ticket, sheet
        self._nouns = {entry.name: entry.class_noun for entry in request.stack}
        self._plain = tuple(spelled_plainly(prompt, self._nouns) for prompt in request.prompts)

    def found(self) -> Found:
        purpose = self._request.purpose
        if self._request.scene is not None:
            return (yield from self._scenes())
        if purpose is Purpose.BLIND:
            return (yield from self._blind())
        pictures = self._pictures()
        if purpose is Purpose.SEEDS:
            return (yield from self._seeds(pictures))
        return (yield from self._scored(pictures))

    def _pictures(self) -> dict[str, list[Image.Image]]:
        """The training pictures of every concept that has some."""
        request = self._request
        return {
            entry.name: open_pictures(self._of.storage, keys)
            for entry, keys in zip(request.stack, request.pictures, strict=True)
            if keys
        }

    def _scored(self, pictures: dict[str, list[Image.Image]]) -> Found:
        stack = self._request.stack
        alone: dict[str, list[list[Made]]] = {}
        drifted: list[list[Made]] = []
        samples = yield from self._rows(self._request.prompts, stack)
        plain = yield from self._rows(self._plain, ())
        if self._request.looks_for_drift:
            drifted = yield from self._rows(self._plain, stack)
        if self._request.purpose is Purpose.STACK:
            alone = yield from self._alone()
        drawn = Drawn(
            prompts=self._plain,
            samples=pictures_of(samples),
            plain=pictures_of(plain),
            pictures=pictures,
            drifted=pictures_of(drifted),
            alone={name: pictures_of(rows) for name, rows in alone.items()},
            nouns=nouns_seen(stack),
        )
        scores: Scores = score(self._of.scorer, drawn)
        first = [row[:1] for rows in alone.values() for row in rows]
        return Report(scores=scores), _images([*samples, *(row[:1] for row in plain), *first])

    def _alone(self) -> Generator[None, None, dict[str, list[list[Made]]]]:
        """The same prompts and seeds with one concept at a time, the others in plain words."""
        rows = {}
        for entry in self._request.stack:
            others = {name: noun for name, noun in self._nouns.items() if name != entry.name}
            said = [spelled_plainly(prompt, others) for prompt in self._request.prompts]
            rows[entry.name] = yield from self._rows(said, (entry,))
        return rows

    def _seeds(self, pictures: dict[str, list[Image.Image]]) -> Found:
        (row,) = yield from self._rows(self._request.prompts, self._request.stack)
        shown = [picture for picture, _ in row]
        scorer = self._of.scorer
        followed = metrics.alignment(scorer.pictures(shown), scorer.texts(self._plain))
        looks = scorer.looks(shown)
        kept = [metrics.fidelity(looks, scorer.looks(each)) for each in pictures.values()]
        order = best_first(followed, kept)
        mean = torch.stack(kept).mean(0) if kept else None
        ranks = tuple(
            Rank(
                fidelity=None if mean is None else float(mean[index]),
                alignment=float(followed[index]),
            )
            for index in order
        )
        return Report(ranks=ranks), tuple(row[index][1] for index in order)

    def _blind(self) -> Found:
        """Images with the concepts and some without, in an order that says nothing."""
        request = self._request
        samples = yield from self._rows(request.prompts, request.stack)
        controls = yield from self._sheet.rows(self._plain, request.controls, (), self._ticket)
        images = list(_images([*samples, *controls]))
        random.Random(request.seeds[0]).shuffle(images)
        return Report(), tuple(images)

    def _scenes(self) -> Found:
        rows = []
        for one in scenes_of(self._request):
            rows.append((yield from self._sheet.one(one, self._ticket)))
        return Report(), _images(rows)

    def _rows(
        self, prompts: Sequence[str], stack: Sequence[StackEntry]
    ) -> Generator[None, None, list[list[Made]]]:
        """As the request says; in what must not be seen, too, all others are plain words."""
        request, at_work = self._request, {entry.name for entry in stack}
        absent = {name: noun for name, noun in self._nouns.items() if name not in at_work}
        return (
            yield from self._sheet.rows(
                prompts,
                request.seeds,
                stack,
                self._ticket,
                stacking=request.stacking,
                negative_prompt=spelled_plainly(request.negative_prompt, absent),
            )
        )


def best_first(followed: Tensor, kept: list[Tensor]) -> list[int]:
    """Indices by how well the prompt and the pictures of each concept are met.

    Both count alike: each figure is taken in standard deviations over the seeds, likeness as the
    mean over the concepts.
    """
    total = _standard(followed)
    if kept:
        total = total + torch.stack([_standard(each) for each in kept]).mean(0)
    return [int(index) for index in total.argsort(descending=True, stable=True)]


def _standard(values: Tensor) -> Tensor:
    return (values - values.mean()) / values.std(correction=0).clamp(min=1e-6)


def _images(rows: list[list[Made]]) -> Images:
    return tuple(made for _, made in chain.from_iterable(rows))
