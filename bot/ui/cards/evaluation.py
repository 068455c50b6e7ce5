"""Evaluations: what the figures mean, the best seeds, a blind sheet, and what people said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.ui.card import BAD, GOOD, Blob, Button, Card, Row, embed
from bot.ui.cards.pictures import solo_button, stars
from bot.ui.text import code, dotted, escaped, listed, took
from core.domain.evaluation import (
    BAR,
    Accepted,
    Estimate,
    Likeness,
    Measure,
    Named,
    Report,
    Scores,
)
from core.domain.images import Image
from core.domain.jobs import Job
from core.domain.requests import EvaluateRequest, Purpose, Stacking
from core.services.evaluating import SEEDS_MAX, SEEDS_USUAL

WELL, PARTLY = 0.8, 0.5
VARIES, HARDLY = 0.5, 0.2
COPIES_MANY = 0.2
BEST = 4
LOOKS = "looks like the pictures"
FOLLOWS = "does what is asked"
DIFFERS = "varies from seed to seed"
BRACKETS = "in brackets the 95 % interval"
VERDICTS = {2: "well", 1: "partly", 0: "poorly", -1: "cannot be told"}
SHADES = {2: "🟢", 1: "🟡", 0: "🔴", -1: "⚪"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a score card: words, a share of the whole, and the raw figures behind it."""

    label: str
    share: Estimate | None
    grade: int
    """2 well, 1 partly, 0 poorly, -1 cannot be told."""
    note: str
    vague: bool = False
    """The interval is missing, or holds good and poor alike."""
    aside: str = ""
    """What belongs beside the figure in words, too."""


Grader = Callable[[float], int]
"""The grade of a share."""


def bars(scores: Scores, nouns: dict[str, str]) -> list[Bar]:
    """The lines of a score card, in the order in which people should read them."""
    stacked, encoder = len(nouns) > 1, scores.encoder
    lines = [_looks(one, encoder, stacked=stacked) for one in scores.likeness]
    if scores.alignment is not None:
        lines.append(_follows(scores, scores.alignment))
    lines += [_shows(one, scores.images, stacked=stacked) for one in scores.named]
    if scores.diversity is not None:
        lines.append(_varies(scores, scores.diversity))
    if scores.drift is not None:
        lines.append(_leaves_alone(scores.drift, next(iter(nouns.values()), "class")))
    if scores.copied is not None or any(one.copies is not None for one in scores.likeness):
        lines.append(_copies(scores))
    return lines


def scored(job: Job, request: EvaluateRequest, scores: Scores, files: tuple[Blob, ...]) -> Card:
    """The scores of a concept or a stack as a picture, and the same in words."""
    nouns = {entry.name: entry.class_noun for entry in request.stack}
    lines = [_line(bar) for bar in bars(scores, nouns)]
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


def counted(scores: Scores) -> str:
    """4 prompts on 3 seeds."""
    prompts = "1 prompt" if scores.prompts == 1 else f"{scores.prompts} prompts"
    return f"{prompts} on {scores.seeds} seed{'s' if scores.seeds != 1 else ''}"


def copy_warning(scores: Scores) -> str:
    """A sentence where images copy training pictures; empty where they do not."""
    if not scores.copies:
        return ""
    what = f"{scores.copies} of {scores.images} images are almost a training picture over again."
    if scores.copies < COPIES_MANY * scores.images:
        return what
    return f"{what} More pictures, or fewer steps, make it freer."


def summary(scores: Scores, name: str, noun: str) -> str:
    """The scores in a few short lines, for the card of a training."""
    lines = [_line(bar) for bar in bars(scores, {name: noun})]
    return "\n".join([*lines, f"{counted(scores)}; {BRACKETS}"])


def vague_note(scores: Scores, nouns: dict[str, str]) -> str:
    """What the figures leave open, and what to do about it; empty where they say something."""
    labels = [f"“{escaped(bar.label)}”" for bar in bars(scores, nouns) if bar.vague]
    if not labels:
        return ""
    seeds = f"{scores.seeds} seed{'s' if scores.seeds != 1 else ''}"
    what = f"⚪ After {seeds}, {listed(labels)} may still be anything from good to poor."
    more = min(SEEDS_MAX, max(SEEDS_USUAL, 2 * scores.seeds))
    if more <= scores.seeds or not scores.scorer:
        return what
    command = "stack" if len(nouns) > 1 else "concept"
    return f"{what} `/evaluate {command}` with `seeds: {more}` tells more."


def parents_note(scores: Scores, name: str) -> str:
    """How the concepts that one was taught on top of fare beside it; empty where there are none."""
    return "\n".join(
        f"{_line(_held(one, scores.encoder, name))}{_advice(one)}" for one in scores.parents
    )


def brief(scores: Scores) -> str:
    """Likeness, prompt and diversity in a line each, and on what; empty where none was measured."""
    told = [_line(bar) for bar in bars(scores, {}) if bar.label in {LOOKS, FOLLOWS, DIFFERS}]
    if not told:
        return ""
    scorer = f"scored by {escaped(scores.scorer, 60)}"
    return "\n".join([*told, f"{counted(scores)}, {scorer}; {BRACKETS}"])


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


