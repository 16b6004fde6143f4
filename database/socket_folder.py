"""The private folder of the embedded server's socket.

Whoever reaches the socket may do everything (`trust`), so the folder that holds it is the lock: mode 0700, owned by the
account the server runs under. Only that account and root can reach it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

from database.account import Account
from database.errors import EmbeddedServerError

PORT = 5432
"""Names the socket file only; nothing listens on the network."""

SOCKET_NAME = f".s.PGSQL.{PORT}"
SOCKET_PATH_BYTES_MAX = 107
"""`sun_path` of a unix socket holds 108 bytes with its closing zero: unix(7)."""


def socket_folder(data_dir: Path) -> Path:
    """Return where the socket of this data directory is: in it, or under the temporary folder if its path is too long.

    The answer depends on the path alone, so that another process finds the same server.
    """
    short = f"liveshelf-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"
    for folder in (data_dir / "socket", Path(tempfile.gettempdir()) / short, Path("/tmp") / short):  # noqa: S108 - made 0700 and checked below
        if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
            return folder
    raise EmbeddedServerError(f"{data_dir}: no folder with a path short enough for a unix socket was found")


def make_socket_folder(folder: Path, account: Account) -> None:
    """Make the folder, or check that the one there is ours alone. Raises EmbeddedServerError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    owners = {os.geteuid(), account.uid if account.uid is not None else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise EmbeddedServerError(f"{folder}: belongs to user {found.st_uid}, expected a folder of our own")
    folder.chmod(0o700)
    if account.uid is not None and account.gid is not None:
        os.chown(folder, account.uid, account.gid)


def drop_socket_folder(folder: Path, *, data_dir: Path) -> None:
    """Remove the folder of a server that has stopped if it is a temporary one; one that holds something stays."""
    if folder.parent != data_dir:
        with contextlib.suppress(OSError):
            folder.rmdir()


def socket_url(folder: Path, *, user: str, database: str) -> str:
    """Return the libpq address of a database behind the socket in this folder."""
    return f"postgresql:///{quote(database)}?host={quote(str(folder))}&user={quote(user)}"
