"""What a person can do: write, speak, run commands, press, choose, submit; as a client checks."""

from collections.abc import Mapping
from typing import Any

from bot.playground import components as parts
from bot.playground import forms, permissions
from bot.playground import options as optional
from bot.playground.commandbook import CHAT_INPUT, MESSAGE, USER, CommandBook
from bot.playground.compose import Composer
from bot.playground.directory import Directory
from bot.playground.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
    Interactions,
    Modal,
)
from bot.playground.posting import Posting
from bot.playground.problems import ApiError, ControlError
from bot.playground.resolved import Resolver
from bot.playground.uploads import Upload
from bot.playground.voice import FILENAME, Voice
from bot.playground.world import VOICE, Channel, Message, User, World

Json = dict[str, Any]
Parts = dict[str, Upload]


class Acting:
    """Everything the control API lets a person do. Raises ControlError for what they could not."""

    def __init__(
        self,
        *,
        world: World,
        composer: Composer,
        posting: Posting,
        directory: Directory,
        resolver: Resolver,
        book: CommandBook,
        interactions: Interactions,
    ) -> None:
        self._world = world
        self._composer = composer
        self._posting = posting
        self._directory = directory
        self._resolver = resolver
        self._book = book
        self._interactions = interactions

    def write(
        self,
        user: User,
        channel: Channel,
        *,
        content: str,
        uploads: list[Upload],
        reply_to: str | None,
    ) -> Message:
        """Post a message."""
        needed = ["send_messages", *(["attach_files"] if uploads else [])]
        granted = self._require(user, channel, *needed)
        body: Json = {"content": content, "allowed_mentions": _mentions(granted)}
        body |= self._reply(user, channel, reply_to)
        return self._post(user, channel, body, dict(enumerate(uploads)))

    def speak(self, user: User, channel: Channel, voice: Voice, *, reply_to: str | None) -> Message:
        """Post a voice message."""
        self._require(user, channel, "send_messages", "send_voice_messages")
        about = {"id": "0", "duration_secs": voice.duration_secs, "waveform": voice.waveform}
        body: Json = {"flags": VOICE, "attachments": [about]}
        body |= self._reply(user, channel, reply_to)
        upload = Upload(FILENAME, voice.data, "audio/ogg")
        return self._post(user, channel, body, {0: upload})

    def rewrite(self, user: User, message: Message, content: str) -> Message:
        """Edit an own message."""
        if message.author_id != user.id:
            raise ControlError("Only the author can edit a message.")
        try:
            return self._posting.change(self._composer.revise(message, {"content": content}, {}))
        except ApiError as error:
            raise _told(error) from None

    def delete(self, user: User, message: Message, channel: Channel) -> None:
        """Delete an own message, anyone's with Manage Messages; dismiss an ephemeral one."""
        if message.ephemeral_to:
            self._posting.dismiss(message)
            return
        if message.author_id != user.id:
            self._require(user, channel, "manage_messages")
        self._posting.remove(message)

    def react(
        self, user: User, message: Message, channel: Channel, emoji: str, *, add: bool
    ) -> None:
        """Add or take away an own reaction."""
        self._require(user, channel, "add_reactions")
        if message.ephemeral_to:
            raise ControlError("An ephemeral message takes no reactions.")
        self._posting.react(message, emoji, user.id, add=add)

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

    def _post(
        self, user: User, channel: Channel, body: Json, files: Mapping[int, Upload]
    ) -> Message:
        try:
            message = self._composer.draft(body, files, channel=channel, author_id=user.id)
        except ApiError as error:
            raise _told(error) from None
        return self._posting.send(message)

    def _reply(self, user: User, channel: Channel, reply_to: str | None) -> Json:
        if not reply_to:
            return {}
        self._directory.message_for(user, channel, reply_to)
        return {"message_reference": {"message_id": reply_to}}

    def _require(self, user: User, channel: Channel, *needed: str) -> int:
        """The person's bits in the channel. Raises ControlError if they lack one of `needed`."""
        guild = self._world.guild_of(channel)
        granted = permissions.IN_DM
        if guild:
            granted = permissions.in_channel(guild, channel, guild.members[user.id])
        for name in needed:
            if not granted & permissions.BITS[name]:
                raise ControlError(f"{user.username} lacks the permission {name} in this channel.")
        return granted

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


def _mentions(granted: int) -> Json:
    everyone = granted & permissions.BITS["mention_everyone"]
    parse = ["users", "roles", *(["everyone"] if everyone else [])]
    return {"parse": parse, "replied_user": True}


def _told(error: ApiError) -> ControlError:
    """A refusal of the API in words for a person."""
    reasons = "; ".join(error.broken_rules) or str(error)
    return ControlError(f"Discord would refuse this: {reasons}", error.status)
