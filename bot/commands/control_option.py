"""The options `control`, `control_image` and `control_scale`: follow the shapes in a picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
from discord.app_commands import Choice

from core.domain.drawing import ControlImage, ControlKind
from core.errors import InvalidInput

if TYPE_CHECKING:
    from bot.client import Ask

CHOICES = [
    Choice(name="scribble: strokes on white or black", value=ControlKind.SCRIBBLE.value),
    Choice(name="edges: the outlines of any picture", value=ControlKind.EDGES.value),
    Choice(name="pose: a drawn skeleton", value=ControlKind.POSE.value),
    Choice(name="depth: near is bright, far is dark", value=ControlKind.DEPTH.value),
]
HALF = "To follow a picture, give me both: what to follow (`control`) and the `control_image`."


@dataclass(frozen=True, slots=True)
class Guide:
    """A picture to follow, before it is in storage."""

    kind: ControlKind
    image: discord.Attachment
    scale: float


def parse_guide(
    kind: str | None, image: discord.Attachment | None, scale: float | None
) -> Guide | None:
    """The three options as one; None where none is given.

    Raises:
        InvalidInput: one is missing.
    """
    if kind is None and image is None and scale is None:
        return None
    if kind is None or image is None:
        raise InvalidInput(HALF)
    return Guide(ControlKind(kind), image, 1.0 if scale is None else scale)


async def take_guide(interaction: "Ask", guide: Guide | None) -> ControlImage | None:
    """Checks the picture and stores it."""
    if guide is None:
        return None
    ground = await interaction.client.intake.ground(guide.image, None)
    return ControlImage(kind=guide.kind, key=ground.key, scale=guide.scale)
