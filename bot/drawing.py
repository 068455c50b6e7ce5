"""Stored blobs → files to post. Reads and draws in threads."""

import asyncio
import json
from collections.abc import Mapping, Sequence

from bot.ui import grid, plot, scorecard
from bot.ui.card import Blob
from bot.ui.cards.comparison import by_version
from bot.ui.cards.evaluation import BEST, manner
from bot.ui.cards.scores import bars, counted
from bot.ui.cards.solo import with_words
from bot.ui.cards.steps import Ran, spread
from bot.ui.grid import Strip, Tile
from bot.ui.scorecard import Shown
from bot.ui.text import dotted, plain
from core.domain.concepts import ConceptVersion
from core.domain.evaluation import Report, Scores, Waypoint, after_training
from core.domain.exports import ExportedFile
from core.domain.images import Image
from core.domain.requests import EvaluateRequest, Purpose, TrainRequest
from core.storage import Storage

COLUMNS_MAX = 8
STRIP_COLUMNS = 5
COMPARED_PX = 224
MANIFESTS_MAX = 4
STEPS_MAX = 12
"""At which a training's previews are shown."""


class Drawing:
    """Draws what is posted."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def result(self, images: Sequence[Image]) -> Blob:
        """All pictures of a job, numbered, with their seeds."""
        return await asyncio.to_thread(self._result, images)

    async def close(self, image: Image) -> Blob:
        """One picture at a size at which it can be looked at."""
        return await asyncio.to_thread(self._close, image)

    async def sheet(self, version: ConceptVersion) -> Blob:
        """A concept's training pictures, and samples without and with it."""
        return await asyncio.to_thread(self._sheet, version)

    async def learned(
        self, request: TrainRequest, version: ConceptVersion, images: Sequence[Image]
    ) -> Blob | None:
        """The score card that ends a training, or the plot over its checkpoints alone where its
        images were not scored or are gone; None where too little was measured for that.
        """
        scores, asked = version.scores, after_training(request, version.artifact)
        if scores is not None and len(images) == scores.images + scores.prompts:
            return await self.scores(asked, scores, images, version.course)
        return await self._course(version, asked.stack[0].token)

    async def steps(self, ran: Ran, previews: Mapping[int, str]) -> Blob | None:
        """What a training drew on its way, by step; None where nothing of it is there."""
        return await asyncio.to_thread(self._steps, ran, previews) if previews else None

    async def _course(self, version: ConceptVersion, token: str) -> Blob | None:
        if not plot.can_be_plotted(version.course):
            return None
        title, about = f"How {token} was learned", "by step: previews on the same seeds"
        if any(one.error is not None for one in version.course):
            about += ", and how well pictures were foretold"
        name = f"course-{version.concept_id}-v{version.number}"
        return await asyncio.to_thread(plot.course_card, title, about, version.course, name)

    async def files(self, files: Sequence[ExportedFile], limit_bytes: int) -> tuple[Blob, ...]:
        """Those of the files that are small enough to post, as they are."""
        small = [file for file in files if file.size_bytes <= limit_bytes]
        return await asyncio.to_thread(
            lambda: tuple(Blob(file.name, self._storage.get(file.key)) for file in small)
        )

    async def preview(self, key: str) -> Blob:
        """A picture from the middle of a job."""
        return await asyncio.to_thread(
            lambda: grid.enlarged(self._storage.get(key), f"preview-{key[:8]}")
        )

    async def scores(
        self,
        request: EvaluateRequest,
        scores: Scores,
        images: Sequence[Image],
        course: Sequence[Waypoint] = (),
    ) -> Blob:
        """The score card of a concept or a stack, with the images that were scored.

        `course` is what the checkpoints of a concept's training were worth.
        """
        return await asyncio.to_thread(self._scores, request, scores, images, course)

    async def best(self, images: Sequence[Image]) -> Blob:
        """The best images of a search for seeds."""
        return await asyncio.to_thread(self._best, images[:BEST])

    async def solo(self, images: Sequence[Image]) -> Blob:
        """One scene with each concept alone, with all and with none, side by side."""
        return await asyncio.to_thread(self._solo, images)

    async def compared(self, request: EvaluateRequest, images: Sequence[Image]) -> Blob:
        """One scene with each of some versions, a row each."""
        return await asyncio.to_thread(self._compared, request, images)

    async def blind(self, request: EvaluateRequest, images: Sequence[Image]) -> Blob:
        """Numbered images that do not say where they come from, below the training pictures."""
        return await asyncio.to_thread(self._blind, request, images)

    def _steps(self, ran: Ran, previews: Mapping[int, str]) -> Blob:
        others = spread(sorted(previews.keys() - {ran.kept}), STEPS_MAX - 1)
        tiles = [
            Tile(png=self._storage.get(previews[step]), label=ran.told(step))
            for step in sorted({*others, ran.kept} & previews.keys())
        ]
        return grid.result(tiles, f"steps-{ran.version.concept_id}-v{ran.version.number}")

    def _scores(
        self,
        request: EvaluateRequest,
        scores: Scores,
        images: Sequence[Image],
        course: Sequence[Waypoint],
    ) -> Blob:
        nouns = {entry.name: entry.class_noun for entry in request.stack}
        title = " with ".join(entry.token for entry in request.stack)
        scored = f"{scores.images} images: {counted(scores)}"
        about = dotted(*manner(request), scored, f"scored by {scores.scorer}")
        kept = [self._storage.get(image.key) for image in images]
        rows = [*_rows(request, scores, kept), *self._nearest(request, scores, kept)]
        return scorecard.score_card(
            f"How good is {title}?",
            about,
            bars(scores, nouns),
            rows,
            f"evaluation-{images[0].job_id}",
            plot=plot.course_plot(course) if plot.can_be_plotted(course) else None,
        )

    def _nearest(
        self, request: EvaluateRequest, scores: Scores, pngs: Sequence[bytes]
    ) -> list[Shown]:
        """Beside each image that is nearest to a training picture that picture, in one row."""
        taught = {e.name: keys for e, keys in zip(request.stack, request.pictures, strict=False)}
        shown = [(one.name, one.closest) for one in scores.likeness if one.closest is not None]
        pairs = [
            (pngs[near.image], self._storage.get(taught[name][near.picture]))
            for name, near in shown
        ]
        if not pairs:
            return []
        names = ", ".join(f"<{name}> {near.cosine:.2f}" for name, near in shown)
        label = f"nearest to a training picture, and that picture: {names}"
        return [Shown(label, tuple(png for pair in pairs for png in pair))]

    def _best(self, images: Sequence[Image]) -> Blob:
        tiles = [
            Tile(png=self._storage.get(image.key), label=f"seed {image.seed}", number=number)
            for number, image in enumerate(images, start=1)
        ]
        return grid.result(tiles, f"atelier-{images[0].job_id}")

    def _solo(self, images: Sequence[Image]) -> Blob:
        columns = len(images) if len(images) <= STRIP_COLUMNS else -(-len(images) // 2)
        tiles = [
            Tile(png=self._storage.get(image.key), label=plain(with_words(image), 32))
            for image in images
        ]
        return grid.result(tiles, f"solo-{images[0].job_id}", columns=columns)

    def _compared(self, request: EvaluateRequest, images: Sequence[Image]) -> Blob:
        rows = [
            Strip(
                f"{plain(version.token, 40)} v{version.number}",
                tuple(self._storage.get(image.key) for image in drawn),
            )
            for version, drawn in by_version(request, images)
        ]
        return grid.strips(rows, f"versions-{images[0].job_id}", tile_px=COMPARED_PX)

    def _blind(self, request: EvaluateRequest, images: Sequence[Image]) -> Blob:
        of_some = [keys for keys in request.pictures if keys]
        each = COLUMNS_MAX // max(1, len(of_some))
        taught = [self._storage.get(key) for keys in of_some for key in keys[:each]]
        shown = [self._storage.get(image.key) for image in images]
        return scorecard.blind_sheet(taught, shown, f"blind-{images[0].job_id}")

    def _result(self, images: Sequence[Image]) -> Blob:
        several = len(images) > 1
        tiles = [
            Tile(
                png=self._storage.get(image.key),
                label=f"seed {image.seed}",
                number=image.index + 1 if several else None,
            )
            for image in images
        ]
        return grid.result(tiles, f"atelier-{images[0].job_id}")

    def _close(self, image: Image) -> Blob:
        name = f"atelier-{image.job_id}-{image.index + 1}"
        return grid.enlarged(self._storage.get(image.key), name)

    def _sheet(self, version: ConceptVersion) -> Blob:
        def read(keys: Sequence[str]) -> tuple[bytes, ...]:
            return tuple(self._storage.get(key) for key in keys[:COLUMNS_MAX])

        rows = (
            Strip("learned from", read(version.pictures)),
            Strip("without it", read(version.samples[::2])),
            Strip("with it, same seeds", read(version.samples[1::2])),
        )
        return grid.strips(rows, f"concept-{version.concept_id}-v{version.number}")


def manifests(images: Sequence[Image]) -> tuple[Blob, ...]:
    """The manifest of each picture as a JSON file."""
    alone = len(images) == 1
    return tuple(
        Blob(
            "manifest.json" if alone else f"manifest-{image.index + 1}.json",
            image.manifest.model_dump_json(indent=2).encode(),
        )
        for image in images[:MANIFESTS_MAX]
    )


def repeat(request: EvaluateRequest, report: Report, images: Sequence[Image]) -> Blob:
    """All that is needed to evaluate again, and what came out, as a JSON file."""
    manifest = images[0].manifest
    whole = {
        "request": request.model_dump(mode="json"),
        "report": report.model_dump(mode="json"),
        "model": manifest.model,
        "device": manifest.device,
        "dtype": manifest.dtype,
        "versions": dict(manifest.versions),
    }
    return Blob("evaluation.json", json.dumps(whole, indent=2).encode())


def _rows(request: EvaluateRequest, scores: Scores, pngs: Sequence[bytes]) -> list[Shown]:
    """The images as the worker sends them: by prompt, then one of each thing compared with."""
    seeds, count = scores.seeds, scores.prompts
    samples = [tuple(pngs[at * seeds : (at + 1) * seeds]) for at in range(count)]
    others = pngs[seeds * count :]
    if request.purpose is Purpose.CONCEPT:
        return [
            Shown(f"{plain(prompt, 70)}    (last: without it)", (*row[: COLUMNS_MAX - 1], other))
            for prompt, row, other in zip(request.prompts, samples, others, strict=True)
        ]
    alone = ", ".join(f"with {entry.token} alone" for entry in request.stack)
    return [
        Shown(plain(request.prompts[0], 100), samples[0]),
        Shown(f"the first seed without any, {alone}", tuple(others)),
    ]
