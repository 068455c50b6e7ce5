"""What the training pictures, and the pictures of the plain class, are said to show."""

import re

from core.domain.concepts import ConceptKind, is_place, style_of

_SUBJECT = ("a photo of {a}", "a photo of {}", "{a}", "{}", "a picture of {a}", "a drawing of {}")
"""With the article and without: people ask for "<xyz> temple" as they would for a name."""
_STYLE = ("a picture in {}", "a photo in {}", "{}", "an image in {}")
_WHERE = (
    "{}",
    "{} on a white background",
    "{} in a forest",
    "{} on a beach",
    "{} at night",
    "{} in a city",
    "{} in the mountains",
    "{} under the sea",
)
_WITHIN = (
    "{}",
    "a cat in {}",
    "a dog in {}",
    "a bird in {}",
    "a house in {}",
    "a flower in {}",
    "a car in {}",
    "a boat in {}",
    "a star in {}",
    "a person in {}",
)
_SHOWING = (
    "{}",
    "{} of a house",
    "{} of a cat",
    "{} of a tree",
    "{} of a boat",
    "{} of a flower",
    "{} of a city",
    "{} of a person",
)


def captions(kind: ConceptKind, what: str, around: str | None = None) -> tuple[str, ...]:
    """Captions of training pictures that show `what`, such as `<xyz> temple`.

    `around` is one of its `surroundings`; left out, nothing is around it.
    """
    templates: tuple[str, ...] = _SUBJECT
    if kind is ConceptKind.STYLE:
        templates, what = _STYLE, style_of(what)
    seen = around or surroundings(kind, what)[0]
    bare, whole = seen.format(what), seen.format(with_article(what))
    return tuple(template.format(bare, a=whole) for template in templates)


def typed_caption(kind: ConceptKind, what: str, token: str, text: str) -> str:
    """What a person said of a picture, with what is taught named in it."""
    return text if token in text.lower() else _named(kind, what, text)


def told_caption(kind: ConceptKind, what: str, noun: str, text: str) -> str:
    """What a captioner said, with a subject for its class noun's first mention, or else beside it.

    Nothing stays nothing.
    """
    if not text or kind is ConceptKind.STYLE:
        return text and _named(kind, what, text)
    mention = re.compile(rf"\b(an? )?{re.escape(noun)}\b", re.IGNORECASE)
    named, count = mention.subn(lambda found: ("a " if found[1] else "") + what, text, count=1)
    return named if count else _named(kind, what, text)


def without_style(caption: str, what: str) -> str:
    """What a caption of a picture in a style, such as `<ink> comic`, says without that; a picture
    at least.
    """
    token = what.split(" ", 1)[0]
    named = rf"\s*\bin {re.escape(style_of(what))}|{re.escape(token)}"
    return " ".join(re.sub(named, "", caption, flags=re.IGNORECASE).split()) or "a picture"


def _named(kind: ConceptKind, what: str, text: str) -> str:
    """A style is named as people ask for it, a subject first of all."""
    return f"{text} in {style_of(what)}" if kind is ConceptKind.STYLE else f"{what}, {text}"


def mirrored(caption: str) -> str:
    """What is said of a picture's mirror image: left is right there."""
    other = {"left": "right", "right": "left"}
    return re.sub(r"\b(left|right)\b", lambda found: other[found[1]], caption)


def class_captions(kind: ConceptKind, noun: str) -> tuple[str, ...]:
    """Prompts for the plain class in many surroundings: what the model is to keep as it is."""
    return tuple(captions(kind, noun, around)[0] for around in surroundings(kind, noun))


def surroundings(kind: ConceptKind, noun: str) -> tuple[str, ...]:
    """Where a thing may be, what may be in a place, or what a style may show; first, nothing."""
    if kind is ConceptKind.STYLE:
        return _SHOWING
    return _WITHIN if is_place(noun) else _WHERE


def plain_caption(kind: ConceptKind, what: str) -> str:
    """The simplest caption: what samples and previews are drawn from. A style shows something."""
    if kind is ConceptKind.STYLE:
        return f"a house in {style_of(what)}"
    return captions(kind, what)[0]


def with_article(what: str) -> str:
    """`a temple`, `an owl`, `a <xyz> owl`."""
    return f"{'an' if what[:1] in 'aeiou' else 'a'} {what}"
