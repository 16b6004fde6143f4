"""Fifty agents, two gateways, broker and database, harmed by a seed in every way: nothing lost, doubled or altered."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from database.connection import connect
from liveshelf.broker import find_mosquitto
from liveshelf.chaos.diary import Diary
from liveshelf.chaos.faults import KINDS, Kind
from liveshelf.chaos.run import ChaosOptions, ChaosRun, Outcome
from tests.fixtures.cases import cases, new_seed
from tests.integration.liveshelf.running import environment

pytestmark = [
    pytest.mark.journey,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not find_mosquitto(), reason="mosquitto is not installed: its data has to be wiped"),
]

SEED = 20_261_126
WIPE_EVERY_S = 4.5
"""A wipe comes every 3 s in the mean, and none while the broker still starts."""

StartRun = Callable[..., ChaosRun]


@pytest.fixture
def start_run(tmp_path: Path) -> Iterator[StartRun]:
    """Makes runs that print what happens, and stops what they started."""
    with ExitStack() as stack:

        def start(*, seed: int, for_s: float, agents: int = 50, kinds: Collection[Kind] = KINDS) -> ChaosRun:
            diary = Diary(seed, Console(file=sys.stdout, soft_wrap=True), tmp_path / "diary.log")
            stack.callback(diary.close)
            folder = tmp_path / "chaos"
            folder.mkdir()
            options = ChaosOptions(folder=folder, seed=seed, for_s=for_s, agents=agents, kinds=kinds)
            return stack.enter_context(ChaosRun(options, diary))

        yield start


def wrong(outcome: Outcome) -> dict[str, Collection[str] | int]:
    """Return all that must be empty."""
    verdict = outcome.verdict
    return {
        "lost": verdict.lost,
        "duplicates": verdict.duplicates,
        "unexplained gaps": verdict.unexplained_gaps,
        "altered": verdict.altered,
        "undelivered journals": outcome.undelivered,
    }


NOTHING: dict[str, Collection[str] | int] = {
    "lost": [],
    "duplicates": [],
    "unexplained gaps": [],
    "altered": [],
    "undelivered journals": 0,
}


def tracebacks(run: ChaosRun) -> list[str]:
    """Return the programs that met an error nobody had thought of."""
    logs = run.world.logs.glob("*.log")
    return sorted(log.name for log in logs if "Traceback" in log.read_text(encoding="utf-8", errors="replace"))


def test_three_minutes_of_every_kind_of_fault_lose_double_and_alter_nothing(start_run: StartRun) -> None:
    print(f"seed {SEED}")
    run = start_run(seed=SEED, for_s=180.0)
    outcome = run.go()
    assert wrong(outcome) == NOTHING
    assert outcome.faults >= 30
    possible = set(KINDS) if len(run.world.disks) else set(KINDS) - {"disk_full"}
    assert set(outcome.struck) == possible
    assert tracebacks(run) == []


def test_a_broker_whose_data_is_wiped_under_load_costs_nothing(start_run: StartRun) -> None:
    wanted = cases(3, nightly=20)
    run = start_run(seed=new_seed(), for_s=3.0 + WIPE_EVERY_S * wanted, kinds=("wipe",))
    outcome = run.go()
    assert wrong(outcome) == NOTHING
    assert outcome.struck["wipe"] >= wanted


ONE = "(device, journal, seq) IN (SELECT device, journal, seq FROM {table} LIMIT 1)"
DELETED = f"DELETE FROM clock_event WHERE {ONE.format(table='clock_event')} RETURNING *"
UNEXPLAINED = "SELECT device, journal, seq, seq, 'dropped', load_id, time FROM gone"

# What the judge must find in a real database: a deed, and how much is then lost, doubled, unexplained and altered.
PLANTED = (
    (f"DELETE FROM reading WHERE {ONE.format(table='reading')}", (1, 0, 0, 0)),
    ("INSERT INTO health_event SELECT * FROM health_event LIMIT 1", (1, 1, 0, 0)),
    (f"UPDATE tag_event SET reads = reads + 1 WHERE {ONE.format(table='tag_event')}", (1, 1, 0, 1)),
    (
        f"WITH gone AS ({DELETED}) INSERT INTO gap {UNEXPLAINED}",
        (1, 1, 1, 1),
    ),
)


def test_the_oracle_finds_a_planted_loss_double_gap_and_change(start_run: StartRun) -> None:
    run = start_run(seed=7, for_s=4.0, agents=10, kinds=())
    assert wrong(run.go()) == NOTHING
    assert run.outcome.verdict.records > 100
    for deed, expected in PLANTED:
        with connect(run.world.url) as connection:
            connection.execute(deed.encode())
        verdict = run.judge()
        found = tuple(map(len, (verdict.lost, verdict.duplicates, verdict.unexplained_gaps, verdict.altered)))
        assert found == expected, deed


def mounts_and_processes(folder: Path) -> list[str]:
    """Return what is mounted below a folder, and the processes that work for it."""
    mounted = [line for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line]
    running = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"TMPDIR={folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                running.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return [*mounted, *running]


def until(true: Callable[[], Any], wait_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def test_ctrl_c_in_the_midst_of_faults_leaves_no_process_mount_or_folder(tmp_path: Path) -> None:
    log = tmp_path / "chaos.log"
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, "-m", "liveshelf", "chaos", "--seed", "5", "--agents", "10", "--only", "pause", "--only"]
    with (tmp_path / "told").open("wb") as told:
        process = subprocess.Popen(
            [*command, "disk_full", "--log", str(log)], env=environment(TMPDIR=str(work)), stdout=told, stderr=told
        )
    until(lambda: log.exists() and '"fault"' in log.read_text(), 60, "no fault came")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130, (tmp_path / "told").read_text()
    assert mounts_and_processes(work) == []
    assert list(work.iterdir()) == []
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert {event["seed"] for event in events} == {5}
