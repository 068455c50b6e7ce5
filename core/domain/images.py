"""Images and the manifests that make them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.frozen import Frozen
from core.domain.requests import ImagineRequest


class Manifest(Frozen):
    """All that is needed to make an image again, bit for bit on the same machine.

    The request is the resolved one: steps, guidance, sampler and sizes are numbers, never None.
    The whole request is replayed and the image at `index` taken, because on some devices the
    size of a batch changes the last bits.
    """

    request: ImagineRequest
    index: int
    model: str
    weights: str = ""
    """SHA-256 of the model's UNet; empty in images older than this."""
    device: str
    dtype: str
    versions: Mapping[str, str]
    """Library name → version."""
    shared: bool = False
    """It shared a batch with other jobs, or its own had several: made again alone the last bits may
    differ.
    """

    @property
    def seed(self) -> int:
        """The seed of this one image."""
        return self.request.seeds[self.index]


@dataclass(frozen=True, slots=True)
class Image:
    """One output of a job."""

    id: int
    job_id: int
    guild_id: int
    user_id: int
    index: int
    seed: int
    key: str
    """Storage key of the PNG."""
    width_px: int
    height_px: int
    manifest: Manifest
    created_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Favourite:
    """An image that somebody starred, for the whole guild to find again."""

    image: Image
    user_id: int
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class Ratings:
    """How people judged one image."""

    up: int
    down: int
