"""Files that rot, go missing or change hands: the outbox is up again at once, says so, and every loss is a gap."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.records import Record, WeightRecord
from edge.outbox.outbox import Outbox
from tests.fixtures.cases import cases, new_seed
from tests.integration.edge.outbox.ledger import Ledger, alarms
from tests.integration.edge.outbox.workload import open_outbox, run_agent

CASES = cases(200, nightly=10_000)
OPEN_S_MAX = 5.0
NAME = "outbox.sqlite"
EVIDENCE = {f"{NAME}.ends", f"{NAME}.mark"}


@dataclass(frozen=True, slots=True)
class Device:
    """An outbox as the agent left it, one from an earlier day, and what was promised."""

    folder: Path
    earlier: Path
    ledger: Ledger


@pytest.fixture(scope="module", params=["clean", "killed"])
def device(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Device:
    """The card of a device after four runs; the last ended in order, or was killed with a log of some size."""
    root = tmp_path_factory.mktemp("device")
    folder, earlier, ledger = root / "now", root / "earlier", Ledger()
    rng = random.Random(11)
    for run in range(3):
        run_agent(folder / NAME, run, rng, ledger.promise, clean=run != 1)
    live = open_outbox(folder / NAME, ManualClock())
    live.append([WeightRecord(mono_ms=1, plate="p", kind="step", weight_g=1.0)])
    shutil.copytree(folder, earlier)
    live.close()
    killed = root / "killed"

    def promise(line: str) -> None:
        ledger.promise(line)
        if request.param == "killed":  # what a kill right after this promise leaves
            shutil.rmtree(killed, ignore_errors=True)
            shutil.copytree(folder, killed)

    run_agent(folder / NAME, 3, rng, promise, clean=True)
    return Device(killed if request.param == "killed" else folder, earlier, ledger)


def flip_bytes(file: Path, rng: random.Random, _device: Device) -> None:
    content = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 1, 4, 64)) if content else 0):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def cut(file: Path, rng: random.Random, _device: Device) -> None:
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.truncate(rng.choice((0, rng.randrange(size + 1), size // 4096 * 4096 // 2)))


def zero_a_page(file: Path, rng: random.Random, _device: Device) -> None:
    content = bytearray(file.read_bytes())
    page = rng.randrange(len(content) // 4096 + 1) * 4096
    content[page : page + 4096] = bytes(len(content[page : page + 4096]))
    file.write_bytes(content)


def swap_pages(file: Path, rng: random.Random, _device: Device) -> None:
    content = bytearray(file.read_bytes())
    pages = len(content) // 4096
    if pages > 1:
        one, other = (rng.randrange(pages) * 4096 for _ in range(2))
        content[one : one + 4096], content[other : other + 4096] = (
            content[other : other + 4096],
            content[one : one + 4096],
        )
    file.write_bytes(content)


def take_earlier(file: Path, _rng: random.Random, device: Device) -> None:
    shutil.copyfile(device.earlier / file.name, file) if (device.earlier / file.name).exists() else file.unlink()


def remove(file: Path, _rng: random.Random, _device: Device) -> None:
    file.unlink()


def put_a_folder_there(file: Path, _rng: random.Random, _device: Device) -> None:
    file.unlink()
    file.mkdir()


def write_noise(file: Path, rng: random.Random, _device: Device) -> None:
    file.write_bytes(rng.randbytes(rng.choice((1, 100, 5_000))))


DAMAGES: list[Callable[[Path, random.Random, Device], None]] = [
    flip_bytes,
    flip_bytes,
    flip_bytes,
    cut,
    cut,
    zero_a_page,
    swap_pages,
    take_earlier,
    remove,
    put_a_folder_there,
    write_noise,
]


def damage(folder: Path, rng: random.Random, device: Device) -> list[tuple[str, str]]:
    """Do one or two things to the files of an outbox; return what."""
    done = []
    for _ in range(rng.choice((1, 1, 2))):
        files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.endswith(".ballast"))
        weights = [6 if file.name in {NAME, f"{NAME}-wal"} else 1 for file in files]
        if rng.random() < 0.05 and not (folder / f"{NAME}-wal").is_dir():
            (folder / f"{NAME}-wal").write_bytes((device.earlier / f"{NAME}-wal").read_bytes())
            done.append(("take_earlier", f"{NAME}-wal"))
        elif files:
            (file,) = rng.choices(files, weights)
            how = rng.choice(DAMAGES)
            how(file, rng, device)
            done.append((how.__name__, file.name))
    return done


def test_whatever_happens_to_the_files_the_outbox_is_up_and_every_loss_is_told(device: Device, tmp_path: Path) -> None:
    rng = random.Random(new_seed())
    slowest_s, lossy = 0.0, 0
    for case in range(CASES // 2):
        folder = tmp_path / "card"
        shutil.copytree(device.folder, folder)
        done = damage(folder, rng, device)
        opened_s = time.monotonic()
        outbox = open_outbox(folder / NAME, ManualClock())
        slowest_s = max(slowest_s, time.monotonic() - opened_s)
        try:
            lossy += check(outbox, device.ledger, done, folder)
        except AssertionError as error:
            raise AssertionError(f"case {case}, {done}: {error}") from error
        finally:
            outbox.close()
        aside = len(list(folder.glob("*.damaged-*")))
        reopened = open_outbox(folder / NAME, ManualClock())
        # What only a second look finds is told then: its file is set aside then.
        told_again = reopened.read(reopened.journal, 1, 10) != []
        assert not told_again or len(list(folder.glob("*.damaged-*"))) > aside, f"case {case}, {done}: told twice"
        reopened.close()
        shutil.rmtree(folder)
    print(f"{CASES // 2} cases, {lossy} with losses, slowest open {slowest_s:.3f} s")
    assert slowest_s < OPEN_S_MAX


def check(outbox: Outbox, ledger: Ledger, done: list[tuple[str, str]], folder: Path) -> bool:
    """Assert what was promised of an outbox after damage; return whether something was lost."""
    touched = {name for _, name in done}
    # Only when the evidence went together with the file can the end of a journal be lost without a trace.
    may_forget = ledger.durable if touched & EVIDENCE and touched - EVIDENCE else ()
    lost = ledger.check(outbox, damaged=True, may_forget=may_forget)
    first, last = outbox.append([weight(7)])
    told: list[Record] = [record for _, record in outbox.read(outbox.journal, 1, 10**6)]
    assert first == last
    assert weight(7) in told
    aside = list(folder.glob("*.damaged-*"))
    assert bool(alarms(told)) >= bool(lost), "lost, and not told"
    assert bool(alarms(told)) >= any(file.name == f"{NAME}.damaged-1" for file in aside), "set aside, and not told"
    return bool(lost)


def weight(number: int) -> WeightRecord:
    return WeightRecord(mono_ms=number, plate="p1", kind="step", weight_g=float(number))
