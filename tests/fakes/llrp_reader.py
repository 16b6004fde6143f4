"""An LLRP reader for tests: llrpkit's emulator on a thread, behind a cable that is cut, healed and left half open."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, Self, TypeVar

from llrpkit.emulator import LLRPEmulator
from llrpkit.emulator.core import EmulatedTag
from llrpkit.protocol import LLRPMessage, enums, messages, params

T = TypeVar("T")


class ChoosyEmulator(LLRPEmulator):
    """Counts what it is asked, and refuses what it was told to refuse, as readers of other makers do."""

    def __init__(
        self, tags: Sequence[EmulatedTag], *, refuses_air_settings: bool = False, refuses_events: bool = False
    ) -> None:
        super().__init__(tags=tags, reads_per_sec=200.0)
        self.asked: Counter[str] = Counter()
        self.specs: list[params.ROSpec] = []
        self.unplugged: set[int] = set()
        self._refuses_air_settings = refuses_air_settings
        self._refuses_events = refuses_events

    @property
    def speaks_impinj(self) -> bool:
        """Whether somebody asked for the maker's extensions."""
        return self._extensions_enabled

    def stop_inventory(self) -> None:
        """Forget what was asked, as a reader whose settings somebody else resets."""
        self._rospecs.clear()
        self._sync_reporting()

    async def _handle_message(self, msg: LLRPMessage) -> None:
        self.asked[type(msg).__name__] += 1
        if isinstance(msg, messages.GET_READER_CONFIG):
            await self._send(self._antenna_properties(), message_id=msg.message_id)
        elif self._refuses_events and isinstance(msg, messages.SET_READER_CONFIG) and _wants_events(msg):
            refused = self._status_error(enums.StatusCode.M_UnsupportedParameter, "EventNotificationState")
            await self._send(messages.SET_READER_CONFIG_RESPONSE(llrp_status=refused), message_id=msg.message_id)
        else:
            await super()._handle_message(msg)

    def _antenna_properties(self) -> messages.GET_READER_CONFIG_RESPONSE:
        return messages.GET_READER_CONFIG_RESPONSE(
            llrp_status=self._status_ok(),
            antenna_properties=[
                params.AntennaProperties(antenna_id=antenna, antenna_connected=antenna not in self.unplugged)
                for antenna in range(1, 5)
            ],
        )

    def _add_rospec(self, rospec: params.ROSpec) -> params.LLRPStatus:
        self.specs.append(rospec)
        told = any(
            inventory.antenna_configurations
            for spec in rospec.spec_parameters
            if isinstance(spec, params.AISpec)
            for inventory in spec.inventory_parameter_specs
        )
        if self._refuses_air_settings and told:
            return self._status_error(enums.StatusCode.M_UnsupportedParameter, "C1G2InventoryCommand")
        return super()._add_rospec(rospec)


def _wants_events(asked: messages.SET_READER_CONFIG) -> bool:
    return asked.reader_event_notification_spec is not None


class Cable:
    """A TCP relay: passes bytes on, or holds them back while the connection looks alive to both ends."""

    def __init__(self, reader_port: int) -> None:
        self._reader_port = reader_port
        self._passes = asyncio.Event()
        self._passes.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def plug_in(self) -> int:
        """Begin to listen; return the port."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def hold_back(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self._passes.clear()

    def heal(self) -> None:
        """New connections pass; the old ones end at last."""
        self._hang_up()
        self._passes.set()

    async def unplug(self) -> None:
        """End everything."""
        self._hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _relay(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self._writers.add(back)
        try:
            far, forth = await asyncio.open_connection("127.0.0.1", self._reader_port)
        except OSError:
            back.close()
            return
        self._writers.add(forth)
        for source, sink in ((near, forth), (far, back)):
            task = asyncio.create_task(self._pass_on(source, sink))
            self._tasks.add(task)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await self._passes.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


class ReaderOnAThread:
    """Runs an emulator and its cable; `port` is the near end of the cable."""

    def __init__(self, emulator: ChoosyEmulator) -> None:
        self.emulator = emulator
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._cable: Cable | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self.emulator.start())
        self._cable = Cable(self.emulator.port)
        self.port = self._do(self._cable.plug_in())
        return self

    def __exit__(self, *_: object) -> None:
        if self._cable is not None:
            self._do(self._cable.unplug())
        self._do(self.emulator.stop())
        self._do(asyncio.sleep(0.05))  # the emulator's own tasks see that their sockets are closed
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def kill(self) -> None:
        """The reader loses its power: connections end and nobody listens."""
        self._do(self.emulator.stop())

    def boot(self) -> None:
        """The reader is back at its address."""
        self._do(self.emulator.start())

    def hold_back(self) -> None:
        """The connection is half open from now on."""
        self._call("hold_back")

    def heal(self) -> None:
        """The network is well again."""
        self._call("heal")

    def set_antenna(self, antenna: int, *, plugged: bool) -> None:
        """Pull an antenna's cable, or plug it in."""
        self._do(self.emulator.set_antenna_connected(antenna, plugged))

    def stop_inventory(self) -> None:
        """Somebody resets the reader's settings."""
        self._loop.call_soon_threadsafe(self.emulator.stop_inventory)

    def _call(self, name: str) -> None:
        self._loop.call_soon_threadsafe(getattr(self._cable, name))

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30.0)
