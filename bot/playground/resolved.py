"""The `resolved` part of interaction data: whatever the values of options and fields stand for."""

from typing import Any

from bot.playground.cdn import Cdn
from bot.playground.config import Application, Limits
from bot.playground.directory import Directory
from bot.playground.objects import permissions_of, role_json
from bot.playground.problems import ControlError
from bot.playground.snowflakes import Snowflakes
from bot.playground.uploads import Upload, attachment_of
from bot.playground.views import Views
from bot.playground.world import Channel, Message, World

Json = dict[str, Any]


class Resolver:
    """Makes a fresh `Resolved` for each interaction."""

    def __init__(
        self,
        *,
        world: World,
        views: Views,
        cdn: Cdn,
        directory: Directory,
        limits: Limits,
        new_id: Snowflakes,
        application: Application,
    ) -> None:
        self.world = world
        self.views = views
        self.cdn = cdn
        self.directory = directory
        self.limits = limits
        self.new_id = new_id
        self.application = application

    def begin(self, channel: Channel, files: dict[str, Upload]) -> "Resolved":
        """An empty collection for an interaction in `channel`; `files` by part name."""
        return Resolved(self, channel, files)


class Resolved:
    """Collects things; each method takes a reference and returns the id to put into the data."""

    def __init__(self, tools: Resolver, channel: Channel, files: dict[str, Upload]) -> None:
        self._tools = tools
        self._channel = channel
        self._guild = tools.world.guild_of(channel)
        self._files = files
        self._found: dict[str, dict[str, Json]] = {}

    def as_json(self) -> Json:
        """`{"resolved": …}`, or nothing where nothing was collected."""
        return {"resolved": self._found} if self._found else {}

    def user(self, reference: str) -> str:
        """A user, with the member if there is one."""
        user = self._tools.directory.user(reference)
        self._add("users", user.id, self._tools.views.user(user.id))
        member = self._guild.members.get(user.id) if self._guild else None
        if member and self._guild:
            view = self._tools.views.member(member, with_user=False)
            view = {name: value for name, value in view.items() if name not in {"deaf", "mute"}}
            granted = permissions_of(self._guild, self._channel, member)
            self._add("members", user.id, {**view, "permissions": granted})
        return user.id

    def role(self, reference: str) -> str:
        """A role of the guild."""
        if self._guild is None:
            raise ControlError("There are no roles in a direct channel.")
        role = self._tools.directory.role(self._guild, reference)
        self._add("roles", role.id, role_json(role))
        return role.id

    def mentionable(self, reference: str) -> str:
        """A user or a role."""
        try:
            return self.user(reference)
        except ControlError:
            return self.role(reference)

    def channel(self, reference: str) -> str:
        """A channel of the same guild."""
        channel = self._tools.directory.channel(reference)
        if channel.guild_id is None or channel.guild_id != self._channel.guild_id:
            raise ControlError(f"The channel {reference!r} is not in this guild.")
        view = self._tools.views.channel(channel)
        self._add("channels", channel.id, {**view, "permissions": "0"})
        return channel.id

    def message(self, message: Message) -> str:
        """A message, with its content whatever the intents."""
        self._add("messages", message.id, self._tools.views.message(message))
        return message.id

    def attachment(self, part: str) -> str:
        """A file of the call by its part name; it goes to an address that vanishes."""
        upload = self._files.get(part)
        if upload is None:
            raise ControlError(f"Send the file as the form part {part!r}.")
        if len(upload.data) > self._tools.limits.attachment_max_bytes:
            most = int(self._tools.limits.attachment_max_bytes)
            raise ControlError(f"{upload.filename} is larger than {most} bytes.", 413)
        attachment = attachment_of(upload, self._tools.new_id())
        owner = self._tools.application.id
        self._tools.cdn.put_ephemeral(attachment, upload.data, application_id=owner)
        view = {**self._tools.views.attachment(attachment), "ephemeral": True}
        self._add("attachments", attachment.id, view)
        return attachment.id

    def _add(self, kind: str, thing_id: str, view: Json) -> None:
        self._found.setdefault(kind, {})[thing_id] = view
