"""Concepts: the library, one concept, and what was learned."""

import json
from collections.abc import Sequence

from bot.ui.card import GOOD, Blob, Button, Card, Row, embed
from bot.ui.cards.evaluation import copy_warning, summary
from bot.ui.text import block, code, dotted, duration, escaped, listed
from core.domain.changes import written_value
from core.domain.concepts import Concept, ConceptKind, ConceptVersion, style_of
from core.domain.fusion import fusion_of
from core.domain.recipes import FIXED, Choice, Recipe
from core.domain.requests import ImportRequest, TrainRequest
from core.services.labels import Labelled

PAGE = 20
ENDED = "It was ended early, at step {} of {}. "
UNMEASURED = "No picture was held back to choose a checkpoint by, so the last step was kept."
FORMS = {"kohya": "kohya's", "diffusers": "diffusers'", "peft": "PEFT's"}


def example(concept: Concept) -> str:
    """A prompt that uses the concept."""
    return example_of(concept.name, concept.class_noun, concept.kind)


def example_of(name: str, class_noun: str, kind: ConceptKind) -> str:
    """A prompt that uses a concept of that name: a thing itself, or something in a style."""
    phrase = f"<{name}> {class_noun}"
    return f"a house in {style_of(phrase)}" if kind is ConceptKind.STYLE else f"a {phrase}"


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
    sheet: Blob | None,
    labelled: Labelled | None = None,
) -> Card:
    """Everything about one concept."""
    noun = escaped(concept.class_noun)
    lines = [f"A {concept.kind.value}: {noun}", f"taught by <@{concept.owner_id}>"]
    lines += [*_labels(labelled), ""] if labelled else [""]
    lines += [_listed(version, concept) for version in versions[:8]] or ["still being learned"]
    if len(versions) > 8:
        lines.append(f"and {len(versions) - 8} older ones")
    card = embed("\n".join(lines), title=escaped(concept.token))
    if not versions:
        return Card(embed=card)
    card.add_field(name="How to use it", value=block(example(concept)), inline=False)
    return Card(embed=card, rows=(_try_row(concept.id),), files=(sheet,) if sheet else ())


def learned(
    request: TrainRequest,
    version: ConceptVersion,
    sheet: Blob,
    job_id: int,
    *,
    course: Blob | None = None,
) -> Card:
    """A training run has ended well: what went in, what came out, how to use it."""
    token, noun = code(f"<{request.name}>"), escaped(request.class_noun)
    lines = [f"I know {token} now, a {request.concept_kind.value}: {noun}."]
    if request.parents:
        lines.append(f"It stands on {listed([code(p.token) for p in request.parents])}.")
    card = embed("\n".join(lines), title=f"{escaped(request.name)} learned", colour=GOOD)
    prompt = example_of(request.name, request.class_noun, request.concept_kind)
    card.add_field(name="How to use it", value=block(prompt), inline=False)
    card.add_field(name="Recipe", value=_recipe_lines(version), inline=False)
    if version.scores is not None:
        told = summary(version.scores, request.name, request.class_noun)
        card.add_field(name="How good is it?", value=told, inline=False)
        if warning := copy_warning(version.scores):
            card.add_field(name="⚠️ Mind", value=warning, inline=False)
    card.set_footer(text=_learned_footer(request, version, job_id))
    files = (sheet,) if course is None else (sheet, course)
    row = (*_try_row(version.concept_id), Button("Train again", "retrain", job_id, emoji="🔁"))
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


def _recipe_lines(version: ConceptVersion) -> str:
    """The preset, the steps, every setting that is not the usual one, and what was kept."""
    recipe = Recipe.model_validate_json(version.recipe)
    usual = Recipe().model_dump(mode="json")
    others = [
        f"{name}={written_value(value)}"
        for name, value in recipe.model_dump(mode="json").items()
        if name not in FIXED and value != usual[name]
    ]
    line = code(", ".join([f"{recipe.preset} · {recipe.steps} steps", *others]), 700)
    ended = ENDED.format(recipe.ended_at, recipe.steps) if recipe.ended_at else ""
    return f"{line}\n{ended}{_choice_line(recipe.choice) if recipe.choice else UNMEASURED}"


def _choice_line(choice: Choice) -> str:
    if choice.step == 0:
        return (
            f"The words it began as were kept: {choice.ran} steps of learning showed the pictures "
            f"no clearly better (error {choice.error:.3f}, at the end {choice.error_last:.3f})."
        )
    which = "a picture that was held back was" if choice.held_back else "the pictures were"
    return (
        f"Step {choice.step} of {choice.ran} was kept, the last at which {which} foretold "
        f"about as well as ever (error {choice.error:.3f}, at the end {choice.error_last:.3f})."
    )


def _learned_footer(request: TrainRequest, version: ConceptVersion, job_id: int) -> str:
    count, masked = len(version.pictures), sum(map(bool, request.masks))
    return dotted(
        f"#{job_id}",
        f"version {version.number}",
        f"{count} picture{'s' if count != 1 else ''}" + (f", {masked} masked" if masked else ""),
        f"learned in {duration(version.seconds)}",
    )


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
    state = f"v{concept.latest.number}" if concept.latest else "being learned"
    return dotted(
        code(concept.token),
        concept.kind.value,
        escaped(concept.class_noun),
        state,
        f"<@{concept.owner_id}>",
    )


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
    origin, count, parents = version.origin, len(version.pictures), len(version.parents)
    fusion = fusion_of(version)
    if fusion is not None:
        names = ", ".join(word.name for word in fusion.words)
        return f"v{version.number}", f"fused of {names}", duration(version.seconds)
    return (
        f"v{version.number}",
        f"from {origin.file_name[:60]}"
        if origin
        else f"{count} picture{'s' if count != 1 else ''}",
        "" if origin else _recipe(version),
        duration(version.seconds),
        f"on {parents} other{'s' if parents > 1 else ''}" if parents else "",
    )


def _recipe(version: ConceptVersion) -> str:
    """The method and the steps of a recipe."""
    recipe = json.loads(version.recipe)
    steps = recipe.get("steps")
    return dotted(recipe.get("method", ""), f"{steps} steps" if steps else "")


def _try_row(concept_id: int) -> Row:
    return (
        Button("Try it", "try", concept_id, emoji="🎨", style="primary"),
        Button("Write a prompt", "ask", concept_id, emoji="✏️"),
    )


def _pages(offset: int, total: int) -> tuple[Row, ...]:
    row: Row = ()
    if offset > 0:
        row += (Button("Back", "list", max(0, offset - PAGE), emoji="◀️"),)
    if offset + PAGE < total:
        row += (Button("More", "list", offset + PAGE, emoji="▶️"),)
    return (row,) if row else ()
