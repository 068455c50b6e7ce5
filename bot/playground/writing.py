"""What a person writes: messages, voice messages, edits, reactions; as a client checks it."""

from collections.abc import Mapping
from typing import Any

from bot.playground import permissions
from bot.playground.compose import Composer
from bot.playground.directory import Directory
from bot.playground.posting import Posting
from bot.playground.problems import ApiError, ControlError
from bot.playground.uploads import Upload
from bot.playground.voice import FILENAME, Voice
from bot.playground.world import VOICE, Channel, Message, User, World

Json = dict[str, Any]


class Writing:
    """Posts as a person. Raises ControlError for what they could not."""

    def __init__(
        self, *, world: World, composer: Composer, posting: Posting, directory: Directory
    ) -> None:
        self._world = world
        self._composer = composer
        self._posting = posting
        self._directory = directory

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


def _mentions(granted: int) -> Json:
    everyone = granted & permissions.BITS["mention_everyone"]
    parse = ["users", "roles", *(["everyone"] if everyone else [])]
    return {"parse": parse, "replied_user": True}


def _told(error: ApiError) -> ControlError:
    """A refusal of the API in words for a person."""
    if error.status == 413:
        return ControlError("A file is larger than Discord takes: send a smaller one.", 413)
    reasons = "; ".join(error.broken_rules) or str(error)
    return ControlError(f"Discord would refuse this: {reasons}", error.status)
