"""Say what is committed: commits, resends and refusals go in, acknowledgements come out when they are due (pure).

At most one a second for each device, or at half a window (rule 8), so that a thousand small batches cost one message.
Times are wall seconds of any clock that never steps back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.ids import DeviceId
from contract.records import Ack, Refusal

ACK_EVERY_S = 1.0
HALF_WINDOW_RECORDS = 1_024
"""Half of what an agent may have on the way (2,048 records): it never runs dry waiting for us."""

RESEND_EVERY_S = 2.0
"""The same resend is asked for again after so long: longer than a round trip, shorter than the agent's own patience."""

JOURNALS_MAX = 512
"""So many journals of a device are named at most, the ones heard of last: an acknowledgement has to fit 64 KiB."""

REFUSALS_MAX = 16
"""So many refusals are told at once, the latest: a device has sent again what the earlier ones are about."""


@dataclass(slots=True)
class _Device:
    journals: dict[str, int] = field(default_factory=dict)
    resend: set[str] = field(default_factory=set)
    refused: list[Refusal] = field(default_factory=list)
    asked: dict[str, tuple[int, float]] = field(default_factory=dict)
    records: int = 0
    acked_at_s: float = float("-inf")


class AckBook:
    """What every device of a store is to be told next. One for each run of a gateway.

    `database_epoch` is the one the watermarks were read from; `gateway_run` is new at each start and each time the
    watermarks were loaded anew, so that devices send again what is above them.
    """

    def __init__(self, *, database_epoch: str, gateway_run: str) -> None:
        self._database_epoch = database_epoch
        self._gateway_run = gateway_run
        self._ack_no = 0
        self._devices: dict[DeviceId, _Device] = {}
        self._due: set[DeviceId] = set()

    def committed(self, device: DeviceId, watermarks: Mapping[str, int], *, records: int = 0) -> None:
        """Tell a device its watermarks: after a commit (of so many records), a birth, or a batch that was a duplicate.

        Name 0 for a journal nothing of which is committed: silence would not make the device send.
        """
        known = self._devices.setdefault(device, _Device())
        for journal, watermark in watermarks.items():
            known.journals.pop(journal, None)
            known.journals[journal] = watermark
        while len(known.journals) > JOURNALS_MAX:
            known.journals.pop(next(iter(known.journals)))
        known.records += records
        self._due.add(device)

    def resend(self, device: DeviceId, journal: str, watermark: int, now_s: float) -> None:
        """Ask a device to send a journal again from above its watermark, not more often than every 2 s."""
        known = self._devices.setdefault(device, _Device())
        asked_of, asked_at_s = known.asked.get(journal, (-1, 0.0))
        if asked_of == watermark and now_s - asked_at_s < RESEND_EVERY_S:
            return
        known.asked[journal] = (watermark, now_s)
        known.resend.add(journal)
        self.committed(device, {journal: watermark})

    def refuse(self, device: DeviceId, refusal: Refusal) -> None:
        """Tell a device that a batch of it cannot be taken."""
        known = self._devices.setdefault(device, _Device())
        others = [earlier for earlier in known.refused if earlier != refusal]
        known.refused = [*others, refusal][-REFUSALS_MAX:]
        self._due.add(device)

    def due(self, now_s: float) -> list[tuple[DeviceId, Ack]]:
        """Return the acknowledgements to send now; each is returned once."""
        ready = [device for device in self._due if self._ready(self._devices[device], now_s)]
        self._due.difference_update(ready)
        return [(device, self._ack(device, now_s)) for device in sorted(ready)]

    def _ready(self, known: _Device, now_s: float) -> bool:
        return known.records >= HALF_WINDOW_RECORDS or now_s - known.acked_at_s >= ACK_EVERY_S

    def _ack(self, device: DeviceId, now_s: float) -> Ack:
        known = self._devices[device]
        self._ack_no += 1
        ack = Ack(
            database_epoch=self._database_epoch,
            gateway_run=self._gateway_run,
            ack_no=self._ack_no,
            journals=dict(known.journals),
            resend=sorted(known.resend),
            refused=list(known.refused),
        )
        known.resend.clear()
        known.refused.clear()
        known.records, known.acked_at_s = 0, now_s
        return ack
