"""Say what differs between two settings, by the keys of the file (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import to_builtins

from edge.settings import AgentSettings

NAMES = ("plate", "zone", "host", "serial_port")
"""What tells the tables of a list apart, the first one that a table has."""


def changed_keys(before: AgentSettings, after: AgentSettings) -> list[str]:
    """Return the keys whose values differ, such as `broker` or `plates.b1-s1-l1.shelf`, in the order of the file."""
    return list(_changed("", to_builtins(before), to_builtins(after)))


def _changed(place: str, before: object, after: object) -> Iterator[str]:
    if before == after:
        return
    earlier, later = _members(before), _members(after)
    if earlier is None or later is None:
        yield place
        return
    for key in dict.fromkeys((*earlier, *later)):
        path = f"{place}.{key}" if place else key
        if key in earlier and key in later:
            yield from _changed(path, earlier[key], later[key])
        else:
            yield path


def _members(value: object) -> Mapping[str, object] | None:
    """Return what a table or a list of tables holds by name; None for a single value."""
    if isinstance(value, Mapping):
        return {str(key): member for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, Mapping) for one in value):
        return {_name_of(one, index): one for index, one in enumerate(value)}
    return None


def _name_of(table: Mapping[str, object], index: int) -> str:
    found = next((table[name] for name in NAMES if table.get(name) is not None), None)
    return str(index) if found is None else str(found)
