"""What the devices of a large store send: templates of batches, filled with numbers and times.

Most readings are heartbeats that say nothing new. Now and then somebody takes a unit, and the next time puts it back:
a step of all plates of that shelf. Nothing is drawn at random, so two runs send the same.
"""

from __future__ import annotations

from contract.ids import DeviceId, JournalId, StoreId

STORE = StoreId("bench")
PLATES = 20
SHELF_PLATES = 5
UNIT_G = 250.0
UNITS = 12
STEP_EVERY = 50
"""Every so many batches of a device one shelf is touched: 5 of 1,000 readings belong to an episode."""

NOISE_G = 0.25
BOOT = "boot"
SHELVES = PLATES // SHELF_PLATES
COLUMNS = ("plate", "kind", "weight_g", "before_g", "noise_g", "quality", "remaining")


def device_name(number: int) -> DeviceId:
    """Return the name of a device by its number from 0."""
    return DeviceId(f"d{number:04}")


def journal_of(number: int) -> JournalId:
    """Return the journal of a device's only run."""
    return JournalId(f"{number:032x}")


def plate_names(device: str) -> list[str]:
    """Return the plates of a device, shelf by shelf."""
    return [f"{device}-s{1 + plate // SHELF_PLATES}-l{1 + plate % SHELF_PLATES}" for plate in range(PLATES)]


class Batches:
    """The batches of one device: `payload(n, mono_ms)` is the n-th of its journal, from 0, again whenever asked."""

    def __init__(self, number: int, readings: int) -> None:
        device = device_name(number)
        self.readings = readings
        self._plates = plate_names(device)
        self._head = f'{{"device":"{device}","journal":"{journal_of(number)}","first":'
        self._parts = PLATES // readings
        self._lacking = [self._quiet(lacking) for lacking in (None, *range(SHELVES))]
        self._touched = [self._columns(0, shelf, back) for shelf in range(SHELVES) for back in (False, True)]

    def payload(self, batch: int, mono_ms: int) -> bytes:
        """Return a batch whose records were made and sent at `mono_ms`."""
        first = batch * self.readings + 1
        last = first + self.readings - 1
        seqs = ",".join(map(str, range(first, last + 1)))
        times = ",".join([str(mono_ms)] * self.readings)
        return (
            f'{self._head}{first},"last":{last},"sent_mono_ms":{mono_ms},"boot":"{BOOT}","v":1,'
            f'"blocks":{{"weight":{{"seq":[{seqs}],"mono_ms":[{times}],{self._said_in(batch)}}}}}}}'
        ).encode()

    def _said_in(self, batch: int) -> str:
        if self._parts > 1:
            return self._lacking[0][batch % self._parts]
        touches, since = divmod(batch, STEP_EVERY)
        if since == STEP_EVERY - 1:
            return self._touched[touches % len(self._touched)]
        shelf, taken = divmod(touches % len(self._touched), 2)
        return self._lacking[1 + shelf if taken else 0][0]

    def _quiet(self, lacking: int | None) -> list[str]:
        return [self._columns(part * self.readings, lacking) for part in range(self._parts)]

    def _columns(self, start: int, shelf: int | None, back: bool | None = None) -> str:
        """Return all columns but the first two, while a unit of a shelf is gone; when it has just gone or come back
        (`back`), as an episode of that shelf.
        """
        plates = range(start, start + (self.readings if back is None else PLATES))
        columns = zip(COLUMNS, zip(*(self._row(plate, shelf, back) for plate in plates), strict=True), strict=True)
        return ",".join(f'"{name}":[{",".join(values)}]' for name, values in columns)

    def _row(self, plate: int, shelf: int | None, back: bool | None) -> tuple[str, ...]:
        its_shelf, place = divmod(plate, SHELF_PLATES)
        full_g, touched = UNITS * UNIT_G + 0.01 * (plate * 7 % 20), its_shelf == shelf
        lacking_g = full_g - UNIT_G if touched and place == 0 else full_g
        if back is None or not touched:
            return self._said(plate, "heartbeat", lacking_g, "null", 0)
        before_g, after_g = (lacking_g, full_g) if back else (full_g, lacking_g)
        return self._said(plate, "step", after_g, f"{before_g:.2f}", SHELF_PLATES - 1 - place)

    def _said(self, plate: int, kind: str, weight_g: float, before_g: str, remaining: int) -> tuple[str, ...]:
        noise_g, name = str(NOISE_G), self._plates[plate]
        return f'"{name}"', f'"{kind}"', f"{weight_g:.2f}", before_g, noise_g, '"ok"', str(remaining)
