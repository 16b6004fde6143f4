"""How the wizard asks devices: over the link of the web process, with every change and every sheet on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloud.commissioning.answers import AnswerUnreadable
from cloud.commissioning.asking import Offer
from cloud.commissioning.story import Bench
from cloud.devices.asking import carry_out
from cloud.errors import AnswerUnusable
from contract.records import CommandResult
from dashboards.web.visit import Visit


def bench(visit: Visit, store: str, offers: Sequence[Offer]) -> Bench:
    """Return the bench of whoever looks: asks devices of the store, in the person's name."""

    async def ask(device: str, op: str, args: Mapping[str, Any], *, timeout_s: float) -> CommandResult:
        by = visit.person.name
        try:
            return await carry_out(visit.parts, store, device, op, args, by=by, timeout_s=timeout_s)
        except AnswerUnusable as error:
            raise AnswerUnreadable(str(error)) from error

    return Bench(ask=ask, offers=offers, by=visit.person.name)
