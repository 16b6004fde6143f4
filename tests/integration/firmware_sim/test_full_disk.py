"""A world whose disk is full says so in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.clock import ManualClock
from firmware_sim.world.truth import TruthLog, TruthUnwritable


def test_a_full_disk_is_one_sentence_that_names_the_file() -> None:
    file = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - closing it raises again, see below
    with pytest.raises(TruthUnwritable, match=r"^/dev/full: the truth log cannot be written: No space left on device$"):
        TruthLog(file, ManualClock()).write("pick", position="p1", sku="cola", change=-1, quantity=4)
    with pytest.raises(OSError, match="No space left"):
        file.close()
