"""Interactions: opened by people, acknowledged once and in time by the bot."""

import asyncio
from collections.abc import Iterator
from typing import Any

from bot.playground import permissions, problems
from bot.playground.clock import Clock
from bot.playground.config import Application, Limits
from bot.playground.events import EventLog
from bot.playground.faults import Faults
from bot.playground.gateway import Gateway
from bot.playground.interaction import AUTOCOMPLETE, Interaction, Modal, Outcome
from bot.playground.objects import permissions_of
from bot.playground.problems import ControlError
from bot.playground.snowflakes import Snowflakes
from bot.playground.views import Views
from bot.playground.world import DM, Channel, Message, World

Json = dict[str, Any]

KEPT = 2000
NO_ANSWER = "The application did not respond"


class Interactions:
    """Opens interactions and keeps the clock on them."""

    def __init__(
        self,
        *,
        world: World,
        views: Views,
        gateway: Gateway,
        events: EventLog,
        faults: Faults,
        limits: Limits,
        clock: Clock,
        new_id: Snowflakes,
        application: Application,
    ) -> None:
        self._world = world
        self._views = views
        self._gateway = gateway
        self._events = events
        self._faults = faults
        self._limits = limits
        self._clock = clock
        self._new_id = new_id
        self._application = application
        self._by_id: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self._modals: dict[str, Modal] = {}

    def open(
        self,
        kind: int,
        *,
        user_id: str,
        channel: Channel,
        data: Json,
        name: str,
        about: Json,
        source: Message | None = None,
        option_type: int = 0,
    ) -> Interaction:
        """Begin an interaction and send it to the bot. Raises ControlError if one has left."""
        guild = self._world.guild_of(channel)
        if guild and not {user_id, self._application.bot_id} <= set(guild.members):
            raise ControlError(f"The person or the bot is no longer in {guild.name}.")
        interaction_id = self._new_id()
        owners = {"0": channel.guild_id or "0"}
        metadata = {"id": interaction_id, "type": kind, "user_id": user_id}
        metadata |= {"name": name, "authorizing_integration_owners": owners, **about}
        interaction = Interaction(
            interaction_id,
            kind,
            name,
            user_id,
            channel,
            data,
            metadata,
            asyncio.get_running_loop().time(),
            self._clock.now(),
            source,
            option_type,
        )
        interaction.expired = self._faults.take(["late_interaction"], path=name) is not None
        dies = kind != AUTOCOMPLETE and self._faults.take(["dead_token"], path=name) is not None
        interaction.dies_when_acknowledged = dies
        self._keep(interaction)
        self._gateway.dispatch(
            "INTERACTION_CREATE", self._payload(interaction), guild_id=channel.guild_id
        )
        return interaction

    async def outcome(self, interaction: Interaction) -> Outcome:
        """What the bot did with it, or that it did not answer in time."""
        waited = asyncio.shield(interaction.outcome)
        try:
            return await asyncio.wait_for(waited, self._limits.ack_timeout_s)
        except TimeoutError:
            self._fail(interaction)
            return await interaction.outcome

    def acknowledge(self, interaction_id: str, token: str) -> Interaction:
        """The interaction that a callback is for. Raises ApiError if it is late or was answered."""
        interaction = self._by_id.get(interaction_id)
        if interaction is None or interaction.token != token or interaction.expired:
            raise problems.unknown("interaction")
        if interaction.acknowledged_s is not None:
            raise problems.already_acknowledged()
        if self._elapsed(interaction) > self._limits.ack_timeout_s:
            raise problems.unknown("interaction")
        return interaction

    def settle(self, interaction: Interaction, outcome: Outcome) -> None:
        """Write down that the bot has acknowledged, and with what."""
        interaction.acknowledged_s = self._elapsed(interaction)
        interaction.token_died = interaction.dies_when_acknowledged
        if not interaction.outcome.done():
            interaction.outcome.set_result(outcome)

    def by_token(self, application_id: str, token: str) -> Interaction:
        """The acknowledged interaction of a live token. Raises ApiError otherwise."""
        found = self._by_token.get(token)
        if found is None or application_id != self._application.id or found.acknowledged_s is None:
            raise problems.unknown("Webhook")
        age = self._clock.now() - found.created
        if found.token_died or age > self._limits.token_lifetime_s:
            raise problems.dead_token()
        return found

    def show_modal(self, interaction: Interaction, definition: Json) -> Modal:
        """Keep a modal that the bot has answered with."""
        modal = Modal(self._new_id(), interaction, definition)
        self._modals[modal.id] = modal
        only = frozenset([interaction.user_id])
        self._events.publish(
            "modal",
            channel=interaction.channel,
            only=only,
            modal=modal.as_json(),
            interaction_id=interaction.id,
        )
        return modal

    def take_modal(self, modal_id: str, user_id: str) -> Modal:
        """The modal to submit; it can be taken once. Raises ControlError if it is not theirs."""
        modal = self._modals.get(modal_id)
        if modal is None or modal.shown_by.user_id != user_id:
            raise ControlError("There is no such modal open for this person.", 404)
        return self._modals.pop(modal_id)

    def restore_modal(self, modal: Modal) -> None:
        """Put back a modal whose submission was refused."""
        self._modals[modal.id] = modal

    def log(self) -> Iterator[Json]:
        """The last interactions, oldest first."""
        for one in self._by_id.values():
            answered = one.acknowledged_s
            outcome = one.outcome.result().kind if one.outcome.done() else None
            yield {
                "id": one.id,
                "type": one.type,
                "name": one.name,
                "user_id": one.user_id,
                "acknowledged_ms": None if answered is None else round(answered * 1000, 1),
                "outcome": outcome,
            }

    def _elapsed(self, interaction: Interaction) -> float:
        return asyncio.get_running_loop().time() - interaction.opened_at

    def _fail(self, interaction: Interaction) -> None:
        if interaction.outcome.done():
            return
        interaction.expired = True
        interaction.outcome.set_result(Outcome("failed", error=NO_ANSWER))
        if interaction.type != AUTOCOMPLETE:
            only = frozenset([interaction.user_id])
            self._events.publish(
                "interaction_failed",
                channel=interaction.channel,
                only=only,
                interaction_id=interaction.id,
                error=NO_ANSWER,
            )

    def _keep(self, interaction: Interaction) -> None:
        self._by_id[interaction.id] = self._by_token[interaction.token] = interaction
        while len(self._by_id) > KEPT:
            oldest = self._by_id.pop(next(iter(self._by_id)))
            del self._by_token[oldest.token]

    def _payload(self, interaction: Interaction) -> Json:
        """The INTERACTION_CREATE event."""
        channel = interaction.channel
        payload: Json = {
            "id": interaction.id,
            "application_id": self._application.id,
            "type": interaction.type,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": channel.id,
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": interaction.about["authorizing_integration_owners"],
            "context": 1 if channel.type == DM else 0,
            "attachment_size_limit": int(self._limits.attachment_max_bytes),
        }
        if interaction.source:
            payload["message"] = self._views.message(interaction.source)
        return payload | self._where(interaction)

    def _where(self, interaction: Interaction) -> Json:
        channel, user_id = interaction.channel, interaction.user_id
        guild = self._world.guild_of(channel)
        if guild is None:
            everything = str(permissions.IN_DM)
            channel_view = {**self._views.channel(channel), "permissions": everything}
            return {
                "user": self._views.user(user_id),
                "channel": channel_view,
                "app_permissions": everything,
            }
        member = guild.members[user_id]
        mine = permissions_of(guild, channel, member)
        bot = guild.members[self._application.bot_id]
        return {
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": {**self._views.member(member), "permissions": mine},
            "channel": {**self._views.channel(channel), "permissions": mine},
            "app_permissions": permissions_of(guild, channel, bot),
        }
