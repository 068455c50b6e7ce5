"""Evaluations: scores, the best seeds, a blind sheet, and what people said."""

from collections.abc import Sequence

from bot.ui.card import BAD, GOOD, Blob, Button, Card, Row, embed
from bot.ui.cards.pictures import solo_button, stars
from bot.ui.cards.scores import (
    BRACKETS,
    PARTLY,
    bars,
    bracketed,
    copy_warning,
    counted,
    line,
    vague_note,
)
from bot.ui.text import code, dotted, escaped, listed, took
from core.domain.drawing import Stacking
from core.domain.evaluation import (
    BAR,
    Accepted,
    Report,
    Scores,
)
from core.domain.images import Image
from core.domain.jobs import Job
from core.domain.requests import EvaluateRequest, Purpose

BEST = 4


def scored(job: Job, request: EvaluateRequest, scores: Scores, files: tuple[Blob, ...]) -> Card:
    """The scores of a concept or a stack as a picture, and the same in words."""
    nouns = {entry.name: entry.class_noun for entry in request.stack}
    lines = [line(bar) for bar in bars(scores, nouns)]
    if warning := copy_warning(scores):
        lines.append(f"\n⚠️ {warning}")
    notes = _without_pictures(request), vague_note(scores, nouns)
    lines += [f"\n{note}" for note in notes if note]
    card = embed("\n".join(lines), title=f"How good is {_title(request)}?", colour=_colour(scores))
    card.set_image(url=f"attachment://{files[0].name}")
    scorer = f"scored by {scores.scorer}"
    drawn = dotted(*manner(request), f"{request.drawn} images", took(job))
    footer = dotted(f"#{job.id}", drawn, f"{counted(scores)}, {BRACKETS}", scorer)
    card.set_footer(text=footer[:500])
    rows: tuple[Row, ...] = ()
    if request.purpose is Purpose.CONCEPT:
        rows = ((Button("Try it", "try", request.stack[0].concept_id, emoji="🎨"),),)
    return Card(embed=card, rows=rows, files=files)


def manner(request: EvaluateRequest) -> tuple[str, ...]:
    """What is particular about how an evaluation draws: a version, and a way of stacking."""
    numbers = [entry.number for entry in request.stack if request.purpose is Purpose.CONCEPT]
    version = [f"v{number}" for number in numbers if number]
    way = [] if request.stacking is Stacking.APART else [f"stacking: {request.stacking.value}"]
    return *version, *way


def seeds(
    job: Job,
    request: EvaluateRequest,
    report: Report,
    images: Sequence[Image],
    files: tuple[Blob, ...],
) -> Card:
    """The best seeds of a search, each with what can be done with its image."""
    best = images[:BEST]
    lines = [f"**{escaped(request.prompts[0], 500)}**", f"The best of {len(request.seeds)} seeds:"]
    for number, (image, rank) in enumerate(zip(best, report.ranks, strict=False), start=1):
        looks = "" if rank.fidelity is None else f"like the pictures {rank.fidelity:.2f}"
        said = dotted(f"seed `{image.seed}`", looks, f"like the prompt {rank.alignment:.2f}")
        lines.append(f"**{number}** {said}")
    lines.append(f"-# #{job.id} · ⭐ keeps one as a favourite · for <@{job.user_id}>")
    apart: Row = (solo_button(best[0]),) if len(request.stack) > 1 else ()
    rows: tuple[Row, ...] = (
        tuple(Button(f"U{n}", "up", i.id, style="primary") for n, i in enumerate(best, 1)),
        (*(Button(f"V{n}", "vary", i.id) for n, i in enumerate(best, 1)), *apart),
        tuple(Button(str(n), "good", i.id, emoji="👍") for n, i in enumerate(best, 1)),
        (*stars(best), Button("All", "starall", job.id, emoji="⭐")),
    )
    return Card(content="\n".join(lines), rows=rows, files=files)


