"""The lights of a device, on a thread of their own: what shall be shown comes in, and is kept up or taken away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from edge.lighting.showing import Glow, Showing
from edge.lighting.signals import SIGNALS

IDENTIFY_S = 15.0
"""Long enough to walk along an aisle and look."""

REFRESH_S = 5.0
"""A picture that stays is sent again so often: a strip that lost its power for a moment comes back dark."""

CLOSE_S = 5.0
"""An agent that ends waits no longer for wires that hang."""

logger = logging.getLogger(__name__)


class LightOutput(Protocol):
    """Some lights on the same wires."""

    @property
    def positions(self) -> Sequence[str]:
        """The positions it lights."""
        ...

    def show(self, glows: Mapping[str, Glow]) -> None:
        """Let its positions glow; those not named are dark. Others are passed. Raises HardwareError."""
        ...


class Lights:
    """All lights of a device. `show` is the full set, however often it is said; after `off_after_s` without it all is
    dark, so that a gateway that has died leaves no light behind.

    Any thread may call it; none waits but in `close`. Without outputs it does nothing. Lights that fail, however they
    do, are logged, named by `away` and tried again; nobody else hears of it.
    """

    def __init__(
        self, outputs: Sequence[LightOutput], *, off_after_s: float, wall_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.positions = tuple(position for output in outputs for position in output.positions)
        self._outputs = tuple(outputs)
        self._off_after_s = off_after_s
        self._wall_s = wall_s
        self._lock = threading.Lock()
        self._showing = Showing()
        self._failing: frozenset[LightOutput] = frozenset()
        self._ending = False
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lights", daemon=True)
        if outputs:
            self._thread.start()

    @property
    def lit(self) -> list[str]:
        """The positions that are to show something now, be they lit or dark in this step of their pattern."""
        with self._lock:
            return list(self._showing.at(self._wall_s(), self.positions))

    @property
    def away(self) -> list[str]:
        """The positions whose lights failed when they were last sent something."""
        failing = self._failing
        return [position for output in self._outputs if output in failing for position in output.positions]

    def show(self, signals: Mapping[str, str]) -> None:
        """Let exactly these positions show these signals (`edge.lighting.signals.SIGNALS`). Raises KeyError for a
        position without a light and for a signal there is not; nothing changes then.
        """
        for position, signal in signals.items():
            if position not in self.positions or signal not in SIGNALS:
                raise KeyError(position, signal)
        with self._lock:
            until_s = self._wall_s() + self._off_after_s
            self._showing = replace(self._showing, signals=dict(signals), until_s=until_s)
        self._news.set()

    def identify(self) -> None:
        """Let all lights say for a while that it is this device; then they show again what they did."""
        with self._lock:
            self._showing = replace(self._showing, identify_until_s=self._wall_s() + IDENTIFY_S)
        self._news.set()

    def close(self) -> None:
        """Darken everything and end, within CLOSE_S."""
        with self._lock:
            self._showing, self._ending = Showing(), True
        self._news.set()
        if self._outputs:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while True:
            self._news.clear()
            with self._lock:
                showing, ending = self._showing, self._ending
            now_s = self._wall_s()
            glows = showing.at(now_s, self.positions)
            for output in self._outputs:
                self._write(output, glows)
            if ending:
                return
            self._news.wait(min(showing.next_change_s(now_s, self.positions) - now_s, REFRESH_S))

    def _write(self, output: LightOutput, glows: Mapping[str, Glow]) -> None:
        try:
            output.show(glows)
        except Exception as error:  # noqa: BLE001 - whatever a light does, the others and the shelf go on
            if output not in self._failing:  # once for each time it fails, not for each try
                logger.warning("lights do not answer", extra={"event": "lights_away", "reason": str(error)})
            self._failing |= {output}
        else:
            self._failing -= {output}
