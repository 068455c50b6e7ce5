"""The first thing that a newcomer reads."""

from bot.ui.card import Button, Card, embed

TEXT = """\
I make pictures from words, and I can learn your own things and looks from a handful of pictures.

**Draw something**
`/imagine prompt: a red ball in a forest`
Below the result: **U** makes a picture larger, **V** varies it, 🔁 draws the prompt anew.

**Teach me something**
`/train name: xyz class: temple` and about five pictures of the same thing or the same look.
I show how far I am, and what I have learned at the end.

**Use it, several at once**
`/imagine prompt: xyz temple in a kar forest`
Write the names as they are, or choose them in the option `concepts`; `xyz:0.7` makes one weaker.

**Say it**
Send me a voice message in a direct message, or right-click anyone's voice message → Apps → \
**Imagine from voice**. I show what I heard before I draw.

**See how good it is**
`/evaluate concept` scores one · `/evaluate stack` several in one picture · `/evaluate seeds` \
finds the best seeds · `/evaluate blind` lets people judge
⭐ under a picture keeps it as a favourite, `/evaluate favourites` shows them · 🧩 draws each \
concept of a picture alone

**Look after it**
`/concepts list` what this server has taught me · `/jobs list` what I am doing for you
"""


def welcome() -> Card:
    """What the bot does, with examples to copy and buttons to begin."""
    row = (
        Button("Draw something", "ask", 0, emoji="🎨", style="primary"),
        Button("Teach me something", "teach", 0, emoji="🎓", style="primary"),
        Button("What you know", "library", 0, emoji="📚"),
    )
    return Card(embed=embed(TEXT, title="Atelier"), rows=(row,))
