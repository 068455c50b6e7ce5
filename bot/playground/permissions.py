"""Who may do what: Discord's permission bits and how roles and overwrites add up."""

from collections.abc import Iterable

from bot.playground.world import Channel, Guild, Member

BITS = {
    "create_instant_invite": 1 << 0,
    "kick_members": 1 << 1,
    "ban_members": 1 << 2,
    "administrator": 1 << 3,
    "manage_channels": 1 << 4,
    "manage_guild": 1 << 5,
    "add_reactions": 1 << 6,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_external_emojis": 1 << 18,
    "change_nickname": 1 << 26,
    "manage_roles": 1 << 28,
    "use_application_commands": 1 << 31,
    "send_voice_messages": 1 << 46,
    "use_external_apps": 1 << 50,
}
EVERYTHING = sum(BITS.values())


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
