"""Who asks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A Discord user inside one guild.

    `guild_id` is the tenant. Direct messages have no guild: there the user's own id stands for
    it, so that a person's direct messages are a guild of one.
    """

    guild_id: int
    user_id: int
    moderates: bool = False
    """Has Discord's Manage Guild or Manage Messages permission here."""
    manages: bool = False
    """Has Manage Guild (Manage Server) here."""
    roles: frozenset[int] = frozenset()
    """Ids of the roles that the person has here."""
