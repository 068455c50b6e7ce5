"""What was heard in a voice message, and what it was taken to mean."""

from collections.abc import Sequence

from bot.ui.card import Button, Card, embed
from bot.ui.text import block, code, escaped, told
from core.domain.speech import Transcript

NOTHING = (
    "I could not make out any words. Speak a little closer to the microphone, or type it with "
    "`/imagine`."
)


def heard(transcript: Transcript, *, ask: bool, notes: Sequence[str] = ()) -> Card:
    """The transcript; with `ask`, the question what to do with it, and what may go wrong."""
    if not transcript.prompt.strip():
        return Card(content=f"🎙️ {NOTHING}")
    lines = [f"🎙️ I heard: {escaped(transcript.heard, 800)}"]
    lines += [f"“{escaped(c.heard, 60)}” → {code(c.token)}" for c in transcript.changes]
    warnings = [f"⚠️ {told(note)}" for note in notes]
    card = embed("\n".join([*lines, block(transcript.prompt, 1000), *warnings]))
    card.set_footer(text=f"language: {transcript.language}")
    return Card(embed=card, rows=(_question(transcript.id),) if ask else ())


def _question(transcript_id: int) -> tuple[Button, ...]:
    return (
        Button("Imagine", "say", transcript_id, emoji="🎨", style="primary"),
        Button("Edit", "edit", transcript_id, emoji="✏️"),
        Button("Cancel", "drop", transcript_id),
    )
