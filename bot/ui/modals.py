"""Forms. Opened ones are remembered; after a restart they are made again from their custom id."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord

from bot import errors
from bot.ui.buttons import TEMPLATE
from core.domain.concepts import ConceptKind
from core.domain.recipes import Preset
from core.domain.requests import PROMPT_MAX

if TYPE_CHECKING:
    from bot.client import Ask, Atelier

FILES_MAX = 10
OPEN_MAX = 1000
SETTINGS_MAX = 1000
"""Letters: more than the option takes, since what was typed there is written out in full here."""


class Form(discord.ui.Modal):
    """A modal whose errors the person reads."""

    async def on_error(  # type: ignore[override]
        self, interaction: "discord.Interaction[Atelier]", error: Exception, /
    ) -> None:
        """Answer instead of logging only."""
        await errors.answer(interaction, error)


class Forms:
    """The forms that people have open, the oldest forgotten first.

    discord.py's own store would drop what it does not know, and never forget what it does.
    """

    def __init__(self, makers: "Mapping[str, Callable[[int], Form]]") -> None:
        self._makers = makers
        self._open: OrderedDict[str, Form] = OrderedDict()

    async def show(self, interaction: "Ask", form: Form) -> None:
        """Answer an interaction with a form."""
        form.stop()  # so that discord.py does not store it as well
        self._open[form.custom_id] = form
        while len(self._open) > OPEN_MAX:
            self._open.popitem(last=False)
        await interaction.response.send_modal(form)

    def recall(self, custom_id: str) -> Form | None:
        """The form that was sent in: the opened one, else an empty one of its kind."""
        if known := self._open.pop(custom_id, None):
            return known
        match = TEMPLATE.fullmatch(custom_id)
        if match is None or match["verb"] not in self._makers:
            return None
        return self._makers[match["verb"]](int(match["id"]))


class PromptForm(Form):
    """Write or correct a prompt. `send` gets the prompt and what to leave out."""

    def __init__(
        self,
        custom_id: str,
        send: "Callable[[Ask, str, str], Awaitable[None]]",
        *,
        prompt: str = "",
        negative: str | None = "",
    ) -> None:
        super().__init__(title="What shall I draw?", custom_id=custom_id)
        self._send = send
        self._prompt = _text("prompt", prompt, long=True)
        self._negative = _text("negative", negative or "", long=False, required=False)
        self.add_item(discord.ui.Label(text="Prompt", component=self._prompt))
        if negative is not None:
            about = "What should not be in it; may stay empty."
            label = discord.ui.Label(text="Without", description=about, component=self._negative)
            self.add_item(label)

    async def on_submit(self, interaction: "discord.Interaction[Atelier]") -> None:  # type: ignore[override]
        """Hand over what was written."""
        await self._send(interaction, self._prompt.value, self._negative.value)


@dataclass(frozen=True, slots=True)
class Teaching:
    """What the form about a new concept holds."""

    name: str = ""
    class_noun: str = ""
    kind: ConceptKind = ConceptKind.SUBJECT
    base_on: str = ""
    steps: int | None = None
    pictures: tuple[discord.Attachment, ...] = ()
    preset: Preset | None = None
    """None: what is usual for the base model."""
    settings: str = ""
    caption: str = ""
    """Of every picture that has no text file beside it."""


class TeachForm(Form):
    """Teach a concept. `send` gets what the form holds.

    With `pictures` given (from a message) the form does not ask for any.
    """

    def __init__(
        self,
        custom_id: str,
        send: "Callable[[Ask, Teaching], Awaitable[None]]",
        given: Teaching,
    ) -> None:
        super().__init__(title="Teach me something", custom_id=custom_id)
        self._send = send
        self._given = given
        self._name = _text("name", given.name, example="xyz", most=26)
        self._noun = _text("class", given.class_noun, example="temple", most=40)
        self._kind = _kinds(given.kind)
        self._base = _text("base_on", given.base_on, required=False, most=200)
        self._files: discord.ui.FileUpload[Any] = discord.ui.FileUpload(
            custom_id="pictures", required=True, min_values=1, max_values=FILES_MAX
        )
        for label in self._labels():
            self.add_item(label)

    def _labels(self) -> Sequence[discord.ui.Label["TeachForm"]]:
        labels = [
            _label("Name", "The word for it in prompts: 2 to 24 letters or digits.", self._name),
            _label("What it is, in one plain word", "temple, dog, forest, painting…", self._noun),
            _label("Thing or look?", "", self._kind),
            _label(
                "On top of",
                "Concepts or stacks that it builds on, with commas; or empty.",
                self._base,
            ),
        ]
        if not self._given.pictures:
            about = "About five of the same thing or look, or one zip."
            labels.append(_label("Pictures", about, self._files))
        return labels

    async def on_submit(self, interaction: "discord.Interaction[Atelier]") -> None:  # type: ignore[override]
        """Hand over what was filled in."""
        kind = self._kind.values[0] if self._kind.values else self._given.kind
        teaching = Teaching(
            name=self._name.value,
            class_noun=self._noun.value,
            kind=ConceptKind(kind),
            base_on=self._base.value,
            steps=self._given.steps,
            preset=self._given.preset,
            settings=self._given.settings,
            caption=self._given.caption,
            pictures=self._given.pictures or tuple(self._files.values),
        )
        await self._send(interaction, teaching)


class RetrainForm(Form):
    """Change a training that is done again. `send` gets the job's number, steps and settings."""

    def __init__(
        self,
        custom_id: str,
        send: "Callable[[Ask, int, str, str], Awaitable[None]]",
        job_id: int,
        *,
        steps: str = "",
        settings: str = "",
    ) -> None:
        super().__init__(title="Train again", custom_id=custom_id)
        self._send, self._job_id = send, job_id
        self._steps = _text("steps", steps, required=False, most=5)
        self._settings = _text(
            "settings",
            settings,
            example="rank=16, learning_rate=1e-4",
            long=True,
            required=False,
            most=SETTINGS_MAX,
        )
        for label in (
            _label("Steps", "How long to learn; left empty, I choose.", self._steps),
            _label("Settings", "Of the recipe; all else stays as it was.", self._settings),
        ):
            self.add_item(label)

    async def on_submit(self, interaction: "discord.Interaction[Atelier]") -> None:  # type: ignore[override]
        """Hand over what was filled in."""
        await self._send(interaction, self._job_id, self._steps.value, self._settings.value)


def _kinds(chosen: ConceptKind) -> discord.ui.Select[Any]:
    options = [
        discord.SelectOption(label=label, value=kind.value, default=kind is chosen)
        for kind, label in (
            (ConceptKind.SUBJECT, "A thing that can be placed"),
            (ConceptKind.STYLE, "A look or material"),
        )
    ]
    return discord.ui.Select(custom_id="kind", options=options, required=True)


def _label(text: str, about: str, component: discord.ui.Item[Any]) -> discord.ui.Label[Any]:
    return discord.ui.Label(text=text, description=about or None, component=component)


def _text(
    name: str,
    value: str,
    *,
    example: str = "",
    long: bool = False,
    required: bool = True,
    most: int = PROMPT_MAX,
) -> discord.ui.TextInput[Any]:
    style = discord.TextStyle.paragraph if long else discord.TextStyle.short
    return discord.ui.TextInput(
        custom_id=name,
        style=style,
        default=value[:most] or None,
        placeholder=example or None,
        required=required,
        max_length=most,
    )
