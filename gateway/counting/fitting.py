"""Fit the counting state to a new planogram: what it changed is forgotten everywhere at once, what stayed is kept."""

from __future__ import annotations

from gateway.counting.layout import arrange
from gateway.counting.state import CountingState
from gateway.counting.weights import ShelfCount
from gateway.model import CountingModel


def fitted(state: CountingState, model: CountingModel) -> CountingState:
    """Return the state arranged for a model; shelves the model does not name are forgotten."""
    layout = arrange(model)
    shelves = {key: shelf.copy() for key, shelf in state.shelves.items() if key in layout.shelves}
    for key, shelf in shelves.items():
        ShelfCount(shelf=layout.shelves[key], state=shelf).refit()
    return CountingState(shelves=shelves, layout=layout)
