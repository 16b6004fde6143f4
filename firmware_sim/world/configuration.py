"""The world file: JSON in, checked values out. A wrong file is one clear sentence that names the place in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from contract.errors import ConfigurationError
from firmware_sim.world.behaviour import Behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFacts:
    """What one unit of a product really is. `demand` is how often shoppers want it, relative to the others."""

    sku: str
    gtin: str
    mean_g: float
    spread_g: float
    tagged: bool
    demand: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFacts:
    """One scale. Plates of a shelf are listed from left to right: neighbours in the list are neighbours there."""

    plate: str
    shelf: str
    capacity_g: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFacts:
    """One place of one product, and how many units stand there when the shop opens."""

    position: str
    sku: str
    shelf: str
    plates: tuple[str, ...]
    zones: tuple[str, ...]
    capacity: int
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldConfiguration:
    """All that a world starts from. `backroom` is units by SKU."""

    store: str
    seed: int
    socket: str
    devices: tuple[str, ...]
    products: tuple[ProductFacts, ...]
    plates: tuple[PlateFacts, ...]
    positions: tuple[PositionFacts, ...]
    backroom: Mapping[str, int]
    behaviour: Behaviour = field(default_factory=Behaviour)

    def to_json(self) -> str:
        """Return the world file that `read_configuration` reads back as this value."""
        plain = asdict(self)
        plain["behaviour"] = {
            setting.name: getattr(self.behaviour, setting.name)
            for setting in fields(Behaviour)
            if getattr(self.behaviour, setting.name) != setting.default
        }
        return json.dumps(plain, ensure_ascii=False, indent=1) + "\n"


def read_configuration(path: Path) -> WorldConfiguration:
    """Return the world described by a file. Raises ConfigurationError naming file, place, found and expected."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{path}, line {error.lineno}, column {error.colno}: {error.msg}") from error
    try:
        configuration = _world(plain)
        _check_names(configuration)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return configuration


T = TypeVar("T", ProductFacts, PlateFacts, PositionFacts, WorldConfiguration)


def _world(plain: object) -> WorldConfiguration:
    known = dict(_mapping(plain, "world"))
    parts: dict[str, Any] = {
        "products": _rows(ProductFacts, known.pop("products", None), "products"),
        "plates": _rows(PlateFacts, known.pop("plates", None), "plates"),
        "positions": _rows(PositionFacts, known.pop("positions", None), "positions"),
    }
    backroom = _mapping(known.pop("backroom", {}), "backroom")
    behaviour = _behaviour(_mapping(known.pop("behaviour", {}), "behaviour"))
    for sku, units in backroom.items():
        _check(units, "int", f"backroom.{sku}")
    return _facts(WorldConfiguration, {**known, **parts, "backroom": backroom, "behaviour": behaviour}, "world")


def _rows(kind: type[T], rows: object, where: str) -> tuple[T, ...]:
    return tuple(_facts(kind, row, f"{where}[{index}]") for index, row in enumerate(_list(rows, where)))


def _facts(kind: type[T], row: object, where: str) -> T:
    found = dict(_mapping(row, where))
    expected = {setting.name: str(setting.type) for setting in fields(kind)}
    _reject_unknown(found, tuple(expected), where)
    for name, type_name in expected.items():
        if name not in found:
            raise ConfigurationError(f"{where}.{name}: missing, expected {type_name}")
        found[name] = _check(found[name], type_name, f"{where}.{name}")
    return kind(**found)


def _behaviour(found: Mapping[str, Any]) -> Behaviour:
    expected = {setting.name: str(setting.type) for setting in fields(Behaviour)}
    _reject_unknown(found, tuple(expected), "behaviour")
    checked: dict[str, Any] = {
        name: _check(value, expected[name], f"behaviour.{name}") for name, value in found.items()
    }
    return replace(Behaviour(), **checked)


def _reject_unknown(found: Mapping[str, Any], expected: tuple[str, ...], where: str) -> None:
    for name in found:
        if name not in expected:
            close = get_close_matches(name, expected, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ConfigurationError(f"{where}.{name}: unknown, expected one of {', '.join(expected)}{hint}")


_PLAIN: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}


def _check(value: object, type_name: str, where: str) -> object:
    plain = _PLAIN.get(type_name)
    if plain is not None:
        if not isinstance(value, plain) or (isinstance(value, bool) and type_name != "bool"):
            raise ConfigurationError(f"{where}: found {value!r}, expected {type_name}")
        return value
    if type_name in ("Span", "tuple[float, ...]", "tuple[str, ...]"):
        inner = "str" if "str" in type_name else "float"
        items: tuple[Any, ...] = tuple(
            _check(item, inner, f"{where}[{index}]") for index, item in enumerate(_list(value, where))
        )
        if type_name == "Span" and (len(items) != 2 or items[0] > items[1]):
            raise ConfigurationError(f"{where}: found {list(items)}, expected lowest and highest value")
        return items
    return value


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where}: found {type(value).__name__}, expected an object")
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ConfigurationError(f"{where}: found {type(value).__name__}, expected a list")
    return list(value)


def _check_names(world: WorldConfiguration) -> None:
    """Check that positions name products and plates that are there, and that goods fit where they stand."""
    skus = {product.sku for product in world.products}
    plates = {plate.plate for plate in world.plates}
    for position in world.positions:
        where = f"positions: {position.position}"
        if position.sku not in skus:
            raise ConfigurationError(f"{where}: sku {position.sku!r} is not among the products")
        for plate in position.plates:
            if plate not in plates:
                raise ConfigurationError(f"{where}: plate {plate!r} is not among the plates")
        if not 0 <= position.units <= position.capacity:
            raise ConfigurationError(f"{where}: units: found {position.units}, expected 0 to {position.capacity}")
    for sku in world.backroom:
        if sku not in skus:
            raise ConfigurationError(f"backroom: sku {sku!r} is not among the products")
