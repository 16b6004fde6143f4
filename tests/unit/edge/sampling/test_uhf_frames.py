"""Frames of serial UHF modules: found among whatever comes over the line, and believed only when they add up."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contract.ids import Epc
from edge.sampling.uhf_frames import (
    HEADER,
    PARAMETER_BYTES_MAX,
    Code,
    Frame,
    FrameReader,
    Kind,
    TagRead,
    command,
    compose,
    epc_crc,
    is_tag_notice,
    poll_command,
    power_command,
    tag_in,
)
from firmware_sim.serial_uhf import tag_crc


def _tag(epc: str, rssi_dbm: float) -> TagRead:
    return TagRead(Epc(epc), float(rssi_dbm))


NOTICE = "BB 02 22 00 11 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 3A 76 EF 7E"
RECORDED = {
    NOTICE: _tag("30751FEB705C5904E3D50D70", -55.0),
    "BB 02 22 00 11 C4 30 00 E2 00 00 1D 73 15 01 65 21 40 8F C6 B8 3E C2 7E": _tag("E200001D7315016521408FC6", -60.0),
    "BB 02 22 00 11 CB 34 00 E2 00 47 1B B0 00 60 13 04 45 09 D0 95 82 D4 7E": _tag("E200471BB0006013044509D0", -53.0),
    "BB 02 22 00 11 BB 30 00 E2 80 69 95 00 00 40 14 CC 14 78 62 27 58 0D 7E": _tag("E280699500004014CC147862", -69.0),
}
"""Notices of real modules, from public projects of different people."""

frames = st.builds(Frame, st.sampled_from(Kind), st.integers(0, 255), st.binary(max_size=PARAMETER_BYTES_MAX))
no_header = st.binary(max_size=40).map(lambda data: data.replace(bytes((HEADER,)), b""))
epcs = st.integers(1, 31).flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words))


def _read(data: bytes) -> list[Frame]:
    return FrameReader().feed(data)


def _notice(told: bytes, *, rssi: int = 0xC9) -> Frame:
    return Frame(Kind.NOTICE, Code.POLL_ONCE, bytes((rssi,)) + told + epc_crc(told).to_bytes(2, "big"))


@pytest.mark.parametrize(
    ("sent", "printed"),
    [
        (poll_command(10_000), "BB 00 27 00 03 22 27 10 83 7E"),
        (command(Code.POLL_ONCE), "BB 00 22 00 00 22 7E"),
        (command(Code.STOP_POLLING), "BB 00 28 00 00 28 7E"),
        (command(Code.MODULE_INFORMATION, b"\x00"), "BB 00 03 00 01 00 04 7E"),
        (command(Code.SET_REGION, b"\x01"), "BB 00 07 00 01 01 09 7E"),
        (command(Code.SET_HOPPING, b"\xff"), "BB 00 AD 00 01 FF AD 7E"),
        (power_command(20.0), "BB 00 B6 00 02 07 D0 8F 7E"),
    ],
)
def test_commands_are_those_the_makers_print(sent: bytes, printed: str) -> None:
    assert sent == bytes.fromhex(printed)


@pytest.mark.parametrize(("printed", "tag"), RECORDED.items())
def test_notices_of_real_modules_are_read(printed: str, tag: TagRead) -> None:
    [frame] = _read(bytes.fromhex(printed))
    assert is_tag_notice(frame)
    assert tag_in(frame) == tag


def test_the_answer_of_an_empty_shelf_is_no_tag() -> None:
    [frame] = _read(bytes.fromhex("BB 01 FF 00 01 15 16 7E"))
    assert (frame.kind, frame.command, frame.parameters) == (Kind.ANSWER, Code.FAILED, b"\x15")
    assert not is_tag_notice(frame)


@given(st.lists(frames, max_size=5))
def test_frames_survive_the_line(sent: list[Frame]) -> None:
    reader = FrameReader()
    assert reader.feed(b"".join(compose(frame) for frame in sent)) == sent
    assert not reader.rejected


@given(st.lists(st.one_of(frames.map(compose), st.binary(max_size=30)), max_size=6), st.randoms())
def test_it_does_not_matter_how_the_bytes_are_divided(parts: list[bytes], rng: object) -> None:
    data = b"".join(parts)
    whole, divided = FrameReader(), FrameReader()
    expected = whole.feed(data) + whole.pause()
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(4))  # type: ignore[attr-defined] # hypothesis' own type
    found = [
        frame
        for begins, ends in zip([0, *cuts], [*cuts, len(data)], strict=True)
        for frame in divided.feed(data[begins:ends])
    ]
    assert found + divided.pause() == expected
    assert divided.rejected == whole.rejected


@given(st.binary(max_size=300))
def test_whatever_comes_is_survived_and_nothing_is_kept_for_ever(data: bytes) -> None:
    reader = FrameReader()
    frames_found = reader.feed(data) + reader.pause()
    assert bool(reader.rejected) or b"".join(compose(frame) for frame in frames_found) == data
    assert reader.feed(bytes.fromhex(NOTICE)) == _read(bytes.fromhex(NOTICE))


@given(no_header, frames, no_header, frames)
def test_what_stands_between_frames_is_passed_and_counted_once(
    before: bytes, first: Frame, between: bytes, second: Frame
) -> None:
    reader = FrameReader()
    assert reader.feed(before + compose(first) + between + compose(second)) == [first, second]
    assert reader.rejected["line_noise"] == bool(before) + bool(between)


@given(frames, frames, st.data())
def test_a_frame_that_was_cut_off_costs_no_other(first: Frame, second: Frame, data: st.DataObject) -> None:
    whole = compose(first)
    torn = whole[: data.draw(st.integers(1, len(whole) - 1))]
    reader = FrameReader()
    found = reader.feed(torn + compose(second)) + reader.pause()
    assume(len(found) < 2)  # what is left of one may be a frame by chance
    assert found == [second]
    assert reader.rejected.total() == 1


@given(st.sampled_from(list(RECORDED)), st.integers(5 * 8, 23 * 8 - 1))
def test_no_flipped_bit_makes_another_tag(printed: str, flipped: int) -> None:
    """Of a frame's body and checksum; a flipped length or type is another frame, which does not add up either."""
    damaged = bytearray.fromhex(printed)
    damaged[flipped // 8] ^= 1 << flipped % 8
    reader = FrameReader()
    assert reader.feed(bytes(damaged)) + reader.pause() == []
    assert reader.rejected.total() == 1


@given(epcs, st.integers(-128, 127))
def test_an_epc_of_any_length_is_read(epc: bytes, rssi_dbm: int) -> None:
    control = (len(epc) // 2 << 11).to_bytes(2, "big")
    assert tag_in(_notice(control + epc, rssi=rssi_dbm & 0xFF)) == _tag(epc.hex().upper(), rssi_dbm)


@given(st.binary(min_size=4, max_size=64))
def test_the_crc_of_a_tag_is_the_remainder_of_the_standard(told: bytes) -> None:
    assert epc_crc(told) == tag_crc(told)


def test_an_epc_whose_crc_or_length_does_not_fit_is_no_tag() -> None:
    [good] = _read(bytes.fromhex(NOTICE))
    other_crc = good.parameters[:-1] + bytes((good.parameters[-1] ^ 1,))
    assert tag_in(Frame(Kind.NOTICE, Code.POLL, other_crc)) == "bad_epc_crc"
    assert tag_in(_notice(bytes.fromhex("3400 30751FEB705C5904E3D5"))) == "bad_epc"
    assert tag_in(_notice(bytes.fromhex("0000"))) == "bad_epc"
    assert tag_in(Frame(Kind.NOTICE, Code.POLL, b"")) == "bad_epc"


def test_an_extended_control_word_is_no_part_of_the_epc() -> None:
    assert tag_in(_notice(bytes.fromhex("3A00 0001 30751FEB705C5904E3D50D70"))) == RECORDED[NOTICE]
    assert tag_in(_notice(bytes.fromhex("4200 8001 0002 30751FEB705C5904E3D50D70"))) == RECORDED[NOTICE]
    assert tag_in(_notice(bytes.fromhex("0A00 0001"))) == "bad_epc"
