"""Answering interactions: the callback, and messages by their token under /webhooks."""

from bot.playground.answers import Answers
from bot.playground.interaction import Interaction
from bot.playground.interactions import Interactions
from bot.playground.posting import Posting
from bot.playground.rest import NOTHING, Answer, Call, Route
from bot.playground.views import Views
from bot.playground.world import Message

CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = f"{WEBHOOK}/messages/@original"
MESSAGE = f"{WEBHOOK}/messages/{{message_id}}"


class InteractionRoutes:
    """The routes that are authorised by an interaction's token."""

    def __init__(
        self, *, answers: Answers, interactions: Interactions, views: Views, posting: Posting
    ) -> None:
        self._answers = answers
        self._interactions = interactions
        self._views = views
        self._posting = posting

    def table(self) -> list[Route]:
        """The routes; @original before the ids it would match as."""
        return [
            Route("POST", CALLBACK, self.callback, by_token=True),
            Route("POST", WEBHOOK, self.follow_up, by_token=True),
            Route("GET", ORIGINAL, self.get, by_token=True),
            Route("PATCH", ORIGINAL, self.edit, by_token=True),
            Route("DELETE", ORIGINAL, self.delete, by_token=True),
            Route("GET", MESSAGE, self.get, by_token=True),
            Route("PATCH", MESSAGE, self.edit, by_token=True),
            Route("DELETE", MESSAGE, self.delete, by_token=True),
        ]

    def callback(self, call: Call) -> Answer:
        """POST the acknowledgement."""
        where = (call.params["interaction_id"], call.params["interaction_token"])
        response = self._answers.callback(*where, call.body, call.files)
        wanted = call.query.get("with_response", "").lower() in {"1", "true"}
        return Answer(response) if wanted else NOTHING

    def follow_up(self, call: Call) -> Answer:
        """POST a message by token."""
        message = self._answers.follow_up(self._interaction(call), call.body, call.files)
        return Answer(self._views.message(message))

    def get(self, call: Call) -> Answer:
        """GET an own message."""
        return Answer(self._views.message(self._message(call, self._interaction(call))))

    def edit(self, call: Call) -> Answer:
        """PATCH an own message."""
        interaction = self._interaction(call)
        message = self._message(call, interaction)
        changed = self._answers.edit(interaction, message, call.body, call.files)
        return Answer(self._views.message(changed))

    def delete(self, call: Call) -> Answer:
        """DELETE an own message."""
        self._posting.remove(self._message(call, self._interaction(call)))
        return NOTHING

    def _interaction(self, call: Call) -> Interaction:
        return self._interactions.by_token(call.params["webhook_id"], call.params["webhook_token"])

    def _message(self, call: Call, interaction: Interaction) -> Message:
        message_id = call.params.get("message_id")
        if message_id is None:
            return self._answers.original(interaction)
        return self._answers.own_message(interaction, message_id)
