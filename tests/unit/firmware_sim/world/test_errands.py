"""Requests that must not get lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from firmware_sim.world.errands import RETRY_S, Answer, ApiAway, Errand, Errands

SALE = Errand(method="POST", path="/v1/till-sales", body={"sale_id": "1"}, key="key-1")
POLL = Errand(method="GET", path="/v1/tasks", keep=False)


@dataclass
class ScriptedApi:
    """Gives the statuses of a list one after another; 0 is no answer at all."""

    statuses: list[int]
    code: str = ""
    asked: list[Errand] = field(default_factory=list)

    def ask(self, errand: Errand) -> Answer:
        self.asked.append(errand)
        status = self.statuses.pop(0)
        if status == 0:
            raise ApiAway("connection refused")
        return Answer(status, {"code": self.code})


def _deliver(api: ScriptedApi, errand: Errand) -> list[Answer]:
    """Send an errand, let all waits pass and return the answers that came back."""
    wall_s = [0.0]
    answers: list[Answer] = []
    errands = Errands(api, wall_s=lambda: wall_s[0])
    errands.send(errand, answers.append)
    while (wait_s := errands.attempt_due()) is not None:
        wall_s[0] += wait_s
    errands.collect()
    return answers


@pytest.mark.parametrize("failure", [0, 500, 503, 429, 401, 408])
def test_a_sale_is_told_again_under_the_same_key_until_it_is_taken(failure: int) -> None:
    api = ScriptedApi([failure] * 7 + [201])
    answers = _deliver(api, SALE)
    assert [answer.status for answer in answers] == [201]
    assert [errand.key for errand in api.asked] == ["key-1"] * 8


def test_a_request_still_in_progress_is_asked_again() -> None:
    api = ScriptedApi([409, 200], code="idempotency_in_progress")
    assert [answer.status for answer in _deliver(api, SALE)] == [200]


def test_a_refused_sale_is_not_told_again(caplog: pytest.LogCaptureFixture) -> None:
    api = ScriptedApi([422])
    assert [answer.status for answer in _deliver(api, SALE)] == [422]
    assert len(api.asked) == 1
    assert "request refused" in caplog.text


def test_a_poll_that_fails_is_an_answer_too() -> None:
    api = ScriptedApi([0])
    assert [answer.status for answer in _deliver(api, POLL)] == [0]


def test_waits_between_attempts_double_up_to_a_limit() -> None:
    errands = Errands(ScriptedApi([0] * 20), wall_s=lambda: now_s)
    now_s, waits = 0.0, []
    errands.send(SALE)
    for _ in range(10):
        wait_s = errands.attempt_due()
        assert wait_s is not None
        waits.append(wait_s)
        now_s += wait_s
    assert waits[:3] == pytest.approx([RETRY_S[0], RETRY_S[0] * 2, RETRY_S[0] * 4])
    assert waits[-1] == pytest.approx(RETRY_S[1])


def test_a_failing_errand_does_not_hold_up_others() -> None:
    api = ScriptedApi([0, 200])
    answers: list[Answer] = []
    errands = Errands(api, wall_s=lambda: 0.0)
    errands.send(SALE)
    errands.send(POLL, answers.append)
    errands.attempt_due()
    errands.collect()
    assert [answer.status for answer in answers] == [200]
    assert errands.open_count == 1
