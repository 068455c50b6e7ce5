"""Builds the services, each from what it takes."""

from core.db import Database
from core.queue import Bells, Queue
from core.services.desk import Desk
from core.services.evaluating import Evaluating
from core.services.exporting import Exporting
from core.services.favourites import Favourites
from core.services.fusing import Fusing
from core.services.gallery import Gallery
from core.services.guilds import Guilds
from core.services.imagining import Imagining
from core.services.importing import Importing
from core.services.jobs import Jobs
from core.services.labels import Labels
from core.services.library import Library
from core.services.outbox import Outbox
from core.services.results import Results
from core.services.stacks import Stacks
from core.services.training import Training
from core.services.versions import Versions
from core.services.voice import Voice
from core.settings import Settings
from core.storage import Storage


class Services:
    """Everything that a command can ask for."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        queue: Queue,
        bells: Bells,
        settings: Settings,
    ) -> None:
        self.storage = storage
        self.settings = settings
        desk = Desk(queue)
        self.gallery = Gallery(database)
        self.favourites = Favourites(database)
        self.guilds = Guilds(database)
        self.library = Library(database)
        self.labels = Labels(database)
        self.stacks = Stacks(database, desk)
        self.jobs = Jobs(database, queue)
        self.outbox = Outbox(database, bells.deliveries)
        self.imagining = Imagining(
            database, desk, gallery=self.gallery, jobs=self.jobs, controls=settings.controls
        )
        self.training = Training(database, storage, desk, jobs=self.jobs, library=self.library)
        self.importing = Importing(database, desk)
        self.fusing = Fusing(database, desk, self.stacks)
        self.exporting = Exporting(database, desk)
        self.versions = Versions(database, desk)
        self.evaluating = Evaluating(database, desk, library=self.library, gallery=self.gallery)
        self.voice = Voice(
            database,
            desk,
            library=self.library,
            guilds=self.guilds,
            imagining=self.imagining,
        )
        self.results = Results(database, queue, self.imagining)
