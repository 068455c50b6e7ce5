"""Handing out: a concept version as files for other tools."""

from collections.abc import Sequence

from core.db import Database
from core.db.tables import ExportRow
from core.domain.concepts import concept_name
from core.domain.exports import ExportedFile, ExportForm
from core.domain.people import Actor
from core.domain.requests import ExportRequest
from core.errors import NotFound
from core.services.desk import Desk
from core.services.library import found, numbered
from core.services.pinning import pinned, version_in_use
from core.services.submitted import Submitted


class Exporting:
    """Starts exports, and knows what they made."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def start(
        self,
        actor: Actor,
        channel_id: int,
        name: str,
        form: ExportForm,
        *,
        number: int | None = None,
    ) -> Submitted:
        """Queue the writing of a version, by default the one that prompts use now.

        Everyone in the guild may.

        Raises:
            NotFound: there is no such concept here, or no such version of it.
            Conflict: it has no version yet.
        """
        async with self._database.transaction() as session:
            concept = await found(session, actor.guild_id, concept_name(name))
            version = (
                version_in_use(concept)
                if number is None
                else await numbered(session, concept, number)
            )
            request = ExportRequest(
                concept=pinned(concept, version=version),
                number=version.number,
                taught_at=version.created_at,
                form=form,
            )
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)

    async def files_of_job(self, guild_id: int, job_id: int) -> Sequence[ExportedFile]:
        """What an `export` job of this guild made.

        Raises:
            NotFound: it has not made anything here.
        """
        async with self._database.session() as session:
            row = await session.get(ExportRow, job_id)
        if row is None or row.guild_id != guild_id:
            raise NotFound(f"Job {job_id} has written no files here.")
        return row.files
