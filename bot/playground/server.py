"""The playground put together: made with a config, started and stopped in an event loop."""

from aiohttp import web

from bot.playground.acting import Acting
from bot.playground.answers import Answers
from bot.playground.cdn import Cdn
from bot.playground.clock import Clock
from bot.playground.commandbook import CommandBook
from bot.playground.compose import Composer
from bot.playground.config import Limits, PlaygroundConfig
from bot.playground.control.body import speaking
from bot.playground.control.doing import Doing
from bot.playground.control.looking import Looking
from bot.playground.control.tuning import Changing, Tuning
from bot.playground.control.watching import Watching
from bot.playground.directory import Directory
from bot.playground.events import EventLog
from bot.playground.faults import Faults
from bot.playground.files import FileRoutes
from bot.playground.gateway import Gateway
from bot.playground.interactions import Interactions
from bot.playground.ledger import Ledger
from bot.playground.posting import Posting
from bot.playground.ratelimit import RateLimiter
from bot.playground.resolved import Resolver
from bot.playground.rest import PREFIX, Rest, Route
from bot.playground.routes.access import Access
from bot.playground.routes.applications import ApplicationRoutes
from bot.playground.routes.interactions import InteractionRoutes
from bot.playground.routes.messages import MessageRoutes
from bot.playground.routes.people import PeopleRoutes
from bot.playground.schema import Schema
from bot.playground.seed import FixedIds, Founder, application_of, populate
from bot.playground.snowflakes import Snowflakes
from bot.playground.views import Views
from bot.playground.world import Guild, World
from bot.playground.writing import Writing

UPLOAD_ROOM = 1 << 20
SHUTDOWN_S = 1.0


