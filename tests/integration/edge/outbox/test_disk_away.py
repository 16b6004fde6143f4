"""A disk that is full, read-only or ill for a while: the agent goes on by itself, every loss is a gap at its place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import ConfigurationError
from contract.records import WeightRecord
from edge.delivery import OUTBOX_NAME, open_outbox
from edge.outbox.outbox import QUOTA_BYTES_MIN, Outbox, OutboxFull
from tests.integration.edge.outbox.steady_agent import SteadyAgent

ROOT = Path(__file__).parents[4]
DISK_BYTES = 4 * 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs root and mount, for a disk of a size of its own")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all room a disk has."""
    filler = disk / "somebody-elses.log"
    with filler.open("wb", buffering=0) as file:
        for chunk in (64 * 1024, 4096, 1):
            try:
                while True:
                    file.write(bytes(chunk))
            except OSError:
                pass
    return filler


def check_every_number(outbox: Outbox, put: int) -> Counter[str]:
    """Assert that record N has number N, and that what is missing is in gaps; return how many by reason."""
    (journal,) = (held.journal for held in outbox.held())
    records = outbox.read(journal, 1, 10**6)
    gaps = outbox.gaps(journal, 1, put)
    missing = [seq for gap in gaps for seq in range(gap.first, gap.last + 1)]
    assert sorted([*(seq for seq, _ in records), *missing]) == list(range(1, put + 1))
    assert all(record.mono_ms == seq for seq, record in records)
    counted: Counter[str] = Counter()
    for gap in gaps:
        counted[gap.reason] += gap.last - gap.first + 1
    assert set(counted) <= {"thinned", "dropped"}
    return counted


def test_an_agent_on_a_full_disk_goes_on_when_there_is_room_again(disk: Path) -> None:
    agent = SteadyAgent(disk)
    agent.feed(300)
    filler = fill(disk)
    agent.feed(400)
    (disk / f"{OUTBOX_NAME}.ballast").unlink(missing_ok=True)
    fill(disk)
    agent.feed(1500)
    filler.unlink()
    agent.feed_until_taken()
    agent.stop()
    outbox = open_outbox(disk, ManualClock())
    # The outbox gave up its own oldest too.
    assert check_every_number(outbox, agent.put).total() >= agent.lost.total() > 0
    outbox.close()


def test_a_full_disk_costs_the_oldest_and_the_outbox_starts_on_it(disk: Path) -> None:
    clock = ManualClock()
    outbox = open_outbox(disk, clock)
    for start in range(1, 4_001, 100):
        outbox.append([weight(number) for number in range(start, start + 100)])
    fill(disk)
    put = 4_000
    for _ in range(60):
        try:
            _, put = outbox.append([weight(number) for number in range(put + 1, put + 101)])
        except OutboxFull:
            break
    journal = outbox.journal
    outbox.close()
    outbox = open_outbox(disk, clock)
    assert outbox.append([weight(1)]) == (1, 1)
    gaps = outbox.gaps(journal, 1, put)
    records = dict(outbox.read(journal, 1, 10**6))
    missing = [seq for gap in gaps for seq in range(gap.first, gap.last + 1)]
    assert sorted([*records, *missing]) == list(range(1, put + 1))
    assert {gap.reason for gap in gaps} <= {"dropped"}
    outbox.close()


def test_a_disk_gone_read_only_is_named_and_nothing_is_lost_when_it_is_back(disk: Path) -> None:
    clock = ManualClock()
    outbox = open_outbox(disk, clock)
    journal = outbox.journal
    outbox.append([weight(number) for number in range(1, 101)])
    outbox.close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(ConfigurationError, match="data_dir"):
        open_outbox(disk, clock)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    outbox = open_outbox(disk, clock)
    assert [seq for seq, _ in outbox.read(journal, 1, 1000)] == list(range(1, 101))
    outbox.close()


@pytest.mark.parametrize(
    ("calls", "error"), [("pwrite64", "ENOSPC"), ("pwrite64", "EROFS"), ("pwrite64", "EIO"), ("fdatasync", "EIO")]
)
def test_an_agent_goes_on_after_a_disk_refused_for_seconds(tmp_path: Path, calls: str, error: str) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace, which makes system calls fail (Debian: apt install strace)")
    command = [
        strace,
        "-f",
        "-o",
        "/dev/null",
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={calls}:error={error}:when=200..203",
    ]
    command += [sys.executable, "-m", "tests.integration.edge.outbox.steady_agent", str(tmp_path), "1200"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    if "ptrace" in done.stderr and done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    outbox = open_outbox(tmp_path, ManualClock())
    gone = check_every_number(outbox, said.pop("put")).total()
    assert gone >= sum(said.values()) > 0, "the disk was away long enough to lose something, and all of it is a gap"
    assert error == "ENOSPC" or gone == sum(said.values())
    outbox.close()


def test_the_quota_holds_at_every_moment_with_the_log_counted(tmp_path: Path) -> None:
    outbox = Outbox.open(
        tmp_path / OUTBOX_NAME, boot="b", board_serial="s", clock=ManualClock(), quota_bytes=QUOTA_BYTES_MIN
    )
    most = 0
    for start in range(1, 120_001, 400):
        outbox.append(
            [weight(number, kind="heartbeat" if number % 37 == 0 else "step") for number in range(start, start + 400)]
        )
        most = max(most, sum(file.stat().st_size for file in tmp_path.iterdir()))
    outbox.close()
    assert most <= QUOTA_BYTES_MIN


def weight(number: int, kind: str = "step") -> WeightRecord:
    return WeightRecord(mono_ms=number, plate="p1", kind=kind, weight_g=float(number))  # type: ignore[arg-type]
