"""Ask an LLRP reader to inventory: what every reader of the standard understands, no vendor's extension.

Source: EPCglobal Low Level Reader Protocol 1.0.1 and 1.1; message and parameter names are the standard's.
"""

from __future__ import annotations

from collections.abc import Sequence

from llrpkit.client import LLRPClient, check_status
from llrpkit.exceptions import LLRPError, LLRPStatusError
from llrpkit.inventory import build_rospec
from llrpkit.protocol import enums, messages, params

ROSPEC_ID = 1
ALL_ROSPECS = 0

SESSION = 1
"""Gen2 session S1: a tag that answered stays silent for 0.5 to 5 s, so that one of a hundred is not drowned by those
next to the antenna."""


class InventoryStopped(LLRPError):
    """The reader is there and does not inventory any more."""


async def begin_inventory(client: LLRPClient, antennas: Sequence[int], *, keepalive_ms: int) -> None:
    """Let a reader report every read of these antennas until told otherwise. Raises LLRPError.

    What the reader was told before, by us or by another program, is removed: it has one client at a time.
    """
    await _configure(client, keepalive_ms)
    await _forget_rospecs(client)
    await _add_rospec(client, antennas)
    check_status(await client.transact(messages.ENABLE_ROSPEC(ro_spec_id=ROSPEC_ID)))
    check_status(await client.transact(messages.START_ROSPEC(ro_spec_id=ROSPEC_ID)))


async def unplugged_antennas(client: LLRPClient) -> set[int]:
    """Return the antennas the reader says have no cable. Raises LLRPError, but for a reader that does not tell."""
    asked = messages.GET_READER_CONFIG(requested_data=enums.GetReaderConfigRequestedData.AntennaProperties)
    try:
        answer = check_status(await client.transact(asked))
    except LLRPStatusError:
        return set()
    told = answer.antenna_properties if isinstance(answer, messages.GET_READER_CONFIG_RESPONSE) else []
    return {antenna.antenna_id for antenna in told if not antenna.antenna_connected}


async def end_inventory(client: LLRPClient, *, wait_s: float) -> None:
    """Let the reader switch its antennas off. Raises LLRPError."""
    await client.transact(messages.DELETE_ROSPEC(ro_spec_id=ROSPEC_ID), timeout=wait_s)


async def check_inventory(client: LLRPClient, *, wait_s: float) -> None:
    """Return when the reader answers in time and inventories. Raises LLRPError, or InventoryStopped."""
    answer = check_status(await client.transact(messages.GET_ROSPECS(), timeout=wait_s))
    specs = answer.ro_specs if isinstance(answer, messages.GET_ROSPECS_RESPONSE) else []
    if not any(spec.ro_spec_id == ROSPEC_ID and spec.current_state == enums.ROSpecState.Active for spec in specs):
        raise InventoryStopped("the reader answers, but its inventory has stopped")


async def _configure(client: LLRPClient, keepalive_ms: int) -> None:
    """Ask for keepalives, by which the reader notices that *we* are gone and lets the next connection in, and for news
    of antennas. Readers differ in what they accept, so that less is asked when more was refused.
    """
    keepalive = params.KeepaliveSpec(
        keepalive_trigger_type=enums.KeepaliveTriggerType.Periodic, periodic_trigger_value=keepalive_ms
    )
    antennas = params.ReaderEventNotificationSpec(
        event_notification_states=[
            params.EventNotificationState(event_type=enums.NotificationEventType.Antenna_Event, notification_state=True)
        ]
    )
    for events in (antennas, None):
        asked = messages.SET_READER_CONFIG(keepalive_spec=keepalive, reader_event_notification_spec=events)
        try:
            check_status(await client.transact(asked))
        except LLRPStatusError:
            continue
        return


async def _forget_rospecs(client: LLRPClient) -> None:
    """Remove all ROSpecs, or ours where a reader does not know "all". One that has none may refuse either."""
    for rospec in (ALL_ROSPECS, ROSPEC_ID):
        try:
            check_status(await client.transact(messages.DELETE_ROSPEC(ro_spec_id=rospec)))
        except LLRPStatusError:
            continue
        return


async def _add_rospec(client: LLRPClient, antennas: Sequence[int]) -> None:
    try:
        check_status(await client.transact(messages.ADD_ROSPEC(ro_spec=_rospec(antennas))))
    except LLRPStatusError:
        check_status(await client.transact(messages.ADD_ROSPEC(ro_spec=_plain_rospec(antennas))))


def _rospec(antennas: Sequence[int]) -> params.ROSpec:
    return build_rospec(ro_spec_id=ROSPEC_ID, antennas=antennas, session=SESSION, report_every_n=1)


def _plain_rospec(antennas: Sequence[int]) -> params.ROSpec:
    """Return the least that is an inventory: antennas, the air protocol, and which antenna heard a tag how loud."""
    plain = _rospec(antennas)
    for spec in plain.spec_parameters:
        if isinstance(spec, params.AISpec):
            for inventory in spec.inventory_parameter_specs:
                inventory.antenna_configurations.clear()
    if plain.ro_report_spec is not None:
        plain.ro_report_spec.tag_report_content_selector = params.TagReportContentSelector(
            enable_antenna_id=True, enable_peak_rssi=True
        )
    return plain