def blind(job: Job, request: EvaluateRequest, images: Sequence[Image], file: Blob) -> Card:
    """A sheet of images whose origin is hidden, with a yes and a no for each."""
    pairs = zip(request.stack, request.pictures, strict=False)
    names = listed([code(entry.phrase) for entry, pictures in pairs if pictures])
    taught = f" {names} as in the pictures at the top, and" if names else ""
    prompts = listed([f"“{escaped(prompt, 200)}”" for prompt in request.prompts], "or")
    text = (
        f"**Does it show{taught} what was asked for?**\n"
        f"Asked for: {prompts}\n"
        "-# Some were drawn without it. 👍 or 👎 as many as you like; everyone may, "
        f"a later answer replaces an earlier one · #{job.id}"
    )
    votes = [
        (Button(str(n), "yes", image.id, emoji="👍"), Button(str(n), "no", image.id, emoji="👎"))
        for n, image in enumerate(images, start=1)
    ]
    rows = tuple(_row(votes[at : at + 2]) for at in range(0, len(votes), 2))
    tell: Row = (Button("What came out", "verdict", job.id, emoji="📊"),)
    return Card(content=text, rows=(*rows[:4], tell), files=(file,))


def results(accepted: Sequence[Accepted]) -> Card:
    """What people accepted, by prompt, beside the bar of 75 %."""
    if not accepted:
        return Card(content="Nobody has judged a blind sheet yet. `/evaluate blind` makes one.")
    lines = [_accepted_line(one) for one in accepted if one.prompt]
    total = Accepted(
        prompt="all",
        up=sum(one.up for one in accepted if one.prompt),
        down=sum(one.down for one in accepted if one.prompt),
    )
    controls = [one for one in accepted if not one.prompt and one.rate is not None]
    lines += [f"{_mark(total)} **all prompts**: {_rate(total)}"]
    lines += [f"⚪ drawn without the concepts, for comparison: {_rate(one)}" for one in controls]
    card = embed("\n".join(lines)[:4000], title="What people accept", colour=_bar_colour(total))
    card.set_footer(text=f"Good is {BAR:.0%} or more. In brackets: the 95 % interval of the share.")
    return Card(embed=card)


def _without_pictures(request: EvaluateRequest) -> str:
    """What cannot be told of concepts that were not taught here; empty where all can."""
    pairs = zip(request.stack, request.pictures, strict=False)
    bare = [escaped(entry.token) for entry, pictures in pairs if not pictures]
    if not bare:
        return ""
    return (
        f"{listed(bare)}: there are no training pictures here, so likeness to them and copies "
        "of them cannot be told."
    )


def _colour(scores: Scores) -> int:
    return GOOD if scores.quality >= PARTLY else BAD


def _title(request: EvaluateRequest) -> str:
    return listed([escaped(entry.token) for entry in request.stack], "with")


def _row(pairs: Sequence[tuple[Button, Button]]) -> Row:
    return tuple(button for pair in pairs for button in pair)


def _accepted_line(one: Accepted) -> str:
    versions = ", ".join(f"v{number}" for number in one.versions if number)
    of = f" ({versions})" if versions else ""
    return f"{_mark(one)} {escaped(one.prompt, 150)}{of}: {_rate(one)}"


def _mark(one: Accepted) -> str:
    rate = one.rate
    if rate is None or rate.low is None or rate.high is None:
        return "⚪"
    return "🟢" if rate.low >= BAR else "🔴" if rate.high < BAR else "🟡"


def _rate(one: Accepted) -> str:
    rate = one.rate
    if rate is None or rate.low is None or rate.high is None:
        return "no votes yet"
    return f"**{rate.value:.0%}**{bracketed(rate)} of {one.up + one.down} votes"


def _bar_colour(total: Accepted) -> int:
    return GOOD if total.rate is not None and total.rate.value >= BAR else BAD
