"""Devices of a store as people see them: parts and their health, sheets that are kept, and who changed what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cloud.devices import service
from cloud.devices.model import UNHEARD, PartView
from cloud.devices.service import Asked
from cloud.errors import AnswerUnusable
from contract.records import Birth, BirthPlate, BirthZone, CommandResult
from tests.fakes.asked_device import plate, sheet
from tests.integration.cloud.shop import STORE, Shop

pytestmark = pytest.mark.database


def birth(device: str, *plates: BirthPlate, store: str = STORE) -> Birth:
    return Birth(
        device=device, store=store, journal="a" * 32, boot="b", board_serial="10000000a3b1c2d4", agent_version="0.2.0",
        sent_mono_ms=1, plates=list(plates), zones=[BirthZone(zone="z1", bay="b1", shelf="b1-s1")],
    )  # fmt: skip


@pytest.fixture
def bay(shop: Shop) -> Shop:
    plates = (plate("b1-s1-l2", bay="b1", shelf="b1-s1", version=2), plate("b1-s1-l1", bay="b1", shelf="b1-s1"))
    shop.hear_device(birth("bay-1", *plates), lights=["p-tea"])
    shop.hear_health("bay-1", "plate:b1-s1-l2", "noisy", rate_sps=9.8)
    shop.hear_health("bay-1", "plate:gone", "unplugged")
    shop.hear_health("bay-1", "agent", "ok", cpu_c=51.5)
    return shop


def _parts(shop: Shop) -> dict[str, PartView]:
    view = service.device(shop.connection, STORE, "bay-1", shop.clock.now())
    assert view is not None
    return {part.subject: part for part in view.parts}


def test_a_device_is_shown_with_what_it_said_and_how_its_parts_are(bay: Shop) -> None:
    (view,) = service.devices(bay.connection, STORE, bay.clock.now())
    assert (view.device, view.store, view.online, view.board_serial) == ("bay-1", STORE, True, "10000000a3b1c2d4")
    assert view.lights == ("p-tea",)
    assert [part.subject for part in view.parts] == ["agent", "plate:b1-s1-l2", "plate:b1-s1-l1", "zone:z1"]
    parts = _parts(bay)
    noisy, quiet = parts["plate:b1-s1-l2"], parts["plate:b1-s1-l1"]
    assert (noisy.kind, noisy.name, noisy.verdict, noisy.rejected) == ("plate", "b1-s1-l2", "noisy", {"spike": 3})
    assert (noisy.position, noisy.sku, noisy.calibration_version) == ("p-gum", "gum", 2)
    assert noisy.measured == {"rate_sps": 9.8}
    assert (quiet.verdict, quiet.as_of, quiet.weight_g) == (UNHEARD, None, None)
    assert parts["agent"].measured == {"cpu_c": 51.5}


def test_a_device_of_another_store_is_not_there(bay: Shop) -> None:
    assert service.device(bay.connection, "other", "bay-1", bay.clock.now()) is None
    assert service.devices(bay.connection, "other", bay.clock.now()) == ()
    assert service.store_of(bay.connection, "bay-1") == STORE
    assert service.store_of(bay.connection, "bay-2") is None


def test_a_birth_no_version_of_ours_can_read_hides_no_device(bay: Shop) -> None:
    with bay.connection.transaction():
        bay.connection.execute("""UPDATE device SET birth = '{"v": 9, "lights": 7}'""")
    (view,) = service.devices(bay.connection, STORE, bay.clock.now())
    assert (view.device, view.plates, view.lights) == ("bay-1", (), ())
    assert "plate:b1-s1-l2" in _parts(bay)


def test_a_sheet_is_kept_for_good_and_says_who_calibrated(bay: Shop) -> None:
    made = bay.clock.now()
    kept = service.keep_sheet(
        bay.connection, STORE, "bay-1", sheet("b1-s1-l2", 2, at=made, by="agent"), by="mei", at=made
    )  # fmt: skip
    part = _parts(bay)["plate:b1-s1-l2"]
    assert (part.calibrated_at, part.calibrated_by) == (made, "mei")
    assert _parts(bay)["plate:b1-s1-l1"].calibrated_by is None
    bay.clock.advance(60)
    service.keep_sheet(bay.connection, STORE, "bay-1", sheet("b1-s1-l2", 3, at=made), by="li", at=bay.clock.now())
    assert [one.version for one in service.sheets(bay.connection, STORE, "b1-s1-l2")] == [3, 2]
    assert service.sheets(bay.connection, STORE)[1] == kept
    assert service.sheets(bay.connection, STORE, "b1-s1-l1") == ()
    assert kept.line == (1_000.0, 400.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"plate": "+"}, "found plate"), ({"version": "two"}, "found version"), ({"version": 2**40}, "whole number")],
)
def test_what_is_no_sheet_is_told_and_not_kept(bay: Shop, change: dict[str, Any], said: str) -> None:
    facts = sheet("b1-s1-l2", 2, at=bay.clock.now()) | change
    with pytest.raises(AnswerUnusable, match=said):
        service.keep_sheet(bay.connection, STORE, "bay-1", facts, by="mei", at=bay.clock.now())
    assert service.sheets(bay.connection, STORE) == ()


def _asked(op: str, command_id: str = "c-1", store: str = STORE, **args: Any) -> Asked:
    return Asked(command_id=command_id, store=store, device="bay-1", op=op, args=args, by="mei")


def test_who_changed_what_is_on_record_with_what_became_of_it(bay: Shop) -> None:
    asked = _asked("assign", plate="b1-s1-l1", bay="b2", shelf="b2-s1")
    for _ in range(2):
        service.note_asked(bay.connection, asked, at=bay.clock.now())
    (open_one,) = service.command_log(bay.connection, STORE, "bay-1")
    assert (open_one.op, open_one.asked_by, open_one.ok, open_one.answered_at) == ("assign", "mei", None, None)
    bay.clock.advance(2)
    answer = CommandResult(id="c-1", ok=False, detail="no such plate\x00" + "x" * 600)
    service.note_answered(bay.connection, asked, answer, at=bay.clock.now())
    (done,) = service.command_log(bay.connection, STORE, "bay-1")
    assert (done.ok, done.answered_at, done.detail[:14]) == (False, bay.clock.now(), "no such platex")
    assert done.args == {"plate": "b1-s1-l1", "bay": "b2", "shelf": "b2-s1"}


def test_what_changes_nothing_and_what_holds_a_password_is_not_on_record(bay: Shop) -> None:
    for number, asked in enumerate(
        [_asked("weigh", plate="p"), _asked("configure", toml="broker = 'mqtt://a:secret@h'")]
    ):
        service.note_asked(bay.connection, asked, at=bay.clock.now() + timedelta(seconds=number))
    (logged,) = service.command_log(bay.connection, STORE, "bay-1")
    assert (logged.op, logged.args) == ("configure", {"toml": "28 characters"})


def test_an_adoption_is_on_record_in_the_store_that_took_the_device_in(bay: Shop) -> None:
    service.note_asked(
        bay.connection,
        Asked(command_id="c", store="_new", device="bay-1", op="adopt", args={"store": STORE}, by="mei"),
        at=bay.clock.now(),
    )
    assert [one.op for one in service.command_log(bay.connection, STORE, "bay-1")] == ["adopt"]


def test_a_calibration_keeps_its_sheet_and_a_history_only_what_is_not_known_yet(bay: Shop) -> None:
    at = bay.clock.now()
    made = sheet("b1-s1-l2", 3, at=at)
    bay.clock.advance(5)
    answer = CommandResult(id="c-1", ok=True, facts={"sheet": made})
    service.note_answered(bay.connection, _asked("calibration_accept"), answer, at=bay.clock.now())
    older = [sheet("b1-s1-l2", version, at=at - timedelta(days=9 - version), by="li") for version in (2, 1)]
    for _ in range(2):
        history = CommandResult(id="c-2", ok=True, facts={"sheets": [made, *older]})
        service.note_answered(bay.connection, _asked("calibration_history"), history, at=bay.clock.now())
    kept = service.sheets(bay.connection, STORE, "b1-s1-l2")
    assert [(one.version, one.by) for one in kept] == [(3, "mei"), (2, "li"), (1, "li")]
    assert kept[0].at == bay.clock.now(), "we were there"
    assert kept[2].at == at - timedelta(days=8)


def test_an_answer_that_is_no_sheet_leaves_the_command_on_record(bay: Shop) -> None:
    asked = _asked("calibration_zero", plate="b1-s1-l2")
    service.note_asked(bay.connection, asked, at=bay.clock.now())
    nested: dict[str, Any] = {}
    for _ in range(40):
        nested = {"deeper": nested}
    facts = {"sheet": sheet("b1-s1-l2", 2, at=bay.clock.now(), points=nested)}
    with pytest.raises(AnswerUnusable, match="nested"):
        service.note_answered(bay.connection, asked, CommandResult(id="c-1", ok=True, facts=facts), at=bay.clock.now())
    (logged,) = service.command_log(bay.connection, STORE, "bay-1")
    assert logged.ok is True
    assert service.sheets(bay.connection, STORE) == ()
