"""The lease of a store: one gateway at a time subscribes and counts it; the fence tells a late owner from the present.

Lease times are wall time: they guard machines, not the shop. The caller hands the time in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from contract.errors import LiveShelfError
from contract.ids import StoreId

LEASE_S = 3.0
"""How long a gateway that fell silent keeps its store: the longest a takeover waits."""

# Takes a store nobody has, or whose owner let it expire. The fence counts owners, so it never repeats.
ACQUIRE = """
INSERT INTO store_lease AS held (store, owner, fence, expires_at)
VALUES (%(store)s, %(owner)s, 1, %(expires_at)s)
ON CONFLICT (store) DO UPDATE SET owner = excluded.owner, fence = held.fence + 1, expires_at = excluded.expires_at
WHERE held.expires_at <= %(wall_at)s
RETURNING fence
"""

# Prolongs a lease, also an expired one, as long as nobody else took the store.
RENEW = """
UPDATE store_lease SET expires_at = %(expires_at)s
WHERE store = %(store)s AND owner = %(owner)s AND fence = %(fence)s
"""

# Holds the lease row still until the transaction ends, so that a takeover waits for the load that is under way.
CHECK = """
SELECT 1 FROM store_lease
WHERE store = %(store)s AND owner = %(owner)s AND fence = %(fence)s AND expires_at > %(wall_at)s
FOR SHARE
"""

RELEASE = """
UPDATE store_lease SET expires_at = %(wall_at)s
WHERE store = %(store)s AND owner = %(owner)s AND fence = %(fence)s
"""

HOLDER = "SELECT owner FROM store_lease WHERE store = %(store)s"


class LeaseLost(LiveShelfError):
    """Another gateway owns this store, or our lease ran out."""

    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to load one store, as long as the fence in the database is ours."""

    store: StoreId
    owner: str
    fence: int

    def facts(self, **more: object) -> dict[str, object]:
        """Return the parameters of the statements above."""
        return {"store": self.store, "owner": self.owner, "fence": self.fence, **more}


def acquire(connection: Connection[Any], store: StoreId, owner: str, *, wall_at: datetime) -> Lease | None:
    """Return the lease of a store, or None while another owner's has not expired."""
    facts = {"store": store, "owner": owner, "wall_at": wall_at, "expires_at": _end(wall_at)}
    row = connection.execute(ACQUIRE, facts).fetchone()
    return None if row is None else Lease(store=store, owner=owner, fence=row[0])


def renew(connection: Connection[Any], lease: Lease, *, wall_at: datetime) -> None:
    """Keep the lease for another while. Raises LeaseLost when another gateway took the store."""
    if connection.execute(RENEW, lease.facts(expires_at=_end(wall_at))).rowcount != 1:
        raise LeaseLost


def check(connection: Connection[Any], lease: Lease, *, wall_at: datetime) -> None:
    """Make sure, until the end of the transaction, that the store is ours. Raises LeaseLost when it is not."""
    if connection.execute(CHECK, lease.facts(wall_at=wall_at)).fetchone() is None:
        raise LeaseLost


def release(connection: Connection[Any], lease: Lease, *, wall_at: datetime) -> None:
    """Let the next gateway take the store at once."""
    connection.execute(RELEASE, lease.facts(wall_at=wall_at))


def holder(connection: Connection[Any], store: StoreId) -> str:
    """Return who owns or last owned a store, empty when nobody ever did."""
    row = connection.execute(HOLDER, {"store": store}).fetchone()
    return "" if row is None else str(row[0])


def _end(wall_at: datetime) -> datetime:
    return wall_at + timedelta(seconds=LEASE_S)
