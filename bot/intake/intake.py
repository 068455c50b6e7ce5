"""Uploads → storage: every file checked before any is stored, every refusal by the file's name."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple, TypeVar

import aiohttp
import discord

from bot.intake import archives, masks, pictures, sounds, weights
from bot.intake.pictures import Picture, Refused
from bot.ui.text import code, listed
from core.domain.recipes import CAPTION_MAX
from core.errors import InvalidInput
from core.storage import Storage

T = TypeVar("T")
PICTURES_MAX = archives.FILES_MAX
TOTAL_MAX_BYTES = 100 * 1024 * 1024
AT_ONCE = 2
"""Uploads that are decoded at the same time: it bounds memory."""
NAMED_MAX = 10
"""Refused files that one answer names; the rest are counted."""


class Upload(NamedTuple):
    """A file as it arrived."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Pictures:
    """Checked pictures in storage."""

    keys: tuple[str, ...]
    captions: tuple[str, ...]
    """What a text file beside each picture says of it, or nothing."""
    masks: tuple[str, ...]
    """The key of each picture's mask, or nothing."""
    notes: tuple[str, ...]
    """Sentences that the person should read, such as which two look nearly the same."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A checked picture that is to be changed, in storage."""

    key: str
    transparent: bool
    """Parts of it are, and are to be made anew."""
    mask: str | None
    """The key of a checked mask."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A checked sound file in storage."""

    key: str


@dataclass(frozen=True, slots=True)
class Weights:
    """A weights file in storage whose frame was checked."""

    key: str
    name: str


