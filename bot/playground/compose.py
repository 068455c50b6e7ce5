"""From the body of a request to a message, new or edited, for every route that writes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.playground import components as parts
from bot.playground import problems
from bot.playground.cdn import Cdn
from bot.playground.clock import Clock
from bot.playground.config import Application, Limits
from bot.playground.limits import message_rules, voice_rules
from bot.playground.snowflakes import Snowflakes
from bot.playground.uploads import Upload, attachment_of, described
from bot.playground.world import (
    COMPONENTS_V2,
    EPHEMERAL,
    VOICE,
    Attachment,
    Channel,
    Guild,
    Message,
    World,
)

Json = dict[str, Any]
Files = Mapping[int, Upload]

SETTABLE = 1 << 2 | EPHEMERAL | 1 << 12 | VOICE | COMPONENTS_V2
USER, ROLE = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>")
REPLY = 19


@dataclass(frozen=True)
class Mentions:
    """Who a message mentions, after `allowed_mentions`."""

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False


class Composer:
    """Builds messages; it checks their rules and stores their files, and sends nothing."""

    def __init__(
        self,
        *,
        world: World,
        cdn: Cdn,
        clock: Clock,
        limits: Limits,
        new_id: Snowflakes,
        application: Application,
    ) -> None:
        self._world = world
        self._cdn = cdn
        self._clock = clock
        self._limits = limits
        self._new_id = new_id
        self._application = application

    def draft(
        self, body: Json, files: Files, *, channel: Channel, author_id: str, **fields: Any
    ) -> Message:
        """A new message. Raises ApiError for what Discord would refuse."""
        message = Message(
            self._new_id(),
            channel.id,
            author_id,
            self._clock.now(),
            flags=int(body.get("flags") or 0) & SETTABLE,
            reply_to=self._reply_to(body, channel),
            nonce=body.get("nonce"),
        )
        message = replace(message, **fields)
        if message.reply_to and message.type == 0:
            message = replace(message, type=REPLY)
        broken = list(voice_rules(body, message.flags))
        if broken:
            raise problems.InvalidFormError(broken)
        return self._written(message, body, files)

    def revise(self, message: Message, body: Json, files: Files) -> Message:
        """`message` with what `body` changes; what it leaves out stays."""
        flags = message.flags | (int(body.get("flags") or 0) & (COMPONENTS_V2 | 1 << 2))
        edited = self._clock.now()
        return self._written(replace(message, flags=flags, edited=edited), body, files)

    def _written(self, message: Message, body: Json, files: Files) -> Message:
        attachments = self._attachments(message, body, files)
        text: Json = {
            "content": body.get("content", message.content) or "",
            "embeds": body.get("embeds", message.embeds) or [],
            "components": body.get("components", message.components) or [],
        }
        names = {attachment.filename for attachment in attachments}
        broken = list(
            message_rules(text, flags=message.flags, names=names, attachments=len(attachments))
        )
        if broken:
            raise problems.InvalidFormError(broken)
        if not (text["content"] or text["embeds"] or text["components"] or attachments):
            raise problems.empty_message()
        self._store(message, attachments, files)
        mentions = self._mentions(message, text["content"], body)
        return replace(
            message,
            content=text["content"],
            embeds=tuple(text["embeds"]),
            components=parts.numbered(text["components"]),
            attachments=tuple(attachments),
            mentions=mentions.users,
            mention_roles=mentions.roles,
            mention_everyone=mentions.everyone,
        )

    def _attachments(self, message: Message, body: Json, files: Files) -> dict[Attachment, int]:
        """The files of the message, each with its number in `files`; -1: it had it before."""
        self._check_sizes(files)
        had = {attachment.id: attachment for attachment in message.attachments}
        listed = body.get("attachments")
        if listed is None:
            listed = [{"id": one} for one in had]
        kept: dict[Attachment, int] = {}
        unlisted = dict(files)
        for entry in listed:
            kept |= self._listed(entry, had, unlisted)
        kept |= {attachment_of(one, self._new_id()): n for n, one in unlisted.items()}
        return kept

    def _listed(
        self, entry: Json, had: Mapping[str, Attachment], unlisted: dict[int, Upload]
    ) -> dict[Attachment, int]:
        if entry["id"] in had:
            return {described(had[entry["id"]], entry): -1}
        number = int(entry["id"])
        if number not in unlisted:
            raise problems.InvalidFormError([("attachments", f"Attachment {number} has no file.")])
        fresh = attachment_of(unlisted.pop(number), self._new_id())
        return {described(fresh, entry): number}

    def _check_sizes(self, files: Files) -> None:
        if any(len(upload.data) > self._limits.attachment_max_bytes for upload in files.values()):
            raise problems.too_large()

    def _store(self, message: Message, attachments: Mapping[Attachment, int], files: Files) -> None:
        for attachment, number in attachments.items():
            if number < 0:
                continue
            data = files[number].data
            if message.ephemeral_to:
                owner = self._application.id
                self._cdn.put_ephemeral(attachment, data, application_id=owner)
            else:
                self._cdn.put(attachment, data, channel_id=message.channel_id)

    def _reply_to(self, body: Json, channel: Channel) -> str | None:
        reference = body.get("message_reference")
        if not reference:
            return None
        if self._world.message(channel.id, reference["message_id"]):
            return str(reference["message_id"])
        if reference.get("fail_if_not_exists") is False:
            return None
        raise problems.InvalidFormError([("message_reference", "Unknown message")])

    def _mentions(self, message: Message, content: str, body: Json) -> Mentions:
        allowed = body.get("allowed_mentions")
        channel = self._world.channel(message.channel_id)
        guild = self._world.guild_of(channel) if channel else None
        users = [one for one in USER.findall(content) if self._reachable(one, guild)]
        roles = [one for one in ROLE.findall(content) if guild and one in guild.roles]
        replied = self._replied(message, allowed)
        return Mentions(
            users=_unique([*replied, *_allowed(users, allowed, "users")]),
            roles=_unique(_allowed(roles, allowed, "roles")),
            everyone=("@everyone" in content or "@here" in content)
            and (allowed is None or "everyone" in (allowed.get("parse") or ())),
        )

    def _reachable(self, user_id: str, guild: Guild | None) -> bool:
        return user_id in (guild.members if guild else self._world.users)

    def _replied(self, message: Message, allowed: Json | None) -> list[str]:
        if not message.reply_to or (allowed is not None and not allowed.get("replied_user")):
            return []
        target = self._world.message(message.channel_id, message.reply_to)
        return [target.author_id] if target else []


def _allowed(found: list[str], allowed: Json | None, kind: str) -> list[str]:
    if allowed is None or kind in (allowed.get("parse") or ()):
        return found
    return [one for one in found if one in (allowed.get(kind) or ())]


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
