"""What the bot does with an interaction: callback types 4 to 9, then messages by its token."""

from dataclasses import replace
from typing import Any

from bot.playground import problems
from bot.playground.compose import REPLY, Composer, Files
from bot.playground.config import Application
from bot.playground.interaction import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
    Outcome,
)
from bot.playground.interactions import Interactions
from bot.playground.limits import choices_rules, modal_rules
from bot.playground.posting import Posting
from bot.playground.views import Views
from bot.playground.world import EPHEMERAL, LOADING, Message, World

Json = dict[str, Any]

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = range(4, 10)
ALLOWED = {
    COMMAND: {MESSAGE, DEFERRED, MODAL},
    COMPONENT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE},
}
SLASH_ANSWER, MENU_ANSWER = 20, 23


class Answers:
    """Carries out callbacks, and posts, edits and deletes by token."""

    def __init__(
        self,
        *,
        world: World,
        views: Views,
        composer: Composer,
        posting: Posting,
        interactions: Interactions,
        application: Application,
    ) -> None:
        self._world = world
        self._views = views
        self._composer = composer
        self._posting = posting
        self._interactions = interactions
        self._application = application

    def callback(self, interaction_id: str, token: str, body: Json, files: Files) -> Json:
        """Acknowledge an interaction. Returns the answer to `with_response`. Raises ApiError."""
        interaction = self._interactions.acknowledge(interaction_id, token)
        kind, data = body["type"], body.get("data") or {}
        allowed = ALLOWED[interaction.type]
        if interaction.source is None:
            allowed = allowed - {DEFERRED_UPDATE, UPDATE}
        if kind not in allowed:
            what = f"Type {kind} does not answer an interaction of type {interaction.type}."
            raise problems.InvalidFormError([("type", what)])
        outcome = self._carry_out(interaction, kind, data, files)
        self._interactions.settle(interaction, outcome)
        return self._response(interaction, kind, outcome)

    def follow_up(self, interaction: Interaction, body: Json, files: Files) -> Message:
        """A message by token. The first one after a deferral takes the place of "thinking…"."""
        if interaction.deferred and interaction.original_id:
            return self.edit(interaction, self.original(interaction), body, files)
        message = self._draft(interaction, body, files, original_id=interaction.original_id)
        interaction.messages.add(message.id)
        return self._posting.send(message)

    def edit(self, interaction: Interaction, message: Message, body: Json, files: Files) -> Message:
        """Change one of the interaction's messages."""
        changed = self._composer.revise(message, body, files)
        if message.flags & LOADING:
            changed = replace(changed, flags=changed.flags & ~LOADING, edited=None)
        if message.id == interaction.original_id:
            interaction.deferred = False
        return self._posting.change(changed)

    def original(self, interaction: Interaction) -> Message:
        """The message that `@original` stands for. Raises ApiError if there is none (any more)."""
        return self.own_message(interaction, interaction.original_id or "")

    def own_message(self, interaction: Interaction, message_id: str) -> Message:
        """One of the interaction's own messages, or the one its component sits on."""
        message = self._world.message(interaction.channel.id, message_id)
        if message is None or message_id not in interaction.messages:
            raise problems.unknown("Message")
        return message

    def _carry_out(self, interaction: Interaction, kind: int, data: Json, files: Files) -> Outcome:
        if kind == MESSAGE:
            message = self._draft(interaction, data, files)
            self._begin(interaction, message)
            return Outcome("message", self._posting.send(message))
        if kind == DEFERRED:
            return Outcome("deferred", self._think(interaction, data))
        if kind == CHOICES:
            return self._choices(interaction, data)
        if kind == MODAL:
            return self._modal(interaction, data)
        source = self._source(interaction)
        if kind == UPDATE:
            source = self._posting.change(self._composer.revise(source, data, files))
        self._begin(interaction, source)
        return Outcome("update" if kind == UPDATE else "deferred_update", source)

    def _source(self, interaction: Interaction) -> Message:
        """The component's message as it stands now."""
        before = interaction.source
        message = before and self._world.message(before.channel_id, before.id)
        if message is None:
            raise problems.unknown("Message")
        return message

    def _begin(self, interaction: Interaction, original: Message) -> None:
        interaction.original_id = original.id
        interaction.messages.add(original.id)
        interaction.ephemeral = bool(original.flags & EPHEMERAL)

    def _think(self, interaction: Interaction, data: Json) -> Message:
        flags = (int(data.get("flags") or 0) & EPHEMERAL) | LOADING
        body = {"flags": flags, "content": "…"}
        drafted = self._draft(interaction, body, {})
        message = replace(drafted, content="", flags=drafted.flags | LOADING)
        self._begin(interaction, message)
        interaction.deferred = True
        return self._posting.send(message)

    def _draft(
        self, interaction: Interaction, body: Json, files: Files, original_id: str | None = None
    ) -> Message:
        source = interaction.source
        kind = REPLY if source else SLASH_ANSWER
        if interaction.type == COMMAND and "target_id" in interaction.data:
            kind = MENU_ANSWER
        about = dict(interaction.about)
        if original_id:
            about["original_response_message_id"] = original_id
        hidden = int(body.get("flags") or 0) & EPHEMERAL
        return self._composer.draft(
            body,
            files,
            channel=interaction.channel,
            author_id=self._application.bot_id,
            type=kind,
            reply_to=source.id if source else original_id,
            interaction=about,
            by_application=True,
            ephemeral_to=interaction.user_id if hidden else None,
        )

    def _choices(self, interaction: Interaction, data: Json) -> Outcome:
        choices = [one for one in data.get("choices") or () if one]
        broken = list(choices_rules(choices, interaction.option_type))
        if broken:
            raise problems.InvalidFormError(broken)
        return Outcome("choices", choices=tuple(choices))

    def _modal(self, interaction: Interaction, data: Json) -> Outcome:
        broken = list(modal_rules(data))
        if broken:
            raise problems.InvalidFormError(broken)
        return Outcome("modal", modal=self._interactions.show_modal(interaction, data))

    def _response(self, interaction: Interaction, kind: int, outcome: Outcome) -> Json:
        about: Json = {"id": interaction.id, "type": interaction.type}
        about["channel_id"] = interaction.channel.id
        if interaction.channel.guild_id:
            about["guild_id"] = interaction.channel.guild_id
        if outcome.message is None:
            return {"interaction": about}
        about |= {
            "response_message_id": outcome.message.id,
            "response_message_loading": kind == DEFERRED,
            "response_message_ephemeral": bool(outcome.message.flags & EPHEMERAL),
        }
        if kind not in (MESSAGE, UPDATE):
            return {"interaction": about}
        resource = {"type": kind, "message": self._views.message(outcome.message)}
        return {"interaction": about, "resource": resource}
