"""Send as fast as the watermarks allow, and compare what was committed a second with a raw COPY of the same rows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contract.errors import LiveShelfError
from database.connection import connect
from liveshelf.bench.figure import Figure
from liveshelf.bench.ingest.raw_copy import raw_copy_rate
from liveshelf.bench.ingest.shop import database, gateway
from liveshelf.bench.ingest.traffic import PLATES
from liveshelf.bench.processor import cpu_s
from liveshelf.broker import Broker

DEVICES = 500
WARM_S = 4.0
READINGS_PER_S_MIN = 200_000.0
COPY_RATIO_MIN = 0.3

COMMITTED = "SELECT coalesce(sum(seq), 0) FROM journal_watermark"
LOST = "SELECT (SELECT coalesce(sum(seq), 0) FROM journal_watermark) - (SELECT count(*) FROM reading)"
DOUBLE = "SELECT count(*) - count(DISTINCT (journal, seq)) FROM reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What one run brought in: readings a second, what became of all that was sent, and who used the cores."""

    readings_per_s: float
    sent: int
    lost: int
    duplicates: int
    load_readings: int
    cores: dict[str, float]


def measure_ingest(quick: bool) -> Iterator[Figure]:
    """Yield the rate of batches of 20 readings and of one, losses, and the references of the same run."""
    for_s = 8.0 if quick else 30.0
    with tempfile.TemporaryDirectory(prefix="liveshelf-bench-") as name:
        folder = Path(name)
        with database(folder, DEVICES) as url:
            found = ingested(folder, url, readings=PLATES, for_s=for_s)
            raw = raw_copy_rate(url)
    yield Figure(
        name="ingest_readings_per_s",
        value=found.readings_per_s,
        unit="readings/s",
        reference=raw,
        reference_is="raw COPY",
        goal=READINGS_PER_S_MIN,
        better="more",
    )
    ratio = found.readings_per_s / raw
    yield Figure(name="ingest_copy_ratio", value=ratio, unit="of raw COPY", goal=COPY_RATIO_MIN, better="more")
    yield Figure(name="ingest_lost", value=found.lost, unit="readings", goal=0.0)
    yield Figure(name="ingest_duplicates", value=found.duplicates, unit="readings", goal=0.0)
    for who, cores in found.cores.items():
        yield Figure(name=f"ingest_{who}_cores", value=cores, unit="cores")


def ingested(folder: Path, url: str, *, readings: int, for_s: float) -> Ingested:
    """Run a broker, a gateway and the devices against a database for so long."""
    with (
        Broker(port=0) as broker,
        gateway(url, broker.url, folder / "gateway.log") as served,
        _devices(broker.url, readings, WARM_S + for_s + 1.0) as devices,
        connect(url, autocommit=True) as connection,
    ):
        assert devices.stdin is not None
        devices.stdin.write(b"\n")
        devices.stdin.flush()
        time.sleep(WARM_S)
        who = {"gateway": served.pid, "devices": devices.pid, "broker": broker.pid or 0}
        used = {one: cpu_s([pid]) for one, pid in who.items()}
        began_s, before = time.monotonic(), _number(connection.execute(COMMITTED).fetchone())
        time.sleep(for_s)
        took_s, after = time.monotonic() - began_s, _number(connection.execute(COMMITTED).fetchone())
        cores = {one: (cpu_s([pid]) - used[one]) / took_s for one, pid in who.items()}
        sent = _finished(devices, folder / "gateway.log")
        committed = _number(connection.execute(COMMITTED).fetchone())
        rows = connection.execute("SELECT avg(readings) FROM load WHERE readings > 0").fetchone()
        return Ingested(
            readings_per_s=(after - before) / took_s,
            sent=sent,
            lost=sent - committed + _number(connection.execute(LOST).fetchone()),
            duplicates=_number(connection.execute(DOUBLE).fetchone()),
            load_readings=round(_number(rows)),
            cores=cores,
        )


@contextmanager
def _devices(broker_url: str, readings: int, for_s: float) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "liveshelf.bench.ingest.devices", broker_url, str(DEVICES), str(readings)]
    process = subprocess.Popen([*command, str(for_s)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise LiveShelfError("the devices of the bench did not come up")
        yield process
    finally:
        process.kill()
        process.wait()


def _finished(devices: subprocess.Popen[bytes], log: Path) -> int:
    """Wait for the devices to have all they sent committed; return how much that is."""
    output, _ = devices.communicate()
    word, number = output.decode().split()[-2:]
    if word != "sent":
        said = log.read_text(encoding="utf-8")[-2_000:]
        raise LiveShelfError(f"not all of {number} readings sent was committed within a minute; the gateway: {said}")
    return int(number)


def _number(row: tuple[object, ...] | None) -> int:
    assert row is not None
    return int(str(row[0] or 0).partition(".")[0])
