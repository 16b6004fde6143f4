"""Commands on the device itself: a unix socket in the agent's data folder."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.codec import encode
from contract.errors import ConfigurationError
from contract.records import Command
from edge.commanding.desk import Desk
from edge.commanding.local_socket import SOCKET_NAME, LocalClient, serving_locally


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / ("long-" * 40) / "data"  # longer than a unix socket's address may be


@pytest.fixture
def served(data_dir: Path) -> Iterator[Path]:
    """A desk that is worked at, behind the socket."""
    desk, stop = Desk(), threading.Event()

    def work() -> None:
        while not stop.wait(0.01):
            desk.work(0)

    worker = threading.Thread(target=work)
    worker.start()
    with serving_locally(str(data_dir), desk.ask):
        yield data_dir
    stop.set()
    worker.join()


def ping(client: LocalClient, id_: str) -> str:
    return client.ask(encode(Command(id=id_, op="ping"))).detail


def test_whoever_is_on_the_device_asks_and_is_answered(served: Path) -> None:
    client = LocalClient(served)
    assert [ping(client, "1"), ping(client, "2")] == ["pong", "pong"]
    client.close()


def test_what_cannot_be_read_is_answered_and_the_conversation_goes_on(served: Path) -> None:
    client = LocalClient(served)
    assert client.ask(b"nonsense").facts["code"] == "unreadable"
    assert ping(client, "1") == "pong"
    client.close()


def test_only_the_agents_user_may_open_it(served: Path) -> None:
    assert stat.S_IMODE((served / SOCKET_NAME).stat().st_mode) == 0o600


def test_a_socket_that_a_killed_run_left_is_replaced(served: Path) -> None:
    with serving_locally(str(served), Desk().ask):
        assert (served / SOCKET_NAME).is_socket()


def test_where_no_agent_runs_it_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="expected the data folder of an agent that runs"):
        LocalClient(tmp_path)


def test_a_folder_that_allows_no_socket_costs_the_socket_and_not_the_agent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serving_locally(str(tmp_path / "file" / "data"), Desk().ask):
        pass
