"""Concepts: the library, one concept, and what was learned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import discord

from bot.ui.card import FIELD_MAX, GOOD, Blob, Button, Card, Row, embed
from bot.ui.cards.recipes import counted_pictures, made_by, recipe_fields
from bot.ui.cards.scores import brief, copy_warning, parents_note, summary, vague_note
from bot.ui.text import block, code, dotted, duration, escaped, listed
from core.domain.concepts import Concept, ConceptVersion, example_of
from core.domain.evaluation import Scores
from core.domain.requests import ImportRequest, TrainRequest
from core.services.labels import Labelled

PAGE = 20
LISTED = 8
"""Versions on a concept's card."""
FORMS = {"kohya": "kohya's", "diffusers": "diffusers'", "peft": "PEFT's"}


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to say of one version besides its line in the list."""

    version: ConceptVersion
    sheet: Blob
    """Its pictures, and samples without and with it."""
    request: TrainRequest | None = None
    """What it was taught by; None where it was not taught here."""
    has_steps: bool = False
    """Another step of its training can be kept."""


def example(concept: Concept) -> str:
    """A prompt that uses the concept."""
    return example_of(concept.name, concept.class_noun, concept.kind)


def library(concepts: Sequence[Concept], offset: int = 0) -> Card:
    """One page of a guild's concepts, with buttons to the pages around it."""
    if not concepts:
        return Card(
            embed=embed("Nothing has been taught here yet. Teach me something with `/train`."),
            rows=((Button("Teach me", "teach", 0, emoji="🎓", style="primary"),),),
        )
    offset = min(offset, (len(concepts) - 1) // PAGE * PAGE)
    page = concepts[offset : offset + PAGE]
    card = embed("\n".join(_line(concept) for concept in page), title="Concepts")
    card.set_footer(text=f"{len(concepts)} in all. Write a name in a prompt to use it.")
    return Card(embed=card, rows=_pages(offset, len(concepts)))


def found(concepts: Sequence[Concept], looked_for: str) -> Card:
    """What a search among a guild's concepts found."""
    if not concepts:
        return Card(content=f"There is nothing like {code(looked_for, 60)} here.")
    lines = [_line(concept) for concept in concepts[:PAGE]]
    if len(concepts) > PAGE:
        lines.append(f"and {len(concepts) - PAGE} more; search for something narrower")
    return Card(embed=embed("\n".join(lines), title=f"Concepts like {escaped(looked_for, 60)}"))


def shown(
    concept: Concept,
    versions: Sequence[ConceptVersion],
    look: Look | None = None,
    labelled: Labelled | None = None,
) -> Card:
    """Everything about one concept, and more about one of its versions."""
    noun = escaped(concept.class_noun)
    lines = [f"A {concept.kind.value}: {noun}", f"taught by <@{concept.owner_id}>"]
    lines += [*_labels(labelled), ""] if labelled else [""]
    lines += _versions(concept, versions, look) or [_unlearned(concept)]
    card = embed("\n".join(lines), title=escaped(concept.token))
    if look is None:
        return Card(embed=card)
    card.add_field(name="How to use it", value=block(example(concept)), inline=False)
    _add_fields(card, _about_one(look))
    row = _try_row(concept.id)
    if look.has_steps:
        row += (_other_steps(look.version.job_id),)
    return Card(embed=card, rows=(row,), files=(look.sheet,))


def learned(
    request: TrainRequest,
    version: ConceptVersion,
    sheet: Blob,
    job_id: int,
    *,
    more: Blob | None = None,
    has_steps: bool = False,
) -> Card:
    """A training run has ended well: what went in, what came out, how to use it.

    `more` is the picture of its scores, or of its course where there are none; where it
    `has_steps`, another one can be kept.
    """
    token, noun = code(f"<{request.name}>"), escaped(request.class_noun)
    lines = [f"I know {token} now, a {request.concept_kind.value}: {noun}."]
    if request.parents:
        lines.append(f"It stands on {listed([code(p.token) for p in request.parents])}.")
    card = embed("\n".join(lines), title=f"{escaped(request.name)} learned", colour=GOOD)
    prompt = example_of(request.name, request.class_noun, request.concept_kind)
    card.add_field(name="How to use it", value=block(prompt), inline=False)
    _add_fields(card, recipe_fields(version, request))
    if version.scores is not None:
        _add_fields(card, _about_scores(request, version.scores))
    card.set_footer(text=_learned_footer(request, version, job_id))
    files = (sheet,) if more is None else (sheet, more)
    row: Row = (*_try_row(version.concept_id), Button("Train again", "retrain", job_id, emoji="🔁"))
    if has_steps:
        row += (_other_steps(job_id),)
    return Card(embed=card, rows=(row,), files=files)


def taken_in(request: ImportRequest, version: ConceptVersion, sheet: Blob, job_id: int) -> Card:
    """A file of another tool has become a version: what was in it, and how to use it."""
    token, noun = code(f"<{request.name}>"), escaped(request.class_noun)
    lines = [f"I have {token} now, a {request.concept_kind.value}: {noun}.", *_contents(version)]
    card = embed("\n".join(lines), title=f"{escaped(request.name)} taken in", colour=GOOD)
    prompt = example_of(request.name, request.class_noun, request.concept_kind)
    card.add_field(name="How to use it", value=block(prompt), inline=False)
    card.set_footer(text=dotted(f"#{job_id}", f"version {version.number}"))
    return Card(embed=card, rows=(_try_row(version.concept_id),), files=(sheet,))


def deleted(concept: Concept) -> Card:
    """A concept is gone, and can be brought back."""
    text = f"{code(concept.token)} is deleted. Pictures made with it stay."
    return Card(content=text, rows=((Button("Undo", "undo", concept.id, emoji="↩️"),),))


def restored(concept: Concept) -> Card:
    """A deleted concept is back."""
    return Card(content=f"{code(concept.token)} is back.", rows=(_try_row(concept.id),))


def _learned_footer(request: TrainRequest, version: ConceptVersion, job_id: int) -> str:
    masked = sum(map(bool, request.masks))
    return dotted(
        f"#{job_id}",
        f"version {version.number}",
        counted_pictures(version) + (f", {masked} masked" if masked else ""),
        f"learned in {duration(version.seconds)}",
    )


def _about_scores(request: TrainRequest, scores: Scores) -> list[tuple[str, str]]:
    """What was found, what is open, how the parents fare, and a warning: those that there are."""
    noun = request.class_noun
    fields = [
        ("How good is it?", summary(scores, request.name, noun)),
        ("What is still open", vague_note(scores, {request.name: noun})),
        ("What it stands on", parents_note(scores, request.name)),
        ("⚠️ Mind", copy_warning(scores)),
    ]
    return [(name, value) for name, value in fields if value]


def _add_fields(card: discord.Embed, fields: Iterable[tuple[str, str]]) -> None:
    for name, value in fields:
        card.add_field(name=name, value=value[:FIELD_MAX], inline=False)


def _contents(version: ConceptVersion) -> list[str]:
    """What an imported version's file held."""
    origin = version.origin
    if origin is None:
        return []
    parts = []
    if origin.rank:
        parts.append(f"an adapter of rank {origin.rank} in {FORMS[origin.form]} form")
    if origin.vectors:
        parts.append(f"a word of {origin.vectors} vector{'s' if origin.vectors != 1 else ''}")
    if origin.form == "hypernetwork":
        parts.append("a hypernetwork")
    lines = [f"{code(origin.file_name, 60)} holds {listed(parts)}."]
    if not origin.vectors:
        lines.append("It has no word of its own; its name stands for the class.")
    return lines


def _line(concept: Concept) -> str:
    state = f"v{concept.latest.number}" if concept.latest else _unlearned(concept)
    return dotted(
        code(concept.token),
        concept.kind.value,
        escaped(concept.class_noun),
        state,
        f"<@{concept.owner_id}>",
    )


def _unlearned(concept: Concept) -> str:
    """Why a concept has no version."""
    if concept.in_training:
        return "being learned"
    return "its training failed or was cancelled; train it again"


def version_words(version: ConceptVersion) -> str:
    """A version in plain words: what it was made of and by what, and its hash."""
    return dotted(*_about(version), version.artifact[:12])


def labels(concept_name: str, labelled: Labelled) -> Card:
    """What a concept is called now besides its name."""
    lines = _labels(labelled) or ["has no other names and no tags"]
    return Card(content="\n".join([code(f"<{concept_name}>"), *lines]))


def _labels(labelled: Labelled) -> list[str]:
    aliases = listed([code(f"<{alias}>") for alias in labelled.aliases])
    tags = " ".join(code(f"#{tag}") for tag in labelled.tags)
    return [line for line in (f"also called {aliases}" if aliases else "", tags) if line]


def _versions(concept: Concept, versions: Sequence[ConceptVersion], look: Look | None) -> list[str]:
    """A line for each of the newest, and for the one that is looked at."""
    told = list(versions[:LISTED])
    if look is not None and look.version not in told:
        told.append(look.version)
    lines = [_listed(version, concept) for version in told]
    if len(versions) > len(told):
        lines.append(f"and {len(versions) - len(told)} older ones")
    return lines


def _about_one(look: Look) -> list[tuple[str, str]]:
    """Its scores in short, and its recipe where it was taught here."""
    scores, number = look.version.scores, look.version.number
    told = brief(scores) if scores else ""
    fields = [(f"How good is v{number}?", told)] if told else []
    return fields + (recipe_fields(look.version, look.request) if look.request else [])


def _listed(version: ConceptVersion, concept: Concept) -> str:
    in_use = concept.latest is not None and concept.latest.id == version.id
    number, *about = map(escaped, _about(version))
    return dotted(
        f"**{number}**" + (" ← in use" if in_use else ""),
        *about,
        f"<t:{int(version.created_at.timestamp())}:R>",
        code(version.artifact[:12]),
    )


def _about(version: ConceptVersion) -> tuple[str, ...]:
    taught, parents = bool(version.pictures), len(version.parents)
    return (
        f"v{version.number}",
        counted_pictures(version) if taught else "",
        made_by(version),
        duration(version.seconds),
        f"on {parents} other{'s' if parents > 1 else ''}" if taught and parents else "",
    )


def _try_row(concept_id: int) -> Row:
    return (
        Button("Try it", "try", concept_id, emoji="🎨", style="primary"),
        Button("Write a prompt", "ask", concept_id, emoji="✏️"),
    )


def _other_steps(job_id: int) -> Button:
    return Button("Other steps", "steps", job_id, emoji="🎞️")


def _pages(offset: int, total: int) -> tuple[Row, ...]:
    row: Row = ()
    if offset > 0:
        row += (Button("Back", "list", max(0, offset - PAGE), emoji="◀️"),)
    if offset + PAGE < total:
        row += (Button("More", "list", offset + PAGE, emoji="▶️"),)
    return (row,) if row else ()
