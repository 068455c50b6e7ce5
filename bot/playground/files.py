"""GET routes outside the API: attachments, avatars, the page; and the gateway on the root."""

import asyncio
from pathlib import Path

from aiohttp import web

from bot.playground.cdn import Cdn, avatar
from bot.playground.faults import Faults
from bot.playground.gateway import Gateway
from bot.playground.world import World

PAGE = Path(__file__).with_name("page")
CACHED = {"Cache-Control": "private, max-age=3600"}
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/", "text/plain")
"""What a browser may open in place; the rest is saved, so that no upload runs as a page here."""
NO_FILE = "There is no such file."
GONE = "This content is no longer available."


class FileRoutes:
    """Serves bytes."""

    def __init__(
        self, *, world: World, cdn: Cdn, faults: Faults, gateway: Gateway, samples: Path | None
    ) -> None:
        self._samples = samples
        self._world = world
        self._cdn = cdn
        self._faults = faults
        self._gateway = gateway

    def table(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/", self.root),
            web.get("/page/{path:.+}", self.page),
            web.get("/samples/{path:.+}", self.sample),
            web.get("/attachments/{tail:.+}", self.attachment),
            web.get("/ephemeral-attachments/{tail:.+}", self.attachment),
            web.get("/avatars/{user}/{hash}.png", self.avatar),
            web.get("/control/avatars/{user}.png", self.avatar),
        ]

    async def root(self, request: web.Request) -> web.StreamResponse:
        """The gateway for WebSockets, the page for browsers."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._gateway.serve(request)
        return _file(PAGE, "index.html")

    async def page(self, request: web.Request) -> web.StreamResponse:
        """A file of the page."""
        return _file(PAGE, request.match_info["path"])

    async def sample(self, request: web.Request) -> web.StreamResponse:
        """A file of the samples' folder, if there is one."""
        if self._samples is None:
            return web.Response(status=404, text=NO_FILE)
        return _file(self._samples, request.match_info["path"])

    async def attachment(self, request: web.Request) -> web.Response:
        """A file by its signed address."""
        fault = self._faults.take(["slow_cdn", "cdn_error"], path=request.path)
        if fault and fault.kind == "slow_cdn":
            await asyncio.sleep(fault.fields["delay_s"])
        if fault and fault.kind == "cdn_error":
            return web.Response(status=int(fault.fields["status"]), text="upstream error")
        blob = self._cdn.open(request.rel_url.raw_path, dict(request.query))
        if blob is None:
            return web.Response(status=404, text=GONE)
        kind = blob.content_type or "application/octet-stream"
        headers = {"Content-Type": kind, "X-Content-Type-Options": "nosniff", **CACHED}
        if not kind.startswith(SHOWN):
            headers["Content-Disposition"] = "attachment"
        return web.Response(body=blob.data, headers=headers)

    async def avatar(self, request: web.Request) -> web.Response:
        """A person's picture."""
        user = self._world.users.get(request.match_info["user"])
        if user is None:
            return web.Response(status=404, text=GONE)
        picture = avatar(user.id, user.username)
        caching = {"Cache-Control": "max-age=86400"}
        return web.Response(body=picture, content_type="image/png", headers=caching)


def _file(folder: Path, name: str) -> web.StreamResponse:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return web.Response(status=404, text=NO_FILE)
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})
