"""Versions of a concept side by side: the same scene and seeds, one row each."""

from collections.abc import Sequence

import discord

from bot.ui.card import FIELD_MAX, Blob, Button, Card, Menu, embed
from bot.ui.cards.pictures import MORE, stack_line
from bot.ui.cards.recipes import differing
from bot.ui.cards.scores import brief
from bot.ui.text import code, dotted, escaped, plain, took
from core.domain.concepts import ConceptVersion, StackEntry
from core.domain.images import Image
from core.domain.jobs import Job
from core.domain.requests import EvaluateRequest

Rows = list[tuple[StackEntry, list[Image]]]


def by_version(request: EvaluateRequest, images: Sequence[Image]) -> Rows:
    """What is left of each version's images, in the order in which they were asked for."""
    return [
        (version, [image for image in images if _drew(version, image)]) for version in request.stack
    ]


def compared(
    job: Job,
    request: EvaluateRequest,
    images: Sequence[Image],
    file: Blob,
    versions: Sequence[ConceptVersion],
) -> Card:
    """The rows, each version's scores and what sets it apart, a button that puts it to use, and a
    menu that leads to each picture.

    `versions` are those of the request's stack, in its order.
    """
    scene = request.scene or images[0].manifest.request
    others = [entry for entry in scene.stack if entry.concept_id != request.stack[0].concept_id]
    first, *_ = request.stack
    rows = [f"v{version.number}" for version in request.stack]
    lines = [
        f"**{escaped(scene.prompt, 500)}**",
        f"-# {code(first.token)} {', below it '.join(rows)} · the same seeds in each row",
        f"-# {dotted(stack_line(others), f'seeds from `{request.seeds[0]}`')}",
        f"-# {dotted(f'#{job.id}', took(job), f'for <@{job.user_id}>')}",
    ]
    use = tuple(
        Button(f"Use v{version.number}", "useversion", version.version_id, emoji="📌")
        for version in request.stack
    )
    return Card(
        content="\n".join(lines),
        embed=_side_by_side(versions),
        rows=(use, (_menu(job, request, images),)),
        files=(file,),
    )


def _side_by_side(versions: Sequence[ConceptVersion]) -> discord.Embed:
    card = embed()
    for version, made in zip(versions, differing(versions), strict=True):
        scores = brief(version.scores) if version.scores else ""
        told = "\n".join(filter(None, [scores or "not scored", made]))
        card.add_field(name=f"v{version.number}", value=told[:FIELD_MAX])
    return card


def _drew(version: StackEntry, image: Image) -> bool:
    stack = image.manifest.request.stack
    return version.version_id in {entry.version_id for entry in stack}


def _menu(job: Job, request: EvaluateRequest, images: Sequence[Image]) -> Menu:
    options = tuple(
        (str(image.id), plain(f"v{version.number}, seed {image.seed}", 90), MORE)
        for version, drawn in by_version(request, images)
        for image in drawn
    )
    return Menu("look", job.id, "More with one of them…", options)
