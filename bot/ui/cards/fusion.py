"""A stack that has become one version."""

from bot.ui.card import GOOD, Blob, Button, Card, embed
from bot.ui.text import block, code, dotted, duration, escaped
from core.domain.concepts import ConceptVersion, token_of
from core.domain.fusion import FusedWord, fusion_of
from core.domain.requests import FuseRequest


def fused(request: FuseRequest, version: ConceptVersion, sheet: Blob, job_id: int) -> Card:
    """What went in, how much of each was kept, and how to use it."""
    fusion = fusion_of(version)
    words = fusion.words if fusion else ()
    lines = [f"{code(token_of(request.name))} holds {len(words)} concepts in one adapter now.", ""]
    card = embed(
        "\n".join([*lines, *map(_line, words)]),
        title=f"{escaped(request.name)} fused",
        colour=GOOD,
    )
    card.add_field(name="How to use it", value=_use(request), inline=False)
    took = f"fused in {duration(version.seconds)}"
    card.set_footer(text=dotted(f"#{job_id}", f"version {version.number}", took))
    row = (
        Button("Try it", "try", version.concept_id, emoji="🎨", style="primary"),
        Button("Write a prompt", "ask", version.concept_id, emoji="✏️"),
    )
    return Card(embed=card, rows=(row,), files=(sheet,))


def _line(word: FusedWord) -> str:
    """How much of a concept's own outputs is kept, beside what the plain sum would keep."""
    return dotted(
        f"{code(token_of(word.name))} v{word.number}",
        f"{_kept(word.error):.0%} kept",
        f"added up {_kept(word.error_sum):.0%}",
    )


def _kept(error: float) -> float:
    return max(0.0, 1.0 - error)


def _use(request: FuseRequest) -> str:
    """Its name for all of them at once, or each word where it belongs."""
    first, second = (part.phrase for part in request.parts[:2])
    return (
        f"All of it: {block(f'a photo of {token_of(request.name)}')}"
        f"Each in its place, with {code(request.name)} in `concepts`: "
        f"{block(f'a photo of a {first} beside a {second}')}"
    )
