"""Read which topics of other devices are weights: a TOML file comes in, checked rows go out, or one sentence that names
file, line and key.

How to write one: docs/how-to/other-devices.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from contract import toml_text
from contract.errors import ConfigurationError
from contract.ids import StoreId, is_name
from contract.records import Name, Quality
from contract.toml_text import SettingError, line_of, refuse_unknown, rows_of
from contract.topics import TOPIC_ROOT

Unit = Literal["g", "kg"]
GRAMS: dict[Unit, float] = {"g": 1.0, "kg": 1000.0}

ROWS_MAX = 1000
"""A gateway serves one store; more scales than that no shop hangs on topics of their own."""

TOPIC_BYTES_MAX = 65_535
"""No topic of MQTT is longer (MQTT 3.1.1, section 1.5.3)."""

CAPTURE = re.compile(r"\{(\d+)\}")
Words = Annotated[str, Meta(min_length=1, max_length=200)]


class WeightTopic(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scale: the topic it speaks on, where in the payload its weight stands, and which plate it is.

    `topic` may hold `+` for whole levels; `{1}` in a name is what stood in the place of the first. `path` leads into
    a JSON payload by keys and indexes with dots between; without one the payload is the number itself. The weight is
    `value * factor + offset` in `unit`. `noise_g` is the standard deviation of what it says at rest.
    """

    topic: Words
    device: Words
    plate: Words
    bay: Words
    shelf: Words
    unit: Unit
    path: Annotated[str, Meta(max_length=200)] = ""
    factor: Annotated[float, Meta(ge=-1e9, le=1e9)] = 1.0
    offset: Annotated[float, Meta(ge=-1e9, le=1e9)] = 0.0
    noise_g: Annotated[float, Meta(gt=0.0, le=1e6)] = 1.0
    capacity_g: Annotated[float, Meta(gt=0.0, le=1e7)] = 10_000.0
    quality: Quality = "ok"
    store: Name | None = None

    def grams(self, value: float) -> float:
        """Return what a value of the payload is in grams."""
        return (value * self.factor + self.offset) * GRAMS[self.unit]


class PresenceTopic(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The topic on which a device, or its last will, says whether it is there."""

    topic: Words
    device: Words
    online: Words = "online"
    offline: Words = "offline"
    store: Name | None = None


class ForeignSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is known of devices that speak topics of their own."""

    weights: Annotated[tuple[WeightTopic, ...], Meta(max_length=ROWS_MAX)] = ()
    presence: Annotated[tuple[PresenceTopic, ...], Meta(max_length=ROWS_MAX)] = ()

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe to, each once."""
        topics = (*(row.topic for row in self.weights), *(row.topic for row in self.presence))
        return tuple(dict.fromkeys(topics))

    def of_store(self, store: StoreId) -> ForeignSettings:
        """Return the rows that name this store or none."""
        return ForeignSettings(
            weights=tuple(row for row in self.weights if row.store in {None, store}),
            presence=tuple(row for row in self.presence if row.store in {None, store}),
        )


NO_FOREIGN = ForeignSettings()

NAME = "letters, digits, dot, dash and underscore, at most 64, and {1} for what a + stood for"
EXPECTED = {
    "weights": f"at most {ROWS_MAX} tables [[weights]]",
    "presence": f"at most {ROWS_MAX} tables [[presence]]",
    "topic": "a topic such as shelf-scale/sensor/weight/state, + for a whole level, no #",
    "device": NAME,
    "plate": NAME,
    "bay": NAME,
    "shelf": NAME,
    "unit": "g or kg",
    "path": "keys with dots between, such as HX711.Weight; nothing where the payload is the number",
    "factor": "a number from -1e9 to 1e9, not 0",
    "offset": "a number from -1e9 to 1e9, in the unit",
    "noise_g": "grams above 0",
    "capacity_g": "grams above 0, at most 10000000",
    "quality": f"one of {', '.join(get_args(Quality))}",
    "online": "the word of the payload when it is there",
    "offline": "the word of the payload when it is not",
    "store": "letters, digits, dot, dash and underscore, at most 64",
}
"""What each key may hold, in the words of who writes the file."""


def read_foreign(path: Path) -> ForeignSettings:
    """Return what a file says. Raises ConfigurationError naming file, line, what was found and expected."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}), expected a TOML file") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: byte {error.start} is not UTF-8, expected a TOML file") from error
    try:
        return parse_foreign(text)
    except SettingError as error:
        raise ConfigurationError(f"{path}:{error.line}: {error}") from error


