"""The parts of wire.md that are written from the code: topics, examples and limits, between marks in the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from contract.ids import NAME_PATTERN
from contract.records import PAYLOAD_BYTES_MAX
from edge.publishing.freshness import BEHIND_S, TELL_EVERY_S
from edge.publishing.publisher import JOURNALS_IN_BIRTH_MAX
from edge.publishing.window import WindowRule
from gateway.receiving.acks import ACK_EVERY_S, HALF_WINDOW_RECORDS, JOURNALS_MAX, REFUSALS_MAX
from liveshelf.reference.channels import QOS, WIRE_CHANNELS, WireChannel
from liveshelf.reference.examples import DEVICE, STORE, examples_of

WIDTH = 100
"""Characters of a line of JSON beyond which it is broken."""


def filled(page: str) -> str:
    """Return the page with each part between `<!-- NAME -->` and `<!-- /NAME -->` written anew.

    Raises ValueError naming the part that has no place in the page.
    """
    for name, write in PARTS.items():
        before, opened, rest = page.partition(f"<!-- {name} -->\n")
        _, closed, after = rest.partition(f"<!-- /{name} -->")
        if not (opened and closed):
            raise ValueError(f"page: found no place for {name}, expected <!-- {name} --> and <!-- /{name} --> in it")
        page = f"{before}{opened}\n{write()}\n\n{closed}{after}"
    return page


def topics() -> str:
    """Return the table of topics."""
    rows = [
        f"| `…/{channel.channel}` | {channel.message.__name__} | {channel.sender} "
        f"| {'yes' if channel.retained else 'no'} | {QOS} | {channel.purpose} |"
        for channel in WIRE_CHANNELS
    ]
    return "\n".join(["| topic | message | sender | retained | QoS | what for |", "|---|---|---|---|---|---|", *rows])


def examples() -> str:
    """Return every example under the heading of its message."""
    return "\n\n".join(_examples_on(channel) for channel in WIRE_CHANNELS)


def limits() -> str:
    """Return the table of sizes and rates, read from the code that keeps them."""
    rule = WindowRule()
    facts: Mapping[str, str] = {
        "a payload": f"{PAYLOAD_BYTES_MAX:,} bytes",
        "a name (store, device, plate, zone, shelf)": f"`{NAME_PATTERN}`",
        "records of one batch": f"{rule.batch_records_max:,}",
        "on the way from one device, unacknowledged": f"{rule.records_max:,} records, {rule.bytes_max:,} bytes",
        "sent again without an ack": f"after {rule.resend_after_s:g} s, later up to {rule.resend_after_max_s:g} s",
        "acks to one device": f"one in {ACK_EVERY_S:g} s, or at {HALF_WINDOW_RECORDS:,} records",
        "journals named by a birth": f"{JOURNALS_IN_BIRTH_MAX:,}",
        "journals, refusals named by an ack": f"{JOURNALS_MAX:,}, {REFUSALS_MAX:,}",
        "`now`": f"one in {TELL_EVERY_S:g} s, while the backlog is older than {BEHIND_S:g} s",
    }
    return "\n".join(["| what | at most |", "|---|---|", *(f"| {what} | {most} |" for what, most in facts.items())])


PARTS: Mapping[str, Callable[[], str]] = {"topics": topics, "examples": examples, "limits": limits}


def _examples_on(channel: WireChannel) -> str:
    topic = channel.address.format(store=STORE, device=DEVICE)
    texts = [f"{example.summary}\n\n```json\n{_json(example.payload)}\n```" for example in examples_of(channel.channel)]
    return "\n\n".join([f"### {channel.message.__name__} on `{topic}`", *texts])


def _json(value: object, indent: str = "") -> str:
    """Return JSON with short values on one line, so that a column stays a line."""
    line = json.dumps(value, ensure_ascii=False)
    deeper = indent + "  "
    if len(indent) + len(line) <= WIDTH:
        return line
    if isinstance(value, dict):
        members = [f"{deeper}{json.dumps(key)}: {_json(member, deeper)}" for key, member in value.items()]
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(deeper + _json(member, deeper) for member in value) + f"\n{indent}]"
    return line
