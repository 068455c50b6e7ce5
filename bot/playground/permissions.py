"""Who may do what: Discord's permission bits and how roles and overwrites add up."""

from collections.abc import Iterable

from bot.playground.world import Channel, Guild, Member

NAMES = (
    "create_instant_invite",
    "kick_members",
    "ban_members",
    "administrator",
    "manage_channels",
    "manage_guild",
    "add_reactions",
    "view_audit_log",
    "priority_speaker",
    "stream",
    "view_channel",
    "send_messages",
    "send_tts_messages",
    "manage_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "mention_everyone",
    "use_external_emojis",
    "view_guild_insights",
    "connect",
    "speak",
    "mute_members",
    "deafen_members",
    "move_members",
    "use_vad",
    "change_nickname",
    "manage_nicknames",
    "manage_roles",
    "manage_webhooks",
    "manage_guild_expressions",
    "use_application_commands",
    "request_to_speak",
    "manage_events",
    "manage_threads",
    "create_public_threads",
    "create_private_threads",
    "use_external_stickers",
    "send_messages_in_threads",
    "use_embedded_activities",
    "moderate_members",
    "view_creator_monetization_analytics",
    "use_soundboard",
    "create_guild_expressions",
    "create_events",
    "use_external_sounds",
    "send_voice_messages",
)
"""Discord's permissions in the order of their bits, from bit 0."""
BITS = {name: 1 << position for position, name in enumerate(NAMES)}
EVERYTHING = (1 << 53) - 1


def bits(names: Iterable[str]) -> int:
    """The bit set of Discord's lower-case permission names. Raises KeyError on an unknown one."""
    return sum(BITS[name] for name in set(names))


BOT = bits(
    (
        "add_reactions",
        "view_channel",
        "send_messages",
        "embed_links",
        "attach_files",
        "read_message_history",
    )
)
SPEAKING = bits(("use_application_commands", "send_voice_messages"))
EVERYONE = BOT | SPEAKING | BITS["change_nickname"]
MODERATOR = EVERYONE | bits(("manage_messages", "manage_guild", "manage_channels"))
IN_DM = BOT | SPEAKING | BITS["mention_everyone"]


def in_guild(guild: Guild, member: Member) -> int:
    """The guild-wide bits of `member`: @everyone and own roles; owners and administrators all."""
    if member.user_id == guild.owner_id:
        return EVERYTHING
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    return EVERYTHING if granted & BITS["administrator"] else granted


def in_channel(guild: Guild, channel: Channel, member: Member) -> int:
    """The bits of `member` in `channel`: @everyone's overwrite, then roles', then the member's."""
    granted = in_guild(guild, member)
    if granted == EVERYTHING:
        return granted
    granted = _overwritten(granted, channel, {guild.id})
    granted = _overwritten(granted, channel, set(member.roles))
    granted = _overwritten(granted, channel, {member.user_id})
    return granted if granted & BITS["view_channel"] else 0


def _overwritten(granted: int, channel: Channel, ids: set[str]) -> int:
    applied = [overwrite for overwrite in channel.overwrites if overwrite.id in ids]
    for overwrite in applied:
        granted &= ~overwrite.deny
    for overwrite in applied:
        granted |= overwrite.allow
    return granted
