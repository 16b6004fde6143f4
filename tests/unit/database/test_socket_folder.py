"""Where the private socket lies, and what its address looks like."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from database.account import Account
from database.errors import EmbeddedServerError
from database.socket_folder import SOCKET_NAME, SOCKET_PATH_BYTES_MAX, make_socket_folder, socket_folder, socket_url


def test_the_socket_lies_in_the_data_directory_when_its_path_is_short_enough() -> None:
    assert socket_folder(Path("/srv/shop")) == Path("/srv/shop/socket")


@pytest.mark.parametrize("name", ["x" * 120, "货" * 40])
def test_a_long_path_moves_the_socket_to_a_short_folder_of_its_own(name: str) -> None:
    folder = socket_folder(Path("/srv") / name)
    assert folder == socket_folder(Path("/srv") / name)
    assert folder != socket_folder(Path("/srv") / f"{name}y")
    assert len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX


def test_a_path_with_a_space_and_a_chinese_name_survives_the_address() -> None:
    folder = Path("/srv/my shop/货架&co")
    assert conninfo_to_dict(socket_url(folder, user="liveshelf", database="a b")) == {
        "host": str(folder),
        "user": "liveshelf",
        "dbname": "a b",
    }


def test_a_folder_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "socket"
    folder.mkdir(mode=0o777)
    make_socket_folder(folder, Account())
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_somebody_put_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "socket").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedServerError, match="expected a folder of our own"):
        make_socket_folder(tmp_path / "socket", Account())
