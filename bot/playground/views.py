"""Every object as Discord's REST API and gateway spell it; the page gets the same ones."""

from dataclasses import replace
from typing import Any

from bot.playground import components as parts
from bot.playground.cdn import Cdn
from bot.playground.clock import iso
from bot.playground.config import GUILD_MEMBERS, MESSAGE_CONTENT, Application
from bot.playground.objects import (
    embed_json,
    guild_json,
    member_json,
    reaction_json,
    user_json,
)
from bot.playground.world import DM, Attachment, Channel, Guild, Member, Message, World

Json = dict[str, Any]
FLAGS = {GUILD_MEMBERS: 1 << 15, MESSAGE_CONTENT: 1 << 19}


class Views:
    """Draws values of the world as JSON. Addresses of files are signed anew each time."""

    def __init__(self, world: World, cdn: Cdn, application: Application) -> None:
        self._world = world
        self._cdn = cdn
        self._application = application

    def user(self, user_id: str) -> Json:
        """A user object."""
        return user_json(self._world.users[user_id])

    def me(self) -> Json:
        """The bot's own user object, with what only it may read."""
        private = {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}
        return {**self.user(self._application.bot_id), **private, "premium_type": 0}

    def member(self, member: Member, *, with_user: bool = True) -> Json:
        """A guild member object."""
        user = {"user": self.user(member.user_id)} if with_user else {}
        return {**member_json(member), **user}

    def application(self) -> Json:
        """The bot's own application object."""
        flags = sum(FLAGS[name] for name in self._application.privileged_intents)
        return {
            **self.application_card(),
            "verify_key": "0" * 64,
            "flags": flags,
            "flags_new": str(flags),
            "bot_public": True,
            "bot_require_code_grant": False,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.user(self._application.owner_id),
            "approximate_guild_count": len(self._world.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
            "integration_types_config": {"0": {}},
        }

    def application_card(self) -> Json:
        """The short form of the application."""
        card = {"id": self._application.id, "name": self._application.name, "icon": None}
        return {**card, "description": "", "type": None, "bot": self.user(self._application.bot_id)}

    def channel(self, channel: Channel) -> Json:
        """A channel object: of a guild, or direct (its recipient is the person)."""
        common = {"id": channel.id, "type": channel.type, "flags": 0}
        common["last_message_id"] = self._world.last_message_id(channel.id)
        if channel.type == DM:
            return {**common, "recipients": [self.user(str(channel.recipient_id))]}
        overwrites = [
            {"id": one.id, "type": one.type, "allow": str(one.allow), "deny": str(one.deny)}
            for one in channel.overwrites
        ]
        return {
            **common,
            "guild_id": channel.guild_id,
            "name": channel.name,
            "position": channel.position,
            "parent_id": None,
            "topic": None,
            "nsfw": False,
            "rate_limit_per_user": 0,
            "permission_overwrites": overwrites,
        }

    def guild_create(self, guild: Guild, user_ids: list[str]) -> Json:
        """The GUILD_CREATE event, with the members that the session may see."""
        return {
            **guild_json(guild),
            "joined_at": iso(guild.members[self._application.bot_id].joined_at),
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "members": [self.member(guild.members[one]) for one in user_ids],
            "channels": [self.channel(one) for one in guild.channels.values()],
            "threads": [],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def message(self, message: Message, *, viewer: str | None = None) -> Json:
        """A message object as `viewer` (by default the bot) sees it."""
        media = self._media(message)
        hidden = parts.uploads_named(message.embeds, message.components)
        visible = [one for one in message.attachments if one.filename not in hidden]
        view: Json = {
            "id": message.id,
            "channel_id": message.channel_id,
            "type": message.type,
            "content": message.content,
            "author": self.user(message.author_id),
            "timestamp": iso(message.timestamp),
            "edited_timestamp": iso(message.edited) if message.edited else None,
            "flags": message.flags,
            "attachments": [self.attachment(one) for one in visible],
            "embeds": [embed_json(one, media) for one in message.embeds],
            "components": [parts.shown(one, media) for one in message.components],
            "mentions": [self.user(one) for one in message.mentions],
            "mention_roles": list(message.mention_roles),
            "mention_everyone": message.mention_everyone,
            "pinned": False,
            "tts": False,
        }
        return view | self._extras(message, viewer or self._application.bot_id)

    def _extras(self, message: Message, viewer: str) -> Json:
        """The fields that a message has only sometimes."""
        extras: Json = {}
        if message.nonce is not None:
            extras["nonce"] = message.nonce
        if message.by_application:
            extras |= {"application_id": self._application.id, "webhook_id": self._application.id}
        if message.interaction:
            extras |= self._interaction(message.interaction)
        if message.reply_to:
            extras |= self._reply(message, viewer)
        if message.reactions:
            extras["reactions"] = [
                reaction_json(emoji, users, viewer) for emoji, users in message.reactions.items()
            ]
        return extras

    def in_channel(self, message: Message) -> Json:
        """The fields that events add to a message in a guild: where, and the author as a member."""
        channel = self._world.channel(message.channel_id)
        guild = self._world.guild_of(channel) if channel else None
        if guild is None:
            return {}
        member = guild.members.get(message.author_id)
        return {"guild_id": guild.id, **({"member": member_json(member)} if member else {})}

    def attachment(self, attachment: Attachment) -> Json:
        """An attachment object."""
        url = self._cdn.url(attachment)
        view: Json = {
            "id": attachment.id,
            "filename": attachment.filename,
            "size": attachment.size,
            "url": url,
            "proxy_url": url,
        }
        if self._cdn.is_ephemeral(attachment.id):
            view["ephemeral"] = True
        optional = ("content_type", "width", "height", "title", "description")
        for name in (*optional, "duration_secs", "waveform"):
            value = getattr(attachment, name)
            if value is not None:
                view[name] = value
        return view

    def _media(self, message: Message) -> parts.Media:
        by_name = {attachment.filename: attachment for attachment in message.attachments}

        def unfurled(url: str) -> Json:
            attachment = by_name.get(url.removeprefix(parts.UPLOADED))
            if not url.startswith(parts.UPLOADED) or attachment is None:
                return {"id": message.id, "url": url, "proxy_url": url, "name": None, "size": None}
            view = self.attachment(attachment)
            media = {name: view.get(name) for name in ("url", "proxy_url", "width", "height")}
            about = {"name": attachment.filename, "size": attachment.size}
            ids = {"id": attachment.id, "attachment_id": attachment.id}
            return {**ids, **media, **about, "content_type": attachment.content_type}

        return unfurled

    def _interaction(self, about: Json) -> Json:
        metadata = self._metadata(about)
        if about["type"] != 2:
            return {"interaction_metadata": metadata}
        old = {name: about[name] for name in ("id", "type", "name")}
        return {
            "interaction_metadata": metadata,
            "interaction": {**old, "user": self.user(about["user_id"])},
        }

    def _metadata(self, about: Json) -> Json:
        view = {name: value for name, value in about.items() if not name.endswith("user_id")}
        view["user"] = self.user(about["user_id"])
        if "target_user_id" in about:
            view["target_user"] = self.user(about["target_user_id"])
        if "triggering_interaction_metadata" in about:
            trigger = self._metadata(about["triggering_interaction_metadata"])
            view["triggering_interaction_metadata"] = trigger
        return view

    def _reply(self, message: Message, viewer: str) -> Json:
        channel = self._world.channel(message.channel_id)
        reference = {"type": 0, "channel_id": message.channel_id, "message_id": message.reply_to}
        if channel and channel.guild_id:
            reference["guild_id"] = channel.guild_id
        target = self._world.message(message.channel_id, str(message.reply_to))
        shown = target and self.message(replace(target, reply_to=None), viewer=viewer)
        return {"message_reference": reference, "referenced_message": shown}
