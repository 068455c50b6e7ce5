"""/applications, /oauth2: the bot's application and its commands."""

from bot.playground import problems
from bot.playground.commandbook import CommandBook
from bot.playground.config import Application
from bot.playground.events import EventLog
from bot.playground.rest import NOTHING, Answer, Call, Route
from bot.playground.routes.access import Access
from bot.playground.views import Views

GLOBAL = "/applications/{application_id}/commands"
GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


class ApplicationRoutes:
    """Commands, global and of guilds, through the same functions."""

    def __init__(
        self,
        *,
        access: Access,
        book: CommandBook,
        views: Views,
        events: EventLog,
        application: Application,
    ) -> None:
        self._access = access
        self._book = book
        self._views = views
        self._events = events
        self._application = application

    def table(self) -> list[Route]:
        """The routes."""
        routes = [
            Route("GET", "/oauth2/applications/@me", self.me),
            Route("GET", "/applications/@me", self.me),
        ]
        for path in (GLOBAL, GUILD):
            routes += [
                Route("GET", path, self.listed),
                Route("PUT", path, self.replace_all),
                Route("POST", path, self.put),
                Route("GET", f"{path}/{{command_id}}", self.get),
                Route("PATCH", f"{path}/{{command_id}}", self.change),
                Route("DELETE", f"{path}/{{command_id}}", self.delete),
            ]
        return routes

    def me(self, call: Call) -> Answer:
        """GET the application."""
        return Answer(self._views.application())

    def listed(self, call: Call) -> Answer:
        """GET the commands."""
        return Answer(self._book.listed(self._scope(call)))

    def replace_all(self, call: Call) -> Answer:
        """PUT all commands."""
        return self._changed(Answer(self._book.replace_all(self._scope(call), call.body or [])))

    def put(self, call: Call) -> Answer:
        """POST one command: 201 for a new one, 200 for one that was there."""
        scope = self._scope(call)
        before = {one["id"] for one in self._book.listed(scope)}
        command = self._book.put(scope, call.body)
        return self._changed(Answer(command, 200 if command["id"] in before else 201))

    def get(self, call: Call) -> Answer:
        """GET one command."""
        return Answer(self._book.get(self._scope(call), call.params["command_id"]))

    def change(self, call: Call) -> Answer:
        """PATCH one command."""
        scope = self._scope(call)
        return self._changed(
            Answer(self._book.change(scope, call.params["command_id"], call.body or {}))
        )

    def delete(self, call: Call) -> Answer:
        """DELETE one command."""
        self._book.delete(self._scope(call), call.params["command_id"])
        return self._changed(NOTHING)

    def _scope(self, call: Call) -> str | None:
        """The commands' guild, None for global ones. Raises ApiError for another application."""
        if call.params["application_id"] != self._application.id:
            raise problems.unknown("Application")
        guild_id = call.params.get("guild_id")
        return self._access.guild(guild_id).id if guild_id else None

    def _changed(self, answer: Answer) -> Answer:
        self._events.publish("commands_update")
        return answer
