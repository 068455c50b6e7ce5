"""The world: permissions, seeds, ids, events."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground import permissions
from bot.playground.clock import Clock, iso
from bot.playground.events import EventLog
from bot.playground.server import Playground
from bot.playground.snowflakes import Snowflakes, created_at
from bot.playground.world import TEXT, Channel, Guild, Member, Overwrite, Role

EVERYONE = permissions.bits(["view_channel", "send_messages"])


def guild_of(*overwrites: Overwrite, role: int = 0) -> tuple[Guild, Channel, Member]:
    """A guild with one channel, and a member who has role 2."""
    guild = Guild("1", "g", owner_id="9")
    guild.roles = {"1": Role("1", "@everyone", EVERYONE), "2": Role("2", "r", role)}
    guild.members = {"5": Member("5", ("2",), 0.0), "9": Member("9", (), 0.0)}
    channel = Channel("3", TEXT, "c", "1", overwrites=overwrites)
    guild.channels = {"3": channel}
    return guild, channel, guild.members["5"]


SEND = permissions.BITS["send_messages"]
VIEW = permissions.BITS["view_channel"]


@pytest.mark.parametrize(
    ("overwrites", "can_send"),
    [
        ((), True),
        ((Overwrite("1", 0, 0, SEND),), False),
        ((Overwrite("1", 0, 0, SEND), Overwrite("2", 0, SEND, 0)), True),
        ((Overwrite("2", 0, SEND, 0), Overwrite("5", 1, 0, SEND)), False),
        ((Overwrite("5", 1, SEND, 0), Overwrite("2", 0, 0, SEND)), True),
        ((Overwrite("5", 1, 0, VIEW),), False),
    ],
)
def test_overwrites_apply_in_order(overwrites: tuple[Overwrite, ...], can_send: bool) -> None:
    """Everyone's, then roles', then the member's own; without view there is nothing."""
    assert bool(permissions.in_channel(*guild_of(*overwrites)) & SEND) == can_send


def test_owners_and_administrators_may_everything() -> None:
    """No overwrite holds them."""
    guild, channel, _ = guild_of(Overwrite("1", 0, 0, VIEW))
    assert permissions.in_channel(guild, channel, guild.members["9"]) == permissions.EVERYTHING
    rights = permissions.BITS["administrator"]
    everything = permissions.in_channel(*guild_of(Overwrite("5", 1, 0, VIEW), role=rights))
    assert everything == permissions.EVERYTHING


def test_permission_bits_are_discords() -> None:
    """A few from the documentation, far apart."""
    wanted = {"administrator": 3, "manage_messages": 13, "use_application_commands": 31}
    for name, position in {**wanted, "moderate_members": 40, "send_voice_messages": 46}.items():
        assert permissions.BITS[name] == 1 << position


def test_two_playgrounds_begin_alike() -> None:
    """Guilds, people and channels have the same ids at every start."""
    first, second = Playground(), Playground()
    assert [guild.id for guild in first.guilds] == [guild.id for guild in second.guilds]
    assert list(first.world.users) == list(second.world.users)


@given(st.lists(st.floats(0, 10), max_size=20))
def test_ids_only_grow(pauses: list[float]) -> None:
    """Whatever the clock does, the next id is larger and knows its time."""
    clock = Clock()
    new_id = Snowflakes(clock)
    ids = [new_id()]
    for pause in pauses:
        clock.advance(pause)
        ids.append(new_id())
    assert sorted(ids, key=int) == ids
    assert len(set(ids)) == len(ids)
    assert abs(created_at(ids[-1]) - clock.now()) < 1


def test_time_is_written_as_discord_does() -> None:
    """ISO 8601 with microseconds and an offset."""
    assert iso(0.5) == "1970-01-01T00:00:00.500000+00:00"


async def test_events_reach_every_follower() -> None:
    """Each from its own number on, in order, past and future."""
    log = EventLog()
    log.publish("a")

    async def three(since: int) -> list[str]:
        found: list[str] = []
        async for event in log.follow(since):
            found.append(event.name)
            if len(found) == 3:
                break
        return found

    late, early = asyncio.create_task(three(1)), asyncio.create_task(three(0))
    for name in "bcd":
        log.publish(name)
        await asyncio.sleep(0)
    assert await late == ["b", "c", "d"]
    assert await early == ["a", "b", "c"]
