"""Values of the world as the JSON objects of Discord's API, where nothing else is needed for it."""

import hashlib
from typing import Any

from bot.playground import components as parts
from bot.playground import permissions
from bot.playground.clock import iso
from bot.playground.world import Channel, Guild, Member, Role, User

Json = dict[str, Any]


def user_json(user: User) -> Json:
    """A user object; the avatar's hash stands for a picture that the CDN draws."""
    view: Json = {
        "id": user.id,
        "username": user.username,
        "global_name": None if user.bot else user.username.capitalize(),
        "discriminator": "0000" if user.bot else "0",
        "avatar": hashlib.md5(user.id.encode(), usedforsecurity=False).hexdigest(),
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
    return {**view, "bot": True} if user.bot else view


def member_json(member: Member) -> Json:
    """A guild member object without its user."""
    return {
        "roles": list(member.roles),
        "joined_at": iso(member.joined_at),
        "avatar": None,
        "banner": None,
        "nick": None,
        "communication_disabled_until": None,
        "flags": 0,
        "pending": False,
        "premium_since": None,
        "mute": False,
        "deaf": False,
    }


def role_json(role: Role) -> Json:
    """A role object."""
    view: Json = {
        "id": role.id,
        "name": role.name,
        "permissions": str(role.permissions),
        "position": role.position,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
        "hoist": bool(role.color),
        "managed": role.bot_id is not None,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    return {**view, "tags": {"bot_id": role.bot_id}} if role.bot_id else view


NOT_SET = (
    "icon",
    "description",
    "home_header",
    "splash",
    "discovery_splash",
    "banner",
    "application_id",
    "afk_channel_id",
    "system_channel_id",
    "widget_channel_id",
    "max_presences",
    "vanity_url_code",
    "rules_channel_id",
    "safety_alerts_channel_id",
    "public_updates_channel_id",
    "incidents_data",
)
LOWEST = (
    "system_channel_flags",
    "verification_level",
    "default_message_notifications",
    "mfa_level",
    "premium_tier",
    "explicit_content_filter",
    "premium_subscription_count",
    "nsfw_level",
)


def guild_json(guild: Guild) -> Json:
    """A guild object."""
    return {
        **dict.fromkeys(NOT_SET),
        **dict.fromkeys(LOWEST, 0),
        "id": guild.id,
        "name": guild.name,
        "owner_id": guild.owner_id,
        "roles": [role_json(role) for role in guild.roles.values()],
        "features": [],
        "emojis": [],
        "stickers": [],
        "region": "deprecated",
        "afk_timeout": 300,
        "widget_enabled": False,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "nsfw": False,
    }


def permissions_of(guild: Guild, channel: Channel, member: Member) -> str:
    """A member's permissions in a channel, in the decimal string that interactions carry."""
    return str(permissions.in_channel(guild, channel, member))


def reaction_json(emoji: str, users: tuple[str, ...], viewer: str) -> Json:
    """A reaction object; `me` is about `viewer`."""
    counts = {"count": len(users), "count_details": {"burst": 0, "normal": len(users)}}
    mine = {"me": viewer in users, "me_burst": False, "burst_colors": []}
    return {"emoji": {"id": None, "name": emoji}, **counts, **mine}


def embed_json(embed: Json, media: parts.Media) -> Json:
    """An embed as Discord gives it back: nulls gone, pictures with addresses and sizes."""
    view = {name: value for name, value in embed.items() if value is not None}
    view["type"] = "rich"
    view["fields"] = [
        {"name": one["name"], "value": one["value"], "inline": bool(one.get("inline"))}
        for one in embed.get("fields") or ()
    ]
    for place, name in parts.EMBED_PICTURES:
        if isinstance(view.get(place), dict) and view[place].get(name):
            view[place] = _pictured(view[place], name, media)
    return view


def _pictured(part: Json, name: str, media: parts.Media) -> Json:
    picture = media(part[name])
    given = {key: value for key, value in part.items() if value is not None}
    given |= {name: picture["url"], f"proxy_{name}": picture["proxy_url"]}
    if name == "url":
        wanted = ("width", "height", "content_type")
        given |= {key: picture[key] for key in wanted if picture.get(key) is not None}
    return given
