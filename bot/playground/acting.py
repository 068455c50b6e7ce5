"""What a person does to the bot: run commands, press, choose, submit; as a client checks it."""

from collections.abc import Mapping
from typing import Any

from bot.playground import components as parts
from bot.playground import forms
from bot.playground import options as optional
from bot.playground.commandbook import CHAT_INPUT, MESSAGE, USER, CommandBook
from bot.playground.directory import Directory
from bot.playground.interaction import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
    Modal,
)
from bot.playground.interactions import Interactions
from bot.playground.problems import ControlError
from bot.playground.resolved import Resolver
from bot.playground.uploads import Upload
from bot.playground.world import Channel, Message, User

Json = dict[str, Any]
Parts = dict[str, Upload]


class Acting:
    """Opens interactions as a person. Raises ControlError for what they could not."""

    def __init__(
        self,
        *,
        directory: Directory,
        resolver: Resolver,
        book: CommandBook,
        interactions: Interactions,
    ) -> None:
        self._directory = directory
        self._resolver = resolver
        self._book = book
        self._interactions = interactions

    def run(
        self,
        user: User,
        channel: Channel,
        *,
        name: str,
        values: Mapping[str, Any],
        files: Parts,
        target: str | None,
    ) -> Interaction:
        """Run a command: a slash command, or with `target` one on a message or a person."""
        if target is not None:
            return self._run_on(user, channel, name, target)
        first, *words = self._words(user, channel, name)
        command = self._book.find(user.id, channel, first, [CHAT_INPUT])
        options, wrapped = optional.descend(command, words)
        resolved = self._resolver.begin(channel, files)
        given = wrapped(optional.filled_in(options, values, resolved))
        data = {**_named(command), "options": given, **resolved.as_json()}
        return self._open(COMMAND, user, channel, data, " ".join([command["name"], *words]))

    def autocomplete(
        self, user: User, channel: Channel, *, name: str, values: Mapping[str, Any], focused: str
    ) -> Interaction:
        """Ask for the choices of an option while typing."""
        first, *words = self._words(user, channel, name)
        command = self._book.find(user.id, channel, first, [CHAT_INPUT])
        options, wrapped = optional.descend(command, words)
        kind = int(optional.autocompleted(options, focused)["type"])
        data = {
            **_named(command),
            "options": wrapped(optional.half_typed(options, values, focused)),
        }
        name = command["name"]
        return self._open(AUTOCOMPLETE, user, channel, data, name, option_type=kind)

    def press(
        self, user: User, message: Message, channel: Channel, *, custom_id: str, label: str
    ) -> Interaction:
        """Press a button, by its custom_id or else its label."""
        button = _button(message, custom_id, label)
        if button.get("disabled"):
            raise ControlError("This button is disabled.")
        data = {
            "custom_id": button["custom_id"],
            "component_type": parts.BUTTON,
            "id": button["id"],
        }
        return self._open_on(user, channel, message, data)

    def select(
        self, user: User, message: Message, channel: Channel, *, custom_id: str, values: list[str]
    ) -> Interaction:
        """Choose in a select menu."""
        menu = parts.find(message.components, custom_id)
        if menu is None or menu["type"] not in parts.SELECTS:
            raise ControlError(f"The message has no select menu {custom_id!r}.", 404)
        if menu.get("disabled"):
            raise ControlError("This menu is disabled.")
        forms.check_number(menu, len(values))
        resolved = self._resolver.begin(channel, {})
        data = {"custom_id": custom_id, "component_type": menu["type"], "id": menu["id"]}
        data |= {"values": forms.chosen(menu, values, resolved), **resolved.as_json()}
        return self._open_on(user, channel, message, data)

    def submit(
        self, user: User, modal_id: str, values: Mapping[str, Any], files: Parts
    ) -> Interaction:
        """Submit a modal that was shown to this person; one that is refused stays open."""
        modal = self._interactions.take_modal(modal_id, user.id)
        try:
            return self._submit(user, modal, values, files)
        except ControlError:
            self._interactions.restore_modal(modal)
            raise

    def _submit(
        self, user: User, modal: Modal, values: Mapping[str, Any], files: Parts
    ) -> Interaction:
        shown_by = modal.shown_by
        resolved = self._resolver.begin(shown_by.channel, files)
        rows = list(parts.numbered(modal.definition["components"]))
        given = forms.submitted(rows, values, resolved)
        custom_id = modal.definition["custom_id"]
        data = {"custom_id": custom_id, "components": given, **resolved.as_json()}
        return self._interactions.open(
            MODAL_SUBMIT,
            user_id=user.id,
            channel=shown_by.channel,
            data=data,
            name=custom_id,
            about={"triggering_interaction_metadata": shown_by.about},
            source=shown_by.source,
        )

    def _run_on(self, user: User, channel: Channel, name: str, target: str) -> Interaction:
        command = self._book.find(user.id, channel, name, [MESSAGE, USER])
        resolved = self._resolver.begin(channel, {})
        if command["type"] == MESSAGE:
            message = self._directory.message_for(user, channel, target)
            target_id, about = resolved.message(message), {"target_message_id": message.id}
        else:
            target_id = resolved.user(target)
            about = {"target_user_id": target_id}
        data = {**_named(command), "target_id": target_id, **resolved.as_json()}
        return self._open(COMMAND, user, channel, data, command["name"], about=about)

    def _open(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: Json,
        name: str,
        *,
        about: Json | None = None,
        option_type: int = 0,
    ) -> Interaction:
        return self._interactions.open(
            kind,
            user_id=user.id,
            channel=channel,
            data=data,
            name=name,
            about=about or {},
            option_type=option_type,
        )

    def _open_on(self, user: User, channel: Channel, message: Message, data: Json) -> Interaction:
        return self._interactions.open(
            COMPONENT,
            user_id=user.id,
            channel=channel,
            data=data,
            name=data["custom_id"],
            about={"interacted_message_id": message.id},
            source=message,
        )

    def _words(self, user: User, channel: Channel, name: str) -> list[str]:
        """A command's name and the words of its subcommand."""
        visible = {one["name"] for one in self._book.visible(user.id, channel)}
        return [name] if name in visible else name.split() or [name]


def _named(command: Json) -> Json:
    about = {name: command[name] for name in ("id", "name", "type")}
    return {**about, "guild_id": command["guild_id"]} if "guild_id" in command else about


def _button(message: Message, custom_id: str, label: str) -> Json:
    buttons = [one for one in parts.walk(message.components) if one["type"] == parts.BUTTON]
    for button in buttons:
        if "custom_id" in button and custom_id == button["custom_id"]:
            return button
    for button in buttons:
        if "custom_id" in button and label and label == button.get("label"):
            return button
    raise ControlError(f"The message has no button {custom_id or label!r} to press.", 404)
