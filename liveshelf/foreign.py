"""`liveshelf foreign`: what the gateway makes of devices with topics of their own, before it runs by a file."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contract.errors import ConfigurationError
from liveshelf.extras import MODULES, require

if TYPE_CHECKING:
    from gateway.foreign_settings import ForeignSettings
    from gateway.receiving.foreign import Translator
    from gateway.receiving.messages import RawMessage

app = typer.Typer(help="Devices that speak topics of their own: ESPHome, Tasmota and others.", no_args_is_help=True)

CONNECT_S = 10.0
WAITS = "nothing to be believed yet: waits for the next message to say the same"
FileArgument = Annotated[Path, typer.Argument(help="The TOML file of LIVESHELF_FOREIGN_FILE.")]


@app.command()
def check(
    file: FileArgument,
    topic: Annotated[str, typer.Option(help="Say what a message on this topic would mean.")] = "",
    payload: Annotated[str, typer.Option(help="What that message holds.")] = "",
) -> None:
    """Read the file as the gateway would, and say what it describes or what is wrong with it."""
    require(MODULES["gateway"], extra="gateway")
    from gateway.foreign_settings import read_foreign
    from gateway.receiving.messages import RawMessage

    settings = read_foreign(file)
    if topic:
        message = RawMessage(topic=topic, payload=payload.encode(), received_at=datetime.now(UTC))
        translator = _translator(settings)
        for line in (*said(message, translator), *said(message, translator)):
            print(line)
        return
    for row in settings.weights:
        where = f" at {row.path}" if row.path else ""
        print(f"  {row.topic}{where}: plate {row.plate} of device {row.device}, in {row.unit}")
    for there in settings.presence:
        print(f"  {there.topic}: device {there.device} is there with {there.online!r}, away with {there.offline!r}")
    print(f"ok: {len(settings.weights)} scales on {len(settings.filters)} topics")


@app.command()
def listen(
    file: FileArgument,
    for_s: Annotated[float, typer.Option("--for", help="Wall seconds to listen; for ever without it.")] = float("inf"),
) -> None:
    """Listen to the broker of LIVESHELF_MQTT_URL and say of every message what it means. Writes nothing anywhere."""
    require(MODULES["gateway"], extra="gateway")
    from gateway.foreign_settings import read_foreign

    settings = read_foreign(file)
    translator = _translator(settings)
    deadline = time.monotonic() + for_s
    for message in _heard(settings.filters, deadline):
        for line in said(message, translator):
            print(f"{message.received_at:%H:%M:%S} {line}", flush=True)


def said(message: RawMessage, translator: Translator) -> Iterator[str]:
    """Yield a line for everything the gateway would make of a message."""
    from gateway.receiving.messages import ForeignMessage

    told = [one for one in translator.translate([message]) if isinstance(one, ForeignMessage)]
    if not told:
        why = "kept by the broker since nobody knows when" if message.retained else "no row of the file means it"
        yield f"{message.topic}: passed over, {why}"
    for one in told:
        yield f"{message.topic}: {'; '.join(_parts(one)) or WAITS}"


def _parts(told: object) -> Iterator[str]:
    from contract.records import WeightRecord
    from gateway.receiving.messages import ForeignMessage

    assert isinstance(told, ForeignMessage)
    if told.wrong:
        yield f"of no use: {told.wrong}"
    elif told.online is not None and not told.records:
        yield f"device {told.device} is {'there' if told.online else 'away'}"
    for record in told.records:
        if isinstance(record, WeightRecord):
            before = "" if record.before_g is None else f", {record.before_g:.1f} g before"
            kind = "step" if record.kind == "step" else "at rest" if record.quality == "ok" else record.quality
            yield f"plate {record.plate} of {told.device} {record.weight_g:.1f} g, {kind}{before}"


def _translator(settings: ForeignSettings) -> Translator:
    from contract.ids import StoreId
    from gateway.receiving.foreign import Translator

    store = StoreId(os.environ.get("LIVESHELF_STORE", ""))
    return Translator(settings, store, run="listen", now=datetime.now(UTC))


def _heard(filters: tuple[str, ...], deadline: float) -> Iterator[RawMessage]:
    """Yield what the broker delivers until the deadline. Raises ConfigurationError when it does not answer."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    from contract.broker_address import parse_broker_url
    from gateway.receiving.messages import RawMessage

    url = os.environ.get("LIVESHELF_MQTT_URL")
    if not url:
        raise ConfigurationError("LIVESHELF_MQTT_URL: missing, expected a broker address such as mqtt://host:1883")
    address = parse_broker_url(url)
    heard: queue.SimpleQueue[RawMessage] = queue.SimpleQueue()

    def subscribe(client: Client, *_: object) -> None:
        client.subscribe([(topic, 1) for topic in filters])

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_connect = subscribe
    client.on_message = lambda _client, _user, message: heard.put(
        RawMessage(
            topic=message.topic,
            payload=bytes(message.payload),
            received_at=datetime.now(UTC),
            retained=message.retain,
        )
    )
    if address.user is not None:
        client.username_pw_set(address.user, address.password)
    if address.tls:
        client.tls_set()
    try:
        client.connect(address.host, address.port)
    except OSError as error:
        raise ConfigurationError(f"LIVESHELF_MQTT_URL: {address.host}:{address.port} does not answer") from error
    client.loop_start()
    try:
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                yield heard.get(timeout=min(left_s, CONNECT_S))
            except queue.Empty:
                continue
    finally:
        client.disconnect()
        client.loop_stop()
