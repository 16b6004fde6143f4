"""One row a store: whether its gateway is connected to the broker, for the screens to say so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection

from gateway.loading.lease import Lease

# `since` moves only with `connected`. A gateway whose lease another one took has nothing to say any more.
TELL = """
INSERT INTO gateway_link AS held (store, connected, since)
SELECT store, %(connected)s, %(at)s FROM store_lease
WHERE store = %(store)s AND owner = %(owner)s AND fence = %(fence)s
ON CONFLICT (store) DO UPDATE SET connected = excluded.connected, since = excluded.since
WHERE held.connected <> excluded.connected
"""


class BrokerLink:
    """Remembers what was last told, so that the database hears only of changes."""

    def __init__(self) -> None:
        self._told: bool | None = None

    def tell(self, connection: Connection[Any], lease: Lease, *, connected: bool, at: datetime) -> None:
        """Write whether the broker hears us if that is news; `at` is shop time. Raises what the database raises."""
        if connected != self._told:
            connection.execute(TELL, lease.facts(connected=connected, at=at))
            self._told = connected