def _looks(one: Likeness, encoder: str, *, stacked: bool) -> Bar:
    fidelity = one.fidelity
    ends = ("without it", "alone") if stacked else ("plain class", "the pictures themselves")
    figures = [f"{encoder.rpartition('/')[2] or 'CLIP-I'} {fidelity.raw.value:.2f}"]
    figures += [
        f"{name} {end:.2f}"
        for name, end in zip(ends, (fidelity.floor, fidelity.ceiling), strict=True)
        if end is not None
    ]
    if one.clip is not None:
        figures.append(f"CLIP-I {one.clip.raw.value:.2f}")
    label = f"still looks like <{one.name}>" if stacked else LOOKS
    return _bar(label, fidelity.share, dotted(*figures))


def _held(one: Likeness, encoder: str, name: str) -> Bar:
    """A parent beside what was taught on top of it."""
    bar = _looks(one, encoder, stacked=True)
    return replace(bar, label=f"<{one.name}> beside <{name}>", aside=bar.note)


def _advice(one: Likeness) -> str:
    share = one.fidelity.share
    if share is None or share.value >= WELL:
        return ""
    return " Together it no longer looks as it does alone; give one of them less weight."


def _follows(scores: Scores, alignment: Measure) -> Bar:
    clip = f"CLIP-T {alignment.raw.value:.2f}"
    if alignment.ceiling is not None:
        clip += f", plain words {alignment.ceiling:.2f}"
    if scores.asked is None:
        return _bar(FOLLOWS, alignment.share, clip)
    own = round(scores.asked.raw.value * scores.images)
    share = scores.asked.share or alignment.share
    note = f"{own} of {scores.images} fit their own prompt best · {clip}"
    return _bar(FOLLOWS, share, note)


def _shows(one: Named, images: int, *, stacked: bool) -> Bar:
    share = one.share.raw
    count = round(share.value * images)
    named = ", ".join(f"{label} {times}" for label, times in one.tally)
    note = f"named {named}" if named else f"in {count} of {images}"
    note += f", among {one.classes} classes"
    if one.share.ceiling is not None:
        note += f" · in plain words {one.share.ceiling:.0%}"
    whose = f" (<{one.name}>)" if stacked else ""
    return replace(_bar(f"is seen as “{one.class_noun}”{whose}", share, note), aside=named)


def _varies(scores: Scores, diversity: Measure) -> Bar:
    note = "100 %: as the plain class does"
    if scores.vendi is not None:
        note += f" · {scores.images} images count as {scores.vendi.value:.1f} different ones"
        note += _bracketed(scores.vendi, "{:.1f} to {:.1f}")
    return _bar(DIFFERS, diversity.share, note, _varied)


def _leaves_alone(drift: Measure, noun: str) -> Bar:
    share = None if drift.share is None else _turned(drift.share)
    note = f"0 %: “{noun}” without the name changes as much as with another seed"
    return _bar(f"keeps plain “{noun}” as it was", share, note)


def _copies(scores: Scores) -> Bar:
    copied = scores.copied or Estimate(value=min(1.0, scores.copies / scores.images))
    note = f"{scores.copies or 'none'} of {scores.images} is nearly a training picture"
    return _bar("makes new pictures, no copies", _turned(copied), note, _uncopied)


def _turned(share: Estimate) -> Estimate:
    return Estimate(
        value=1 - share.value,
        low=None if share.high is None else 1 - share.high,
        high=None if share.low is None else 1 - share.low,
    )


def _usual(share: float) -> int:
    return (share >= PARTLY) + (share >= WELL)


def _varied(share: float) -> int:
    return (share >= HARDLY) + (share >= VARIES)


def _uncopied(share: float) -> int:
    return (share > 1 - COPIES_MANY) + (share >= 1)


def _bar(label: str, share: Estimate | None, note: str, grader: Grader = _usual) -> Bar:
    if share is None:
        return Bar(label, None, -1, note)
    ends = [grader(end) for end in (share.low, share.high) if end is not None]
    return Bar(label, share, grader(share.value), note, vague=ends in ([], [0, 2]))


def _line(bar: Bar) -> str:
    aside = f" · {escaped(bar.aside)}" if bar.aside and bar.share else ""
    return f"{SHADES[bar.grade]} {escaped(bar.label)}: {_said(bar)}{aside}"


def _said(bar: Bar) -> str:
    if bar.share is None:
        return f"{VERDICTS[-1]} ({bar.note})"
    return f"**{bar.share.value:.0%}**{_bracketed(bar.share)}"


def _bracketed(figure: Estimate, form: str = "{:.0%}–{:.0%}") -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f" [{form.format(figure.low, figure.high)}]"


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
    return f"**{rate.value:.0%}**{_bracketed(rate)} of {one.up + one.down} votes"


def _bar_colour(total: Accepted) -> int:
    return GOOD if total.rate is not None and total.rate.value >= BAR else BAD
