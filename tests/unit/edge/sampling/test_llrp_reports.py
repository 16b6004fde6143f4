"""What LLRP readers report becomes sightings; the oracle are messages recorded from a real reader."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llrpkit.protocol import BitStr, LLRPMessage, decode_message, messages, params

from contract.ids import ZoneId
from edge.sampling.llrp_reports import EPC_BYTES_MAX, RSSI_UNKNOWN_DBM, sightings_in
from tests.house.source_tree import ROOT

DATA = Path(os.environ.get("LIVESHELF_TEST_DATA", ROOT.parent / "shared" / "data")) / "llrp"
RAIL = ZoneId("b3-s4-z1")
TYPES = {
    "CloseConnectionResponse": 4,
    "GetReaderCapabilitiesResponse": 11,
    "GetReaderConfigResponse": 12,
    "GetROSpecsResponse": 36,
    "GetAccessSpecsResponse": 54,
    "ROAccessReport": 61,
    "ReaderEventNotification": 63,
}
"""Message types of the recorded payloads, which have no header (LLRP 1.1, table of message types)."""

recorded = pytest.mark.skipif(
    not DATA.is_dir(),
    reason=f"RECORDED LLRP MESSAGES NOT TESTED: no {DATA}; point LIVESHELF_TEST_DATA at the folder of evaluation data",
)


def _recorded(name: str) -> tuple[LLRPMessage, dict[str, Any]]:
    payload = (DATA / f"{name}.bytes").read_bytes()
    kind = TYPES[name.removeprefix("edgex_").partition("-")[0]]
    header = (1 << 10 | kind).to_bytes(2, "big") + (10 + len(payload)).to_bytes(4, "big") + (7).to_bytes(4, "big")
    return decode_message(header + payload), json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@recorded
def test_nine_recorded_reports_become_what_their_reader_saw() -> None:
    for number in range(1, 10):
        report, told = _recorded(f"edgex_ROAccessReport-{number:03d}")
        assert isinstance(report, messages.RO_ACCESS_REPORT)
        [saw] = told["TagReportData"]
        seen, rejected = sightings_in(report, {saw["AntennaID"]: RAIL}, 5)
        assert not rejected
        [sighting] = seen
        assert sighting.epc == base64.b64decode(saw["EPC96"]["EPC"]).hex().upper()
        assert (sighting.zone, sighting.rssi_dbm, sighting.mono_ms) == (RAIL, saw["PeakRSSI"], 5)
        first_seen = report.tag_report_datas[0].first_seen_timestamp_utc
        assert first_seen is not None
        assert first_seen.microseconds == saw["FirstSeenUTC"]


@recorded
@pytest.mark.parametrize("name", ["CloseConnectionResponse", "GetAccessSpecsResponse", "GetROSpecsResponse"])
def test_recorded_answers_without_content_are_good_news(name: str) -> None:
    answer, told = _recorded(f"edgex_{name}-000")
    status = getattr(answer, "llrp_status", None)
    assert isinstance(status, params.LLRPStatus)
    wanted = told["LLRPStatus"]
    assert (status.status_code, status.error_description) == (wanted["Status"], wanted["ErrorDescription"])


@recorded
def test_the_recorded_reader_tells_its_time_and_that_it_closes() -> None:
    message, told = _recorded("edgex_ReaderEventNotification-000")
    assert isinstance(message, messages.READER_EVENT_NOTIFICATION)
    data = message.reader_event_notification_data
    assert isinstance(data.timestamp, params.UTCTimestamp)
    assert data.timestamp.microseconds == told["ReaderEventNotificationData"]["UTCTimestamp"]
    assert data.connection_close_event is not None


@recorded
def test_the_recorded_reader_tells_which_antennas_have_a_cable() -> None:
    message, told = _recorded("edgex_GetReaderConfigResponse-000")
    assert isinstance(message, messages.GET_READER_CONFIG_RESPONSE)
    assert [(antenna.antenna_id, antenna.antenna_connected) for antenna in message.antenna_properties] == [
        (antenna["AntennaID"], antenna["AntennaConnected"]) for antenna in told["AntennaProperties"]
    ]
    assert message.ro_report_spec is not None
    assert message.ro_report_spec.n == told["ROReportSpec"]["N"]
    content = message.ro_report_spec.tag_report_content_selector
    wanted = told["ROReportSpec"]["TagReportContentSelector"]
    assert (content.enable_antenna_id, content.enable_peak_rssi) == (
        wanted["EnableAntennaID"],
        wanted["EnablePeakRSSI"],
    )


@recorded
def test_the_recorded_reader_tells_what_it_can_do() -> None:
    message, told = _recorded("edgex_GetReaderCapabilitiesResponse-000")
    assert isinstance(message, messages.GET_READER_CAPABILITIES_RESPONSE)
    can, wanted = message.general_device_capabilities, told["GeneralDeviceCapabilities"]
    assert can is not None
    assert (can.device_manufacturer_name, can.model_name, can.reader_firmware_version) == (
        wanted["DeviceManufacturer"],
        wanted["Model"],
        wanted["FirmwareVersion"],
    )
    assert can.max_number_of_antenna_supported == wanted["MaxSupportedAntennas"]


def _seen(epc: bytes, *, antenna: int | None = 1, rssi_dbm: int | None = -50, bits: int | None = None) -> Any:
    length = 8 * len(epc) if bits is None else bits
    return params.TagReportData(
        epc_parameter=params.EPCData(epc=BitStr(length, epc)),
        antenna_id=None if antenna is None else params.AntennaID(antenna_id=antenna),
        peak_rssi=None if rssi_dbm is None else params.PeakRSSI(peak_rssi=rssi_dbm),
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_seen(b""), "bad_epc"),
        (_seen(b"\x30"), "bad_epc"),
        (_seen(b"\x30" * (EPC_BYTES_MAX + 1)), "bad_epc"),
        (_seen(b"\x30\x34\x20", bits=20), "bad_epc"),
        (_seen(b"\x30\x34", antenna=None), "no_antenna"),
        (_seen(b"\x30\x34", antenna=9), "unknown_antenna"),
    ],
)
def test_a_read_that_cannot_be_placed_is_counted_by_its_reason(data: Any, reason: str) -> None:
    good = _seen(b"\x30\x34")
    seen, rejected = sightings_in(messages.RO_ACCESS_REPORT(tag_report_datas=[data, good]), {1: RAIL}, 0)
    assert [sighting.epc for sighting in seen] == ["3034"]
    assert rejected == {reason: 1}


def test_a_reader_that_tells_no_signal_is_taken_as_faint() -> None:
    [sighting] = sightings_in(
        messages.RO_ACCESS_REPORT(tag_report_datas=[_seen(b"\x30\x34", rssi_dbm=None)]), {1: RAIL}, 0
    )[0]
    assert sighting.rssi_dbm == RSSI_UNKNOWN_DBM


@given(st.binary(min_size=2, max_size=EPC_BYTES_MAX), st.integers(-128, 127))
def test_every_tag_goes_through_the_wire_format_unchanged(epc: bytes, rssi_dbm: int) -> None:
    sent = messages.RO_ACCESS_REPORT(tag_report_datas=[_seen(epc, rssi_dbm=rssi_dbm)])
    received = decode_message(sent.to_bytes(message_id=1))
    assert isinstance(received, messages.RO_ACCESS_REPORT)
    [sighting] = sightings_in(received, {1: RAIL}, 0)[0]
    assert (bytes.fromhex(sighting.epc), sighting.rssi_dbm) == (epc, rssi_dbm)
