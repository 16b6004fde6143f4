"""Read the reports of an LLRP reader: `RO_ACCESS_REPORT`s come in, sightings by zone and rejections go out (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from llrpkit.protocol import BitStr, messages, params

from contract.hardware import TagSighting
from contract.ids import Epc, ZoneId

EPC_BYTES_MIN = 2
EPC_BYTES_MAX = 62
"""An EPC has whole 16-bit words, at most 31: the length field of the Gen2 protocol control word has 5 bits."""

RSSI_UNKNOWN_DBM = -90.0
"""Stands for a signal the reader does not tell (LLRP leaves it to the reader): fainter than any it hears, so that such
a sighting never takes a tag from a zone that heard it."""


def sightings_in(
    report: messages.RO_ACCESS_REPORT, antennas: Mapping[int, ZoneId], mono_ms: int
) -> tuple[list[TagSighting], Counter[str]]:
    """Return what a report saw in the zones of `antennas`, heard at `mono_ms` (shop time), and rejections by reason.

    The reader's own times are left alone: its clock is nobody's business, and a report is under way for milliseconds.
    """
    seen: list[TagSighting] = []
    rejected: Counter[str] = Counter()
    for data in report.tag_report_datas:
        found = _sighting(data, antennas, mono_ms)
        if isinstance(found, TagSighting):
            seen.append(found)
        else:
            rejected[found] += 1
    return seen, rejected


def _sighting(data: params.TagReportData, antennas: Mapping[int, ZoneId], mono_ms: int) -> TagSighting | str:
    """Return the sighting, or why there is none."""
    epc = epc_in(data)
    if epc is None:
        return "bad_epc"
    if data.antenna_id is None:
        return "no_antenna"
    zone = antennas.get(data.antenna_id.antenna_id)
    if zone is None:
        return "unknown_antenna"
    rssi_dbm = RSSI_UNKNOWN_DBM if data.peak_rssi is None else float(data.peak_rssi.peak_rssi)
    return TagSighting(zone, epc, rssi_dbm, mono_ms)


def epc_in(data: params.TagReportData) -> Epc | None:
    """Return the EPC a tag report names, or None when its length is none an EPC can have."""
    told = data.epc_parameter
    raw = told.epc if isinstance(told, params.EPC_96) else _bytes_in(told.epc)
    if not EPC_BYTES_MIN <= len(raw) <= EPC_BYTES_MAX:
        return None
    return Epc(raw.hex().upper())


def _bytes_in(bits: BitStr) -> bytes:
    return bits.data if bits.bit_len % 8 == 0 else b""
