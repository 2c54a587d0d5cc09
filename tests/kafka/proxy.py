"""A TCP proxy between clients and a real Kafka that knows the protocol's frames: it holds, delays, cuts and drops by rule.

    with ProxiedKafka([rule]) as kafka:
        ...  # kafka.bootstrap leads through the proxy, and so does what the broker advertises there; kafka.direct does not

A rule is an async function that is called with each request, before the broker has it. It returns what is to become of the request, another
request that goes to the broker in its place (its body alone may differ), or None if it has no opinion; the first rule with an opinion decides. While it waits, nothing more of that connection is read. Requests of one connection
come in their order. The frames it does not understand (SASL's raw tokens) are passed on.
"""

import asyncio
import contextlib
import dataclasses
import enum
import struct
import threading
from collections.abc import Awaitable, Callable, Iterable

from broker import Kafka, Settings, free_port

# The protocol's numbers.
PRODUCE, FETCH, METADATA, OFFSET_COMMIT, FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT = 0, 1, 3, 8, 10, 11, 12
INIT_PRODUCER_ID, ADD_PARTITIONS_TO_TXN, ADD_OFFSETS_TO_TXN, END_TXN, TXN_OFFSET_COMMIT = 22, 24, 25, 26, 28

READ_SIZE = 1 << 16


class Fate(enum.Enum):
    PASS = "goes to the broker"
    CUT = "is dropped, and the client's connection with it"
    HOLD = "is kept (Proxy.held) and the client's connection is cut; who delivers it does so later"
    DROP_ANSWER = "goes to the broker; when the answer comes the client's connection is cut instead"
    NO_ANSWER = "goes to the broker; its answer, and all that follow on the connection, are never delivered"


@dataclasses.dataclass(frozen=True)
class Request:
    key: int
    version: int
    correlation: int
    client: str
    body: bytes  # what follows the header's client id


Rule = Callable[[Request], Awaitable[Fate | Request | None]]


def parse(frame: bytes) -> Request:
    key, version, correlation, size = struct.unpack_from(">hhih", frame)
    end = 10 + max(size, 0)
    return Request(key, version, correlation, frame[10:end].decode(errors="replace"), frame[end:])


class Held:
    """A request that has not reached the broker yet."""

    def __init__(self, upstream: int, frame: bytes, request: Request) -> None:
        self.request = request
        self._upstream = upstream
        self._frame = frame

    async def deliver(self) -> bytes:
        """Sends it now, as what the network had kept; returns the answer's body, behind the correlation id."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            writer.write(struct.pack(">i", len(self._frame)) + self._frame)
            return (await read_frame(reader))[4:]
        finally:
            writer.close()


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


class Proxy:
    """Listens on `port` of the loopback, from start() to stop(), on a thread of its own."""

    def __init__(self, upstream: int, rules: Iterable[Rule] = (), port: int | None = None) -> None:
        self.port = port or free_port()
        self.upstream = upstream
        self.rules = list(rules)
        self.held: list[Held] = []
        self.faults: list[BaseException] = []  # of rules
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task] = set()

    def start(self) -> None:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=READ_SIZE))

    def stop(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut_all(self) -> None:
        """Cuts every connection there is; new ones are served."""
        self._run(self._cut_all())

    def _run(self, work: Awaitable):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _cut_all(self) -> None:
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._cut_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._join(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream, limit=READ_SIZE)
        fates: dict[int, Fate] = {}  # by correlation id, of answers that are not simply passed on
        ways = [asyncio.create_task(self._requests(reader, up_writer, fates)), asyncio.create_task(self._answers(up_reader, writer, fates))]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            up_writer.transport.abort()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fates: dict[int, Fate]) -> None:
        """Ends when the client's connection is to be cut, or is."""
        while True:
            frame = await read_frame(reader)
            request = parse(frame)
            fate = await self._fate(request)
            if isinstance(fate, Request):
                frame, fate = frame[:len(frame) - len(request.body)] + fate.body, Fate.PASS
            if fate == Fate.HOLD:
                self.held.append(Held(self.upstream, frame, request))
            if fate in (Fate.HOLD, Fate.CUT):
                return
            if fate != Fate.PASS:
                fates[request.correlation] = fate
            writer.write(struct.pack(">i", len(frame)) + frame)
            await writer.drain()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fates: dict[int, Fate]) -> None:
        while True:
            frame = await read_frame(reader)
            fate = fates.pop(struct.unpack_from(">i", frame)[0], None)
            if fate == Fate.DROP_ANSWER:
                return
            if fate == Fate.NO_ANSWER:
                await asyncio.Event().wait()
            writer.write(struct.pack(">i", len(frame)) + frame)
            await writer.drain()

    async def _fate(self, request: Request) -> Fate | Request:
        for rule in self.rules:
            try:
                fate = await rule(request)
            except asyncio.CancelledError:
                raise
            except Exception as fault:
                self.faults.append(fault)
                continue
            if fate is not None:
                return fate
        return Fate.PASS


class ProxiedKafka:
    """A broker with two listeners: one for those who are to meet the proxy, one for itself and for tests that only look."""

    def __init__(self, rules: Iterable[Rule] = (), settings: Settings | None = None) -> None:
        self.kafka = Kafka(settings or Settings())
        hidden = free_port()
        self.proxy = Proxy(hidden, rules)
        own, controller = self.kafka.bootstrap, self.kafka.controllers[self.kafka.number]
        self.kafka.settings = dataclasses.replace(self.kafka.settings, properties={
            "listeners": f"PLAINTEXT://{own},PROXIED://127.0.0.1:{hidden},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{own},PROXIED://127.0.0.1:{self.proxy.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            **self.kafka.settings.properties,
        })

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.proxy.port}"

    @property
    def direct(self) -> str:
        return self.kafka.bootstrap

    def __enter__(self) -> "ProxiedKafka":
        with contextlib.ExitStack() as undo:
            undo.enter_context(self.kafka)
            self.proxy.start()
            undo.callback(self.proxy.stop)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()
