"""Grams and tags become units with a probability: `count` (in `count.py`) is the one door. Pure, numpy, no I/O.

    counted = count(state, readings, model)     # the input state stays as it was
    counted.state, counted.quantities, counted.events, counted.confirmed
    save(shelf_state) -> bytes, load(bytes) -> ShelfState, CountingState.of([...])   # in `state.py`

The thought behind it: all plates that share a product are one **component**, and what stands there is a set of
hypotheses. One hypothesis says how many units of each product there are; beside it goes a small Kalman filter over
three numbers nobody can read off: where the zero is, how far the goods there deviate from their mean weight, and by
what ratio the scale (or the catalogue) is wrong. The weight at rest ties the three together, so that the absolute
weight counts once, as evidence, when goods are first seen, and every episode after it is a difference, weighed with
exactly the error the filter has left (design section 5: two views that check each other).
"""
