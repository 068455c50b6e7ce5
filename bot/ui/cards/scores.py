"""Scores in words: what each figure means, its interval, and what it leaves open."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.ui.text import dotted, escaped, listed
from core.domain.evaluation import Estimate, Likeness, Measure, Named, Scores
from core.services.evaluating import SEEDS_MAX, SEEDS_USUAL

WELL, PARTLY = 0.8, 0.5
VARIES, HARDLY = 0.5, 0.2
COPIES_MANY = 0.2
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


def line(bar: Bar) -> str:
    """A bar as a line of text, with its figure and interval."""
    aside = f" · {escaped(bar.aside)}" if bar.aside and bar.share else ""
    return f"{SHADES[bar.grade]} {escaped(bar.label)}: {_said(bar)}{aside}"


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
    lines = [line(bar) for bar in bars(scores, {name: noun})]
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
        f"{line(_held(one, scores.encoder, name))}{_advice(one)}" for one in scores.parents
    )


def brief(scores: Scores) -> str:
    """Likeness, prompt and diversity in a line each, and on what; empty where none was measured."""
    told = [line(bar) for bar in bars(scores, {}) if bar.label in {LOOKS, FOLLOWS, DIFFERS}]
    if not told:
        return ""
    scorer = f"scored by {escaped(scores.scorer, 60)}"
    return "\n".join([*told, f"{counted(scores)}, {scorer}; {BRACKETS}"])


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
        note += bracketed(scores.vendi, "{:.1f} to {:.1f}")
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


def _said(bar: Bar) -> str:
    if bar.share is None:
        return f"{VERDICTS[-1]} ({bar.note})"
    return f"**{bar.share.value:.0%}**{bracketed(bar.share)}"


def bracketed(figure: Estimate, form: str = "{:.0%}–{:.0%}") -> str:
    """The interval of a figure, after a space; empty where it has none."""
    if figure.low is None or figure.high is None:
        return ""
    return f" [{form.format(figure.low, figure.high)}]"