class Intake:
    """Takes attachments in."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def pictures(self, attachments: Sequence[discord.Attachment]) -> Pictures:
        """Download, check and store pictures and zips of pictures: all of them or none.

        Raises:
            InvalidInput: names every file that cannot be used, with the reason.
        """
        if sum(one.size for one in attachments) > TOTAL_MAX_BYTES:
            raise InvalidInput(
                f"Those are more than {TOTAL_MAX_BYTES // 2**20} MiB. Use fewer files."
            )
        async with self._turn:
            uploads = [await _download(one, sounds.BYTES_MAX) for one in attachments]
            return await asyncio.to_thread(self._take, uploads)

    async def ground(self, image: discord.Attachment, mask: discord.Attachment | None) -> Ground:
        """Download, check and store a picture to change and its mask: both or nothing.

        Raises:
            InvalidInput: names the file that cannot be used, with the reason.
        """
        async with self._turn:
            first = await _download(image, pictures.BYTES_MAX)
            second = await _download(mask, pictures.BYTES_MAX) if mask else None
            return await asyncio.to_thread(self._take_ground, first, second)

    def _take_ground(self, image: Upload, mask: Upload | None) -> Ground:
        png, transparent = _named(image, pictures.check_ground)
        white = _named(mask, pictures.check_mask) if mask else None
        kept = self._storage.put(white) if white else None
        return Ground(self._storage.put(png), transparent, kept)

    async def sound(self, attachment: discord.Attachment) -> Sound:
        """Download, check and store a sound file.

        Raises:
            InvalidInput: it is too big, too long or no sound file.
        """
        upload = await _download(attachment, sounds.BYTES_MAX)
        try:
            sounds.check(upload.data, attachment.duration)
        except Refused as reason:
            raise InvalidInput(f"{code(upload.name, 60)} {reason}") from reason
        return Sound(await asyncio.to_thread(self._storage.put, upload.data))

    async def weights(self, attachment: discord.Attachment) -> Weights:
        """Download, check the frame of and store a safetensors file.

        Raises:
            InvalidInput: it is too big, pickled, damaged or of another kind.
        """
        async with self._turn:
            upload = await _download(attachment, weights.BYTES_MAX)
            try:
                await asyncio.to_thread(weights.check, upload.name, upload.data)
            except Refused as reason:
                raise InvalidInput(f"{code(upload.name, 60)} {reason}") from reason
            return Weights(await asyncio.to_thread(self._storage.put, upload.data), upload.name)

    def _take(self, uploads: Sequence[Upload]) -> Pictures:
        checked = check_all(uploads)
        put = self._storage.put
        return Pictures(
            keys=tuple(put(one.png) for one in checked),
            captions=tuple(one.caption for one in checked),
            masks=tuple(put(one.mask) if one.mask else "" for one in checked),
            notes=(*_near_copies(checked), *_masked(checked)),
        )


def check_all(uploads: Sequence[Upload]) -> list[Picture]:
    """Every picture, those in zips too, with its caption; blocks, so use a thread.

    Raises:
        InvalidInput: lists every file that cannot be used.
    """
    found: list[Picture] = []
    refused: list[str] = []
    files = list(_expanded(uploads, refused))
    texts, masked = _texts(files, refused), masks.by_picture(files, refused)
    for upload in files:
        if archives.is_beside(upload.name):
            continue
        stem = masks.stem(upload.name)
        try:
            found.append(_checked(upload, texts.pop(stem, ""), masked.pop(stem, None)))
        except InvalidInput as reason:
            refused.append(str(reason))
    refused.extend(
        f"{code(f'{stem}.txt', 60)} has no picture of the same name beside it." for stem in texts
    )
    refused.extend(masks.alone(name) for name, _ in masked.values())
    refused.extend(_copies(found))
    if len(found) + len(refused) > PICTURES_MAX:
        raise InvalidInput(f"Those are more than {PICTURES_MAX} pictures. Choose the best of them.")
    if refused:
        raise InvalidInput(_report(refused))
    if not found:
        raise InvalidInput("Add at least one picture, please.")
    return found


def _checked(upload: Upload, caption: str, mask: tuple[str, bytes] | None) -> Picture:
    """A picture with what lies beside it; a mask goes before what is transparent."""
    picture = _named(upload, lambda data: pictures.check(upload.name, data))
    if mask is not None:
        white = _named(Upload(*mask), lambda data: masks.fitted(data, picture))
        picture = replace(picture, mask=white)
    return replace(picture, caption=caption)


def _named(upload: Upload, check: Callable[[bytes], T]) -> T:
    """What `check` makes of an upload; a refusal names the file."""
    try:
        return check(upload.data)
    except Refused as reason:
        raise InvalidInput(f"{code(upload.name, 60)} {reason}") from reason


def _expanded(uploads: Sequence[Upload], refused: list[str]) -> Iterable[Upload]:
    for upload in uploads:
        if not archives.is_archive(upload.data):
            yield upload
            continue
        try:
            yield from (Upload(*entry) for entry in archives.unpacked(upload.data))
        except Refused as reason:
            refused.append(f"{code(upload.name, 60)} {reason}")


def _texts(files: Sequence[Upload], refused: list[str]) -> dict[str, str]:
    """Captions by the name that they share with their pictures."""
    texts: dict[str, str] = {}
    for name, data in files:
        if not archives.is_caption(name):
            continue
        try:
            text = " ".join(data.decode("utf-8-sig").split())
        except UnicodeDecodeError:
            refused.append(f"{code(name, 60)} is not a text in UTF-8. Save it anew.")
            continue
        if len(text) > CAPTION_MAX:
            refused.append(f"{code(name, 60)} is longer than {CAPTION_MAX} letters. Shorten it.")
        texts[masks.stem(name)] = text[:CAPTION_MAX]
    return texts


def _copies(found: Sequence[Picture]) -> Iterable[str]:
    """A refusal for each picture that repeats an earlier one pixel for pixel."""
    first: dict[str, Picture] = {}
    for picture in found:
        original = first.setdefault(picture.digest, picture)
        if original is not picture:
            yield (
                f"{code(picture.name, 60)} is the same picture as {code(original.name, 60)}. "
                "Leave one of them out."
            )


def _near_copies(found: Sequence[Picture]) -> Iterable[str]:
    pairs = [(a.name, b.name) for a, b in combinations(found, 2) if pictures.alike(a, b)]
    if pairs:
        named = [f"{code(a, 60)} and {code(b, 60)}" for a, b in pairs[:3]]
        yield f"{listed(named)} look nearly the same; different views teach more."


def _masked(found: Sequence[Picture]) -> Iterable[str]:
    count = sum(bool(picture.mask) for picture in found)
    if count:
        yield (
            f"Of {count} picture{'s' if count != 1 else ''} I learn a part only: "
            "what is opaque, or white in the mask beside it."
        )


def _report(refused: Sequence[str]) -> str:
    lines = [f"- {line}" for line in refused[:NAMED_MAX]]
    if len(refused) > NAMED_MAX:
        lines.append(f"- … and {len(refused) - NAMED_MAX} more.")
    head = "I cannot use these files, so nothing was started:"
    return "\n".join([head, *lines])


async def _download(attachment: discord.Attachment, most_bytes: int) -> Upload:
    """The file's bytes, asked for only when its size allows.

    Raises:
        InvalidInput: it is too big, or Discord does not hand it out.
    """
    name = attachment.filename
    if attachment.size > most_bytes:
        size = f"{most_bytes // 2**20} MiB"
        raise InvalidInput(f"{code(name, 60)} is larger than {size}. Send a smaller one.")
    try:
        return Upload(name, await attachment.read())
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
        raise InvalidInput(
            f"{code(name, 60)} could not be fetched. Upload it once more."
        ) from error
