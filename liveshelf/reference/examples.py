"""One true message or more for each channel: made of the types, written by the codec, so that they cannot be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from contract.codec import Message, encode, pack, payload_hash
from contract.records import (
    Ack,
    Batch,
    Birth,
    BirthPlate,
    BirthZone,
    ClockRecord,
    Command,
    CommandResult,
    Gap,
    HealthRecord,
    HeldJournal,
    Now,
    Refusal,
    State,
    TagRecord,
    WeightRecord,
)
from contract.topics import Channel

STORE = "corner-shop"
DEVICE = "bay-1"
BOOT = "6d1f2f0e-5a0c-4c0e-9d0b-0f6a2b7c9e11"
JOURNAL = "9f86d081884c7d659a2feaa0c55ad015"
OLD_JOURNAL = "2c26b46b68ffc68ff99b453c1d304134"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message as it travels on a channel, with a name for programs and a sentence for people."""

    channel: Channel
    name: str
    summary: str
    message: Message

    @property
    def payload(self) -> dict[str, object]:
        """The message as a JSON object, exactly as the codec writes it."""
        return msgspec.json.decode(encode(self.message), type=dict[str, object])


_PICK = Example(
    channel="readings",
    name="pick",
    summary="A bottle of 249 g left scale l1; l2 on the same shelf came to rest with it. Then the device's clock.",
    message=Batch(
        device=DEVICE,
        journal=JOURNAL,
        first=41,
        last=43,
        sent_mono_ms=912_460,
        boot=BOOT,
        blocks=pack([
            (41, WeightRecord(mono_ms=912_310, plate="b1-s1-l1", kind="step", weight_g=3871.2, before_g=4120.4,
                              noise_g=0.4, remaining=1)),
            (42, WeightRecord(mono_ms=912_310, plate="b1-s1-l2", kind="step", weight_g=2210.5, before_g=2210.6,
                              noise_g=0.3)),
            (43, ClockRecord(mono_ms=912_400, wall_ms=1_795_426_512_400, synchronised=True, uncertainty_ms=12)),
        ]),
    ),
)  # fmt: skip

_GAP = Example(
    channel="readings",
    name="tag-and-gap",
    summary="A tagged garment left its zone and the agent spoke of a scale; 44 and 45 will never come.",
    message=Batch(
        device=DEVICE,
        journal=JOURNAL,
        first=44,
        last=47,
        sent_mono_ms=931_020,
        boot=BOOT,
        gaps=[Gap(first=44, last=45, reason="thinned")],
        blocks=pack([
            (46, TagRecord(mono_ms=930_700, zone="b1-s4-z1", epc="30364521480C0E40000007E1", kind="departed",
                           rssi_dbm=-61.5, reads=34)),
            (47, HealthRecord(mono_ms=930_900, subject="plate:b1-s1-l1", verdict="ok", samples=598,
                              rejected={"saturated": 2}, noise_g=0.4,
                              measured={"rate_sps": 9.97, "weight_g": 3120.5, "drift_g_per_day": -1.2})),
        ]),
    ),
)  # fmt: skip

_BIRTH = Example(
    channel="birth",
    name="birth",
    summary="A bay with one scale and one antenna zone that still holds records of its last run.",
    message=Birth(
        device=DEVICE,
        store=STORE,
        journal=JOURNAL,
        boot=BOOT,
        board_serial="10000000a3b1c2d4",
        agent_version="0.1.0",
        sent_mono_ms=4_210,
        plates=[
            BirthPlate(
                plate="b1-s1-l1",
                bay="b1",
                shelf="b1-s1",
                zero_count=84_211.0,
                counts_per_g=207.3,
                capacity_g=10_000.0,
                rate_sps=10.0,
            )
        ],
        zones=[BirthZone(zone="b1-s4-z1", bay="b1", shelf="b1-s4", role="shelf")],
        journals_held=[HeldJournal(OLD_JOURNAL, 1_201, 1_877), HeldJournal(JOURNAL, 1, 3)],
    ),
)

_ACK = Example(
    channel="ack",
    name="committed",
    summary="Everything up to 43 of this run, and all of the last run, is in the database.",
    message=Ack(
        database_epoch="b5bb9d80-14a0-4f9b-9d61-e21e796d78dc",
        gateway_run="7d865e95-9b24-4918-8b2d-63f2d4e5f6a7",
        ack_no=118,
        journals={OLD_JOURNAL: 1_877, JOURNAL: 43},
    ),
)

_REFUSAL = Example(
    channel="ack",
    name="resend-and-refusal",
    summary="44 to 47 could not be read: halve that batch. What followed came too early: send again from above 43.",
    message=Ack(
        database_epoch="b5bb9d80-14a0-4f9b-9d61-e21e796d78dc",
        gateway_run="7d865e95-9b24-4918-8b2d-63f2d4e5f6a7",
        ack_no=119,
        journals={OLD_JOURNAL: 1_877, JOURNAL: 43},
        resend=[JOURNAL],
        refused=[Refusal(payload_hash=payload_hash(b"the bytes of 44 to 47 as they came"), reason="unreadable")],
    ),
)

_NOW = Example(
    channel="now",
    name="newest-weights",
    summary="Two weights that overtake a backlog.",
    message=Now(
        device=DEVICE,
        journal=JOURNAL,
        sent_mono_ms=1_204_000,
        mono_ms=[1_203_800, 1_203_950],
        plate=["b1-s1-l1", "b1-s1-l2"],
        weight_g=[3622.0, 2210.4],
    ),
)

EXAMPLES: tuple[Example, ...] = (
    _BIRTH,
    Example(
        channel="state",
        name="online",
        summary="The device is there.",
        message=State(device=DEVICE, online=True, journal=JOURNAL),
    ),
    Example(
        channel="state",
        name="offline",
        summary="It said goodbye, or the broker missed it and spoke its last will.",
        message=State(device=DEVICE, online=False, journal=JOURNAL),
    ),
    _PICK,
    _GAP,
    _NOW,
    _ACK,
    _REFUSAL,
    Example(
        channel="cmd",
        name="identify",
        summary="Say who you are.",
        message=Command(id="c-17", op="identify"),
    ),
    Example(
        channel="cmd/result",
        name="identified",
        summary="The answer bears the id of the question.",
        message=CommandResult(
            id="c-17",
            ok=True,
            detail=f"bay-1, board 10000000a3b1c2d4, agent 0.1.0, journal {JOURNAL}",
            facts={
                "device": DEVICE,
                "store": STORE,
                "board_serial": "10000000a3b1c2d4",
                "agent_version": "0.1.0",
                "journal": JOURNAL,
            },
        ),
    ),
)


def examples_of(channel: Channel) -> list[Example]:
    """Return the examples of one channel, the most ordinary first."""
    return [example for example in EXAMPLES if example.channel == channel]
