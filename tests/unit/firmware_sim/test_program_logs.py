"""The simulated shop logs as the other programs do, so that what stands beside a text is seen."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from firmware_sim.__main__ import main


def test_the_data_of_a_record_stands_in_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    assert main(["corner-shop", str(tmp_path)]) == 0
    logging.getLogger("firmware_sim").info("doors open", extra={"event": "world_doors_open", "devices": 3})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("info firmware_sim: doors open event=world_doors_open devices=3")
