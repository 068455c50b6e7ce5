"""Stored blobs → files to post. Reads and draws in threads."""

import asyncio
from collections.abc import Sequence

from bot.ui import grid
from bot.ui.card import Blob
from bot.ui.grid import Strip, Tile
from core.domain.concepts import ConceptVersion
from core.domain.exports import ExportedFile
from core.domain.images import Image
from core.storage import Storage

COLUMNS_MAX = 8
MANIFESTS_MAX = 4


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
