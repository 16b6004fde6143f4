"""A program is there as long as its connection is."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from database.connection import connect
from database.presence import GATEWAY, WORKER, announce, present

pytestmark = pytest.mark.database


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def test_a_program_is_there_until_its_connection_ends(database_url: str) -> None:
    with connect(database_url, autocommit=True) as reader:
        assert present(reader, [GATEWAY, WORKER]) == frozenset()
        with connect(database_url, autocommit=True) as program:
            announce(program, WORKER)
            assert present(reader, [GATEWAY, WORKER]) == {WORKER}
        _until(lambda: not present(reader, [WORKER]))


def test_a_program_whose_connection_is_killed_is_gone(database_url: str) -> None:
    with connect(database_url, autocommit=True) as reader:
        program = connect(database_url, autocommit=True)
        announce(program, WORKER)
        reader.execute("SELECT pg_terminate_backend(%s, 10000)", (program.info.backend_pid,))
        assert present(reader, [WORKER]) == frozenset()
        program.close()


def test_two_of_a_kind_do_not_wait_for_each_other_and_one_is_enough(database_url: str) -> None:
    with connect(database_url, autocommit=True) as reader, connect(database_url, autocommit=True) as standby:
        announce(standby, WORKER)
        with connect(database_url, autocommit=True) as program:
            announce(program, WORKER)
            announce(program, WORKER)
        assert present(reader, [WORKER]) == {WORKER}


def test_a_gateway_is_there_for_its_own_store_alone(database_url: str) -> None:
    with connect(database_url, autocommit=True) as program:
        announce(program, GATEWAY, store="corner")
        assert present(program, [GATEWAY], store="corner") == {GATEWAY}
        assert present(program, [GATEWAY], store="other") == frozenset()
        assert present(program, [GATEWAY]) == frozenset()


def test_a_program_of_another_database_is_not_ours(database_url: str, empty_database_url: str) -> None:
    with connect(database_url, autocommit=True) as reader, connect(empty_database_url, autocommit=True) as program:
        announce(program, WORKER)
        assert present(reader, [WORKER]) == frozenset()


def test_an_announcement_outlives_a_transaction_that_is_rolled_back(database_url: str) -> None:
    with connect(database_url) as program:
        announce(program, WORKER)
        program.rollback()
        assert present(program, [WORKER]) == {WORKER}