def parse_foreign(text: str) -> ForeignSettings:
    """Return what a TOML text says. Raises SettingError with the line."""
    table = toml_text.load(text)
    refuse_unknown(table, ForeignSettings.__struct_fields__, (), text)
    kinds: dict[str, type[Struct]] = {"weights": WeightTopic, "presence": PresenceTopic}
    for name, kind in kinds.items():
        for index, row in rows_of(table, name):
            refuse_unknown(row, kind.__struct_fields__, (name, index), text)
    settings = toml_text.convert(table, ForeignSettings, text, EXPECTED)
    for place, said in _problems(settings):
        raise SettingError(said, line_of(text, place))
    return settings


def matched(pattern: str, topic: str) -> tuple[str, ...] | None:
    """Return what stood in the place of each `+`, or None when the topic is not meant."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if len(wanted) != len(levels) or any(want not in {"+", level} for want, level in zip(wanted, levels, strict=True)):
        return None
    return tuple(level for want, level in zip(wanted, levels, strict=True) if want == "+")


def filled(name: str, captured: Sequence[str]) -> str:
    """Return a name with `{1}`, `{2}`, … replaced by what was captured."""
    return CAPTURE.sub(lambda place: captured[int(place[1]) - 1], name)


def _problems(settings: ForeignSettings) -> Iterator[tuple[tuple[str, int, str], str]]:
    for index, row in enumerate(settings.weights):
        yield from _row_problems("weights", index, row, ("device", "plate", "bay", "shelf"))
        if row.factor == 0.0:
            yield ("weights", index, "factor"), f"factor: found 0, expected {EXPECTED['factor']}"
    for number, there in enumerate(settings.presence):
        yield from _row_problems("presence", number, there, ("device",))
        if there.online == there.offline:
            said = f"offline: found {there.offline!r} for both, expected another word than online"
            yield ("presence", number, "offline"), said
    for index, row in enumerate(settings.weights):
        if any(_same_plate(row, other) for other in settings.weights[:index]):
            yield ("weights", index, "plate"), f"plate: found {row.plate!r} twice, expected every plate once"
    if not settings.weights:
        yield ("weights", 0, "topic"), "weights: found none, expected at least one table [[weights]]"


def _row_problems(
    name: str, index: int, row: WeightTopic | PresenceTopic, keys: Sequence[str]
) -> Iterator[tuple[tuple[str, int, str], str]]:  # fmt: skip
    wrong = _topic_problem(row.topic)
    if wrong:
        yield (name, index, "topic"), wrong
    captures = row.topic.split("/").count("+")
    for key in keys:
        text = getattr(row, key)
        beyond = next((place for place in CAPTURE.findall(text) if not 1 <= int(place) <= captures), None)
        if beyond is not None:
            said = f"{key}: found {{{beyond}}}, expected no more than the topic has + for, {captures}"
            yield (name, index, key), said
        elif not is_name(CAPTURE.sub("x", text)):
            yield (name, index, key), f"{key}: found {text!r}, expected {EXPECTED[key]}"


def _topic_problem(topic: str) -> str:
    levels = topic.split("/")
    wild = [level for level in levels if "+" in level and level != "+"]
    if wild or "#" in topic or "\0" in topic or topic.startswith("$") or len(topic.encode()) > TOPIC_BYTES_MAX:
        return f"topic: found {topic!r}, expected {EXPECTED['topic']}"
    ours = TOPIC_ROOT.split("/")
    if len(levels) > len(ours) and all(level in {"+", own} for level, own in zip(levels, ours, strict=False)):
        return f"topic: found {topic!r}, which LiveShelf's own match, expected another beginning than {TOPIC_ROOT}"
    return ""


def _same_plate(row: WeightTopic, other: WeightTopic) -> bool:
    """Tell whether two rows surely name one plate; what a `+` stands for only a message tells."""
    shared = row.store is None or other.store is None or row.store == other.store
    return shared and row.plate == other.plate and not CAPTURE.search(row.plate)
