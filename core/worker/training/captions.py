"""What the training pictures, and the pictures of the plain class, are said to show."""

import re

from core.domain.concepts import ConceptKind

_SUBJECT = ("a photo of {a}", "a photo of {}", "{a}", "{}", "a picture of {a}", "a drawing of {}")
"""With the article and without: people ask for "<xyz> temple" as they would for a name."""
_STYLE = ("a picture in {} style", "a photo in {} style", "{} style", "an image in {} style")
_PLACES = (
    "",
    " on a white background",
    " in a forest",
    " on a beach",
    " at night",
    " in a city",
    " in the mountains",
    " under the sea",
)
_SHOWING = (
    "",
    " of a house",
    " of a cat",
    " of a tree",
    " of a boat",
    " of a flower",
    " of a city",
    " of a person",
)


def captions(kind: ConceptKind, what: str) -> tuple[str, ...]:
    """Captions of training pictures that show `what`, such as `<xyz> temple`."""
    templates = _STYLE if kind is ConceptKind.STYLE else _SUBJECT
    return tuple(template.format(what, a=with_article(what)) for template in templates)


def typed_caption(what: str, token: str, text: str) -> str:
    """What a person said of a picture, with what is taught named in it or before it."""
    return text if token in text.lower() else f"{what}, {text}"


def told_caption(what: str, noun: str, text: str) -> str:
    """What a captioner said, with what is taught for the class noun's first mention or before it.

    Nothing stays nothing.
    """
    mention = re.compile(rf"\b(an? )?{re.escape(noun)}\b", re.IGNORECASE)
    named, count = mention.subn(lambda found: ("a " if found[1] else "") + what, text, count=1)
    return named if count or not text else f"{what}, {text}"


def mirrored(caption: str) -> str:
    """What is said of a picture's mirror image: left is right there."""
    other = {"left": "right", "right": "left"}
    return re.sub(r"\b(left|right)\b", lambda found: other[found[1]], caption)


def class_captions(kind: ConceptKind, noun: str) -> tuple[str, ...]:
    """Prompts for the plain class in many surroundings: what the model is to keep as it is."""
    plain = plain_caption(kind, noun)
    return tuple(f"{plain}{where}" for where in surroundings(kind))


def surroundings(kind: ConceptKind) -> tuple[str, ...]:
    """What may follow a caption: where a subject is or what a style shows; first, nothing."""
    return _SHOWING if kind is ConceptKind.STYLE else _PLACES


def plain_caption(kind: ConceptKind, what: str) -> str:
    """The simplest caption: what samples and previews are drawn from."""
    return captions(kind, what)[0]


def with_article(what: str) -> str:
    """`a temple`, `an owl`, `a <xyz> owl`."""
    return f"{'an' if what[:1] in 'aeiou' else 'a'} {what}"
