"""The buttons of the demo: a visitor makes something happen in the simulated shop and watches what LiveShelf says."""
