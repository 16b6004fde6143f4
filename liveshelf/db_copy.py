"""`liveshelf db copy`: everything to another database, also between editions."""

from __future__ import annotations

import os

from contract.clock import clock_from_environment
from database.connection import connect
from database.copying import Copied, check_migrated, copy_database
from database.migrate import migrate

APPLICATION_NAME = "liveshelf db copy"


def copy_to(source_url: str, target_url: str, *, keep_epoch: bool) -> None:
    """Migrate the target and copy all tables there, a line each. Raises ConfigurationError, CopyMismatch."""
    with connect(source_url, application_name=APPLICATION_NAME) as source:
        check_migrated(source)
        migrate(target_url, at=clock_from_environment(os.environ).now())
        with connect(target_url, application_name=APPLICATION_NAME) as target:
            copied = copy_database(source, target, keep_epoch=keep_epoch, tell=_print)
            epoch = target.execute("SELECT epoch FROM database_epoch").fetchone()
    whose = "the same epoch as before" if keep_epoch else "an epoch of its own: devices send again what they hold"
    print(f"{len(copied)} tables, {sum(one.rows for one in copied)} rows, {whose} ({epoch[0] if epoch else 'none'})")


def _print(copied: Copied) -> None:
    if copied.rows:
        print(f"{copied.table}: {copied.rows} rows")
