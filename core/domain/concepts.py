"""What a guild has taught: concepts, their versions, and the stacks made of them."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidInput

if TYPE_CHECKING:
    from core.domain.evaluation import Scores, Waypoint

NAME = re.compile(r"[a-z][a-z0-9_-]{1,23}")
TOKEN = re.compile(r"<([a-z][a-z0-9_-]{1,23})>")
CLASS_NOUN = re.compile(r"[a-z][a-z -]{0,38}[a-z]")
WEIGHT_MIN, WEIGHT_MAX = -2.0, 2.0
_PLACES = (
    "background beach city desert field forest garden island jungle lake landscape meadow mountain "
    "mountains ocean park place planet river room scene sea sky street town valley village woods"
)


class ConceptKind(StrEnum):
    """What is learned: a thing that can be placed, or a look that covers the picture."""

    SUBJECT = "subject"
    STYLE = "style"

    @property
    def leaves_others_alone(self) -> bool:
        """Pictures that do not name it should be as without it; a style lies over everything."""
        return self is not ConceptKind.STYLE


@dataclass(frozen=True, slots=True)
class Concept:
    """A named thing or look that belongs to one guild."""

    id: int
    guild_id: int
    owner_id: int
    name: str
    class_noun: str
    kind: ConceptKind
    created_at: datetime
    deleted_at: datetime | None = None
    latest: "ConceptVersion | None" = None
    """The version that prompts use now: the newest, unless another was chosen; None where there is
    none."""
    in_training: bool = False
    """A job that makes a version of it waits or runs."""

    @property
    def is_vacant(self) -> bool:
        """There is nothing of it and nothing is on its way: its training failed, or was stopped."""
        return self.latest is None and not self.in_training

    @property
    def token(self) -> str:
        """The word that stands for it in prompts, such as `<xyz>`."""
        return token_of(self.name)


@dataclass(frozen=True, slots=True)
class ConceptVersion:
    """One trained, immutable artifact of a concept."""

    id: int
    concept_id: int
    number: int
    artifact: str
    """Storage key (SHA-256) of one safetensors file: adapter weights and learned token."""
    model: str
    """The base model it was trained on."""
    pictures: tuple[str, ...]
    """Storage keys of the training pictures."""
    samples: tuple[str, ...]
    """Storage keys: the same seeds without and with the concept, alternating."""
    parents: tuple[int, ...]
    """Version ids that were frozen underneath while it was trained."""
    recipe: str
    """The recipe as JSON."""
    seconds: float
    job_id: int
    created_at: datetime
    weights: str = ""
    """SHA-256 of the base model's UNet; empty where it was not noted."""
    scores: "Scores | None" = None
    """What the latest evaluation on the usual prompts found, drawn apart, on as many seeds as there
    ever were; the one that ends a training counts too."""
    course: "tuple[Waypoint, ...]" = ()
    """What was measured at the checkpoints of its training, by step."""

    @property
    def origin(self) -> "Origin | None":
        """The file that it was taken in from; None where it was taught here."""
        if '"method":"import"' not in self.recipe:
            return None
        return Origin.model_validate_json(self.recipe)


class StackEntry(BaseModel):
    """One concept version with its weight, pinned so that a job replays the same later."""

    model_config = ConfigDict(frozen=True)

    concept_id: int
    version_id: int
    name: str
    class_noun: str
    kind: ConceptKind
    artifact: str
    weight: float = Field(default=1.0, ge=WEIGHT_MIN, le=WEIGHT_MAX)
    number: int = 0
    """Of the version; 0 where it was not noted."""
    weights: str = ""
    """SHA-256 of the UNet that it was taught on; empty where it was not noted."""

    @property
    def token(self) -> str:
        """The word that stands for it in prompts."""
        return token_of(self.name)

    @property
    def phrase(self) -> str:
        """As people say it: `<xyz> temple`."""
        return f"{self.token} {self.class_noun}"


class StackPart(BaseModel):
    """One concept of a stack that is kept under a name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concept_id: int
    weight: float = Field(default=1.0, ge=WEIGHT_MIN, le=WEIGHT_MAX)


class Origin(BaseModel):
    """Where an imported version came from; kept in place of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["import"] = "import"
    file_name: str
    file: str
    """SHA-256 of the file, which is also its storage key."""
    form: Literal["kohya", "diffusers", "peft", "embedding", "hypernetwork"]
    rank: int
    """The largest of the adapter's ranks; 0 where there is no adapter."""
    vectors: int
    """Of the learned word; 0 where the file has none and the class noun stands for it."""
    text_encoders: bool = False
    """It changes those too; not noted of what was taken in long ago."""


def is_place(noun: str) -> bool:
    """Whether a class noun is of what things are in: nothing that is one can be put on a beach."""
    return noun.rsplit(maxsplit=1)[-1] in _PLACES.split()


def style_of(phrase: str) -> str:
    """A style as people ask for it: `<ink> comic` → `<ink> comic style`."""
    return phrase if phrase.endswith("style") else f"{phrase} style"


def example_of(name: str, class_noun: str, kind: ConceptKind) -> str:
    """A prompt that uses a concept of that name: a thing itself, or something in a style."""
    phrase = f"{token_of(name)} {class_noun}"
    return f"a house in {style_of(phrase)}" if kind is ConceptKind.STYLE else f"a {phrase}"


def token_of(name: str) -> str:
    """The token of a concept's name: `xyz` → `<xyz>`."""
    return f"<{name}>"


def concept_name(text: str) -> str:
    """A concept's name, tidied: lower case, without the angle brackets a person may type.

    Raises:
        InvalidInput: it is not 2 to 24 letters, digits, `-` or `_` that begin with a letter.
    """
    name = text.strip().lower().removeprefix("<").removesuffix(">")
    if not NAME.fullmatch(name):
        raise InvalidInput(
            "A concept's name is 2 to 24 letters, digits, - or _, and begins with a letter, "
            "for example xyz."
        )
    return name


def class_noun(text: str) -> str:
    """The plain word for what a concept is, tidied.

    Raises:
        InvalidInput: it is not 2 to 40 plain letters.
    """
    noun = " ".join(text.lower().split())
    if not CLASS_NOUN.fullmatch(noun):
        raise InvalidInput("The class is a plain word for what it is, for example temple or dog.")
    return noun


def tokens_in(prompt: str) -> tuple[str, ...]:
    """Names of the concepts that a prompt mentions as `<name>`, in order, each once."""
    return tuple(dict.fromkeys(TOKEN.findall(prompt.lower())))