class Playground:
    """A running Discord. Its state lives as long as the object, whatever bots come and go."""

    def __init__(
        self, config: PlaygroundConfig | None = None, *, schema: Schema | None = None
    ) -> None:
        """`schema` may be shared between playgrounds: it keeps what it has compiled."""
        self.config = config or PlaygroundConfig()
        self._schema = schema or Schema()
        self.limits = Limits()
        self.clock = Clock()
        self.ledger = Ledger()
        self.faults = Faults()
        self.world = World()
        self.events = EventLog()
        self._port = self.config.port
        self._runner: web.AppRunner | None = None
        self._new_id = Snowflakes(self.clock)
        fixed, now = FixedIds(), self.clock.now
        self.application = application_of(self.config, fixed)
        populate(self.world, Founder(self.world, self.application, fixed, now), self.application)
        self._cdn = Cdn(self.limits, self.clock, lambda: self.url)
        self._views = Views(self.world, self._cdn, self.application)
        self._book = CommandBook(self.world, self.application, self._new_id)
        self._directory = Directory(self.world, self.application, self._new_id)
        self._gateway = self._make_gateway()
        self._posting = Posting(
            world=self.world,
            views=self._views,
            gateway=self._gateway,
            events=self.events,
            application=self.application,
        )
        self._composer = Composer(
            world=self.world,
            cdn=self._cdn,
            clock=self.clock,
            limits=self.limits,
            new_id=self._new_id,
            application=self.application,
        )
        self._interactions = self._make_interactions()

    @property
    def url(self) -> str:
        """`http://host:port`, known once started where the port was 0."""
        return self.config.public_url or f"http://{self.config.host}:{self._port}"

    @property
    def api(self) -> str:
        """The REST API's base address."""
        return self.url + PREFIX

    @property
    def gateway_url(self) -> str:
        """The gateway's address."""
        return self.url.replace("http", "ws", 1) + "/"

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.config.token

    @property
    def guilds(self) -> list[Guild]:
        """The guilds there are."""
        return list(self.world.guilds.values())

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        app = web.Application(client_max_size=int(self.limits.request_max_bytes) + UPLOAD_ROOM)
        self._rest().mount(app, self._bot_routes())
        for route in [*self._looking(), *self._doing(), *self._tuning()]:
            app.router.add_route(route.method, route.path, speaking(route.handler))
        files = FileRoutes(
            world=self.world,
            cdn=self._cdn,
            faults=self.faults,
            gateway=self._gateway,
            samples=self.config.samples,
        )
        app.add_routes(files.table())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.config.host, self.config.port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._runner:
            await self._gateway.close()
            await self._runner.cleanup()
            self._runner = None

    def _make_gateway(self) -> Gateway:
        return Gateway(
            config=self.config,
            limits=self.limits,
            application=self.application,
            world=self.world,
            views=self._views,
            schema=self._schema,
            events=self.events,
            ledger=self.ledger,
            faults=self.faults,
            clock=self.clock,
            url=lambda: self.gateway_url,
        )

    def _make_interactions(self) -> Interactions:
        return Interactions(
            world=self.world,
            views=self._views,
            gateway=self._gateway,
            events=self.events,
            faults=self.faults,
            limits=self.limits,
            clock=self.clock,
            new_id=self._new_id,
            application=self.application,
        )

    def _rest(self) -> Rest:
        return Rest(
            config=self.config,
            limits=self.limits,
            schema=self._schema,
            ledger=self.ledger,
            faults=self.faults,
            limiter=RateLimiter(self.limits, self.clock.now),
        )

    def _bot_routes(self) -> list[Route]:
        """What the bot calls."""
        access = Access(self.world, self.application)
        messages = MessageRoutes(
            access=access,
            world=self.world,
            views=self._views,
            composer=self._composer,
            posting=self._posting,
            application=self.application,
            limits=self.limits,
            clock=self.clock,
        )
        people = PeopleRoutes(
            access=access,
            world=self.world,
            views=self._views,
            application=self.application,
            new_id=self._new_id,
            gateway_url=lambda: self.gateway_url,
        )
        return [
            *messages.table(),
            *people.table(),
            *self._interaction_routes(),
            *self._application_routes(access),
        ]

    def _interaction_routes(self) -> list[Route]:
        answers = Answers(
            world=self.world,
            views=self._views,
            composer=self._composer,
            posting=self._posting,
            interactions=self._interactions,
            application=self.application,
        )
        return InteractionRoutes(
            answers=answers,
            interactions=self._interactions,
            views=self._views,
            posting=self._posting,
        ).table()

    def _application_routes(self, access: Access) -> list[Route]:
        return ApplicationRoutes(
            access=access,
            book=self._book,
            views=self._views,
            events=self.events,
            application=self.application,
        ).table()

    def _looking(self) -> list[web.RouteDef]:
        """What people see."""
        looking = Looking(
            world=self.world,
            views=self._views,
            directory=self._directory,
            book=self._book,
            events=self.events,
            gateway=self._gateway,
            application=self.application,
        )
        watching = Watching(
            world=self.world, views=self._views, events=self.events, directory=self._directory
        )
        return [*looking.table(), *watching.table()]

    def _doing(self) -> list[web.RouteDef]:
        """What people do."""
        resolver = Resolver(
            world=self.world,
            views=self._views,
            cdn=self._cdn,
            directory=self._directory,
            limits=self.limits,
            new_id=self._new_id,
            application=self.application,
        )
        writing = Writing(
            world=self.world,
            composer=self._composer,
            posting=self._posting,
            directory=self._directory,
        )
        acting = Acting(
            directory=self._directory,
            resolver=resolver,
            book=self._book,
            interactions=self._interactions,
        )
        return Doing(
            writing=writing,
            acting=acting,
            directory=self._directory,
            interactions=self._interactions,
            events=self.events,
            views=self._views,
            posting=self._posting,
            clock=self.clock,
        ).table()

    def _tuning(self) -> list[web.RouteDef]:
        """What tests turn."""
        tuning = Tuning(
            limits=self.limits,
            clock=self.clock,
            faults=self.faults,
            ledger=self.ledger,
            gateway=self._gateway,
            interactions=self._interactions,
        )
        changing = Changing(
            world=self.world,
            views=self._views,
            directory=self._directory,
            founder=Founder(self.world, self.application, self._new_id, self.clock.now),
            gateway=self._gateway,
            events=self.events,
        )
        return [*tuning.table(), *changing.table()]
