"""The desk of an agent: who asks is answered, once done and never twice, and nobody waits for anybody."""

from __future__ import annotations

import pytest

from contract.codec import encode
from contract.errors import LiveShelfError
from contract.records import Command, CommandResult
from edge.commanding.arguments import name_of, names_of, number_of, one_of, text_of
from edge.commanding.desk import ANSWERS_KEPT, PATIENCE_MS, RUNNING_MAX, WAITING_MAX, Desk
from edge.commanding.outcome import Arguments, CommandRefused, Said, Steps


class Shop:
    """A desk with an operation of each kind, and what it answered."""

    def __init__(self) -> None:
        self.answers: list[CommandResult] = []
        self.done = 0
        self.closed = False
        self.desk = Desk({"count": self.count, "fail": self.fail, "settle": self.settle, "refuse": self.refuse})

    def count(self, _arguments: Arguments) -> Said:
        self.done += 1
        return Said(f"{self.done} times", {"times": self.done})

    def fail(self, _arguments: Arguments) -> Said:
        raise LiveShelfError("the disk is away")

    def break_down(self, arguments: Arguments) -> Said:
        return Said(arguments["nobody gave this"])

    def break_down_later(self, arguments: Arguments) -> Steps:
        yield
        return self.break_down(arguments)

    def refuse(self, arguments: Arguments) -> Steps:
        yield
        raise CommandRefused("no_samples", "nothing came", plate=arguments["plate"])

    def settle(self, arguments: Arguments) -> Steps:
        try:
            for _ in range(int(arguments["looks"])):
                yield
        finally:
            self.closed = True
        return Said("settled")

    def ask(self, op: str, id_: str = "7", **arguments: object) -> None:
        self.desk.ask(encode(Command(id=id_, op=op, args=arguments)), self.answers.append)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_command_is_done_at_the_next_look_and_not_before(shop: Shop) -> None:
    shop.ask("count")
    assert not shop.answers
    shop.desk.work(0)
    assert [(one.id, one.ok, one.facts) for one in shop.answers] == [("7", True, {"times": 1})]


@pytest.mark.parametrize("op", ["break", "break_later"])
def test_an_operation_that_breaks_is_answered_and_the_shelf_goes_on(
    shop: Shop, op: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop.desk.learn({"break": shop.break_down, "break_later": shop.break_down_later})
    shop.ask(op)
    shop.ask("count", "8")
    shop.desk.work(0)
    shop.desk.work(1)
    assert {one.id: (one.ok, one.facts.get("code")) for one in shop.answers} == {
        "7": (False, "failed"),
        "8": (True, None),
    }
    assert "KeyError" in caplog.text


@pytest.mark.parametrize(
    ("op", "ok", "code", "detail"),
    [
        ("ping", True, None, "pong"),
        ("dance", False, "unknown_op", "unknown op 'dance', expected one of count, fail, ping, refuse, settle"),
        ("fail", False, "refused", "the disk is away"),
    ],
)
def test_every_command_gets_an_answer(shop: Shop, op: str, ok: bool, code: str | None, detail: str) -> None:
    shop.ask(op)
    shop.desk.work(0)
    assert [(one.ok, one.facts.get("code"), one.detail) for one in shop.answers] == [(ok, code, detail)]


def test_what_cannot_be_read_is_answered_at_once(shop: Shop) -> None:
    shop.desk.ask(b"{}", shop.answers.append)
    assert [(one.id, one.ok, one.facts["code"]) for one in shop.answers] == [("", False, "unreadable")]


def test_what_takes_time_goes_on_at_each_look_while_others_are_answered(shop: Shop) -> None:
    shop.ask("settle", "slow", looks=3)
    shop.ask("ping", "quick")
    shop.desk.work(0)
    assert [one.id for one in shop.answers] == ["quick"]
    for look in range(1, 4):
        shop.desk.work(look)
    assert [one.id for one in shop.answers] == ["quick", "slow"]


def test_a_refusal_says_its_code_and_what_programs_need(shop: Shop) -> None:
    shop.ask("refuse", plate="l1")
    for look in range(3):
        shop.desk.work(look)
    assert [one.facts for one in shop.answers] == [{"code": "no_samples", "plate": "l1"}]


def test_a_command_the_broker_brings_twice_is_done_once_and_answered_twice(shop: Shop) -> None:
    shop.ask("count")
    shop.ask("count")
    shop.desk.work(0)
    shop.ask("count")
    shop.desk.work(1)
    assert shop.done == 1
    assert [one.facts for one in shop.answers] == [{"times": 1}] * 3


def test_a_command_that_comes_again_while_it_is_done_waits_for_the_same_answer(shop: Shop) -> None:
    shop.ask("settle", looks=2)
    shop.desk.work(0)
    shop.ask("settle", looks=2)
    for look in range(1, 4):
        shop.desk.work(look)
    assert [one.detail for one in shop.answers] == ["settled", "settled"]


def test_answers_are_remembered_up_to_a_limit(shop: Shop) -> None:
    for number in range(ANSWERS_KEPT + 1):
        shop.ask("count", f"c-{number}")
        shop.desk.work(number)
    shop.ask("count", "c-0")
    shop.ask("count", "c-2")
    shop.desk.work(1_000)
    assert shop.done == ANSWERS_KEPT + 2  # c-0 was forgotten and is done again, c-2 was not


def test_a_measurement_that_never_ends_is_given_up_and_cleaned_up(shop: Shop) -> None:
    shop.ask("settle", looks=10_000)
    shop.desk.work(0)
    shop.desk.work(PATIENCE_MS + 1)
    assert [one.facts["code"] for one in shop.answers] == ["not_resting"]
    assert shop.closed


def test_a_device_that_is_flooded_says_that_it_is_busy(shop: Shop) -> None:
    for number in range(WAITING_MAX + 1):
        shop.ask("settle", f"c-{number}", looks=5)
    assert [one.facts["code"] for one in shop.answers] == ["busy"]
    shop.desk.work(0)
    assert len(shop.answers) == 1 + WAITING_MAX - RUNNING_MAX


@pytest.fixture(
    params=[
        (name_of, {"k": "no name!"}),
        (name_of, {}),
        (one_of, {"k": "blue"}),
        (text_of, {"k": "x" * 60_001}),
        (number_of, {"k": True}),
        (number_of, {"k": float("nan")}),
        (number_of, {"k": "12"}),
        (names_of, {"k": []}),
        (names_of, {"k": ["a", "a"]}),
        (names_of, {"k": "a"}),
    ],
)
def refusal(request: pytest.FixtureRequest) -> CommandRefused:
    read, arguments = request.param
    with pytest.raises(CommandRefused) as caught:
        read(arguments, "k", ["red"]) if read is one_of else read(arguments, "k")
    return caught.value


def test_a_wrong_argument_is_named_with_what_was_found_and_expected(refusal: CommandRefused) -> None:
    assert (refusal.facts["code"], refusal.facts["field"]) == ("wrong_argument", "k")
    assert refusal.facts["expected"]
    assert "k: found" in str(refusal)
