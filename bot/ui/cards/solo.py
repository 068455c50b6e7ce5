"""A strip of one scene: each concept alone, all together, the plain model."""

from collections.abc import Sequence

from bot.ui.card import Blob, Button, Card, Menu
from bot.ui.cards.pictures import MORE, stack_line
from bot.ui.text import dotted, escaped, plain, took
from core.domain.images import Image
from core.domain.jobs import Job


def with_words(image: Image) -> str:
    """Which concepts are at work in one picture of a strip."""
    stack = image.manifest.request.stack
    if len(stack) > 1:
        return "all together"
    return f"{stack[0].token} alone" if stack else "plain model"


def strip(job: Job, images: Sequence[Image], file: Blob) -> Card:
    """The strip, with what can be done with the picture of all and a menu for the others."""
    whole = next((i for i in images if len(i.manifest.request.stack) > 1), images[0])
    request = whole.manifest.request
    lines = [
        f"**{escaped(request.prompt, 500)}**",
        "-# each concept alone, the others in plain words · all together · the plain model",
        f"-# {dotted(stack_line(request.stack), f'seed `{whole.seed}`')}",
        f"-# {dotted(f'#{job.id}', took(job), f'for <@{job.user_id}>')}",
    ]
    row = (
        Button("Vary", "vary", whole.id, emoji="🎲", style="primary"),
        Button("Favourite", "star", whole.id, emoji="⭐"),
        Button("Details", "info", whole.id, emoji="ℹ️"),
    )
    return Card(content="\n".join(lines), rows=(row, (_menu(job, images),)), files=(file,))


def _menu(job: Job, images: Sequence[Image]) -> Menu:
    options = tuple(
        (str(image.id), plain(with_words(image), 90), f"seed {image.seed}: {MORE}")
        for image in images
    )
    return Menu("look", job.id, "More with one of them…", options)
