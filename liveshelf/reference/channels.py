"""What travels on each topic: the message, who sends it, whether the broker keeps it, and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contract.codec import Message
from contract.records import Ack, Batch, Birth, Command, CommandResult, Now, State
from contract.topics import TOPIC_ROOT, Channel

QOS = 1
"""Every message goes at least once; that it is not lost, nor counted twice, is the watermark's work, not QoS 2's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireChannel:
    """One kind of topic. `retained`: the broker hands the last message to whoever subscribes later."""

    channel: Channel
    message: type[Message]
    sender: Literal["device", "gateway", "operator"]
    retained: bool
    purpose: str

    @property
    def key(self) -> str:
        """The name of the channel where a slash cannot stand."""
        return self.channel.replace("/", "_")

    @property
    def address(self) -> str:
        """The topic, with `{store}` and `{device}` left open."""
        return f"{TOPIC_ROOT}/{{store}}/{{device}}/{self.channel}"


WIRE_CHANNELS: tuple[WireChannel, ...] = (
    WireChannel(
        channel="birth",
        message=Birth,
        sender="device",
        retained=True,
        purpose="What a device is: its plates, zones, calibration and the journals it holds. Sent on every connect.",
    ),
    WireChannel(
        channel="state",
        message=State,
        sender="device",
        retained=True,
        purpose="Whether a device is there. `online` false is its last will, and its goodbye.",
    ),
    WireChannel(
        channel="readings",
        message=Batch,
        sender="device",
        retained=False,
        purpose="Numbered records in columns, one block per kind. The only message history is made of.",
    ),
    WireChannel(
        channel="now",
        message=Now,
        sender="device",
        retained=False,
        purpose="The newest weights while a backlog drains. Never history.",
    ),
    WireChannel(
        channel="ack",
        message=Ack,
        sender="gateway",
        retained=True,
        purpose="What is committed to the database, what to send again, and what could not be taken.",
    ),
    WireChannel(
        channel="cmd",
        message=Command,
        sender="operator",
        retained=False,
        purpose="Something a device is asked to do: [commands](commands.md).",
    ),
    WireChannel(
        channel="cmd/result",
        message=CommandResult,
        sender="device",
        retained=False,
        purpose="What became of a command. Always sent, also for a command nobody can read or do.",
    ),
)
"""Every channel of `contract.topics`. A command is never retained: it would be carried out again at every connect."""
