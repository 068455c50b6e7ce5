"""Saved stacks: one, and all of them."""

from collections.abc import Sequence

from bot.ui.card import Card, embed
from bot.ui.text import block, code, dotted, escaped
from core.domain.concepts import token_of
from core.services.stacks import SavedStack

LISTED_MAX = 40


def shown(stack: SavedStack) -> Card:
    """One stack with its concepts and how to use it."""
    lines = [
        f"{code(concept.token)} {weight:g} · {escaped(concept.class_noun)}"
        for concept, weight in stack.members
    ]
    if stack.lost:
        lines.append(f"⚠️ {stack.lost} of its concepts were deleted.")
    lines += [f"⚠️ {escaped(caution)}" for caution in stack.cautions]
    card = embed("\n".join(lines), title=f"Stack {escaped(token_of(stack.name))}")
    prompt = f"a photo of {token_of(stack.name)} at night"
    card.add_field(name="How to use it", value=block(prompt), inline=False)
    return Card(embed=card)


def listing(stacks: Sequence[SavedStack]) -> Card:
    """A guild's stacks, a line each."""
    if not stacks:
        return Card(content="No stacks are kept here. Keep one with `/stacks save`.")
    lines = [_line(stack) for stack in stacks[:LISTED_MAX]]
    if len(stacks) > LISTED_MAX:
        lines.append(f"and {len(stacks) - LISTED_MAX} more; see `/stacks show`")
    return Card(embed=embed("\n".join(lines)[:4000], title="Stacks"))


def _line(stack: SavedStack) -> str:
    members = ", ".join(f"{concept.name}:{weight:g}" for concept, weight in stack.members)
    return dotted(code(token_of(stack.name)), escaped(members), f"<@{stack.owner_id}>")
