"""Taking in: from a file of another tool to an `import` job, and from its end to a version."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db.guilds import ensure_guild
from core.db.tables import VersionRow
from core.dispatch.messages import Imported
from core.domain.concepts import ConceptKind, class_noun, concept_name
from core.domain.jobs import Job
from core.domain.people import Actor
from core.domain.requests import ImportRequest
from core.services.desk import Desk
from core.services.naming import own_concept
from core.services.new_versions import version_of
from core.services.submitted import Submitted


@dataclass(frozen=True, slots=True)
class ImportWish:
    """What a person wants to take in."""

    name: str
    class_noun: str
    kind: ConceptKind
    file: str
    """Storage key of a file whose frame was checked."""
    file_name: str


class Importing:
    """Starts imports; a name that exists gets a further version."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def start(self, actor: Actor, channel_id: int, wish: ImportWish) -> Submitted:
        """Queue the check of a file by the worker, which alone knows the model's shapes.

        Raises:
            InvalidInput: the name or the class cannot be used.
            NotAllowed: the name belongs to somebody else.
            Conflict: it is being taught right now, or is of another class or kind.
        """
        name, noun = concept_name(wish.name), class_noun(wish.class_noun)
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            known = await own_concept(session, actor, name=name, noun=noun, kind=wish.kind)
            request = ImportRequest(
                concept_id=known.id if known else None,
                name=known.name if known else name,
                class_noun=noun,
                concept_kind=wish.kind,
                file=wish.file,
                file_name=wish.file_name,
            )
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)


async def taken_in(session: AsyncSession, job: Job, ended: Imported) -> VersionRow:
    """The version that a finished import is, of its concept, which is made where it is new.

    Raises:
        UserError: the name has been given to something else meanwhile.
    """
    request = job.request
    if not isinstance(request, ImportRequest):
        raise TypeError(f"job {job.id} is no import job")
    return await version_of(session, job, request, ended, recipe=ended.origin.model_dump_json())
