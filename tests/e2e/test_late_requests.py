"""Exactly once on a network that cuts connections and delivers what it had kept amid a later transaction.

librdkafka sends a request again whose connection was lost. The first one may still arrive: without a new producer epoch it would end whatever
transaction is open then, with half of what belongs to it. By hand, also on another Kafka:

    MR_E2E_LATE=10000 MR_KAFKA_VERSION=4.1.1 tests/e2e/run test_late_requests.py
"""

import contextlib
import json
import os
import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import proxy
import pytest
from confluent_kafka import Producer, TopicPartition
from proxy import Fate, ProxiedKafka, Request
from support.cluster import Cluster, client_properties, committed_records, unique
from support.router import Router, Scripts
from support.wait import until
from test_exactly_once import kill_some_worker

TOTAL = int(os.environ.get("MR_E2E_LATE", "600"))
SEED = int(os.environ.get("MR_E2E_SEED", int.from_bytes(os.urandom(3), "big")))
WINDOW = 60
PARTITIONS = 4
GUILTY = 37  # the reply to every message of such a number is too large for where it goes

SERVE = """
local router = require "moonroute"
function handleMessage(_topic, message)
    router.publish("EFFECTS", { id = message.id }, { key = message.id })
    return { id = message.id, text = ("x"):rep(500) }
end
"""
CONFIG = """return {
    defaults = { delivery = "exactly-once" }, transaction = { interval = 5, messages = 12 }, kafka = { client_id = "under-test" },
}
"""

pytestmark = pytest.mark.timeout(300 + TOTAL // 10)


class LateRequests:
    """Holds every tenth request of a kind, cuts its connection, and delivers it amid the next transaction of its producer."""

    def __init__(self, kind: int, dice: random.Random) -> None:
        self.kind = kind
        self.answers: list[bytes] = []  # to what was late
        self.on_hold: Callable[[], None] = lambda: None
        self._dice = dice
        self._seen = 0
        self._held: dict[bytes, bool] = {}  # by transactional id: has its transaction ended
        self._proxy: proxy.Proxy | None = None

    def watch(self, through: proxy.Proxy) -> None:
        self._proxy = through

    async def __call__(self, request: Request) -> Fate | None:
        if request.client != "under-test":
            return None
        name = transactional_id(request)
        if name in self._held:
            if self._held[name] and request.key == self._dice.choice((proxy.PRODUCE, proxy.TXN_OFFSET_COMMIT)):
                await self._deliver(name)
            elif request.key == proxy.END_TXN:
                self._held[name] = True
        elif name is not None and request.key == self.kind:
            self._seen += 1
            if self._seen % 10 == 0:
                self._held[name] = False
                self.on_hold()
                return Fate.HOLD
        return None

    async def _deliver(self, name: bytes) -> None:
        assert self._proxy is not None
        (held,) = [each for each in self._proxy.held if transactional_id(each.request) == name]
        self._proxy.held.remove(held)
        del self._held[name]
        self.answers.append(await held.deliver())


def transactional_id(request: Request) -> bytes | None:
    """None if the request has none."""
    if request.key not in (proxy.PRODUCE, proxy.ADD_OFFSETS_TO_TXN, proxy.END_TXN, proxy.TXN_OFFSET_COMMIT):
        return None
    if request.key == proxy.TXN_OFFSET_COMMIT and request.version >= 3:  # flexible: tags, then a compact string
        return request.body[2:1 + request.body[1]]
    (size,) = struct.unpack_from(">h", request.body)
    return request.body[2:2 + size] if size >= 0 else None


class World:
    def __init__(self, kafka: ProxiedKafka, scripts: Scripts) -> None:
        self.cluster = Cluster(kafka.direct)
        self.topic, self.effects, self.replies = (self.cluster.create_topic(unique(stem), PARTITIONS) for stem in ("in", "effects", "replies"))
        self.dead = self.cluster.create_topic(f"{self.topic}-dlq", PARTITIONS)
        self.small = self.cluster.create_topic(unique("small"), **{"max.message.bytes": "300"})
        scripts.write(self.topic, SERVE.replace("EFFECTS", self.effects))
        self._producer = Producer(client_properties(kafka.direct, linger_ms=1))
        self._readers = {topic: self._reader(topic) for topic in (self.effects, self.dead)}
        self.seen: dict[str, Counter[str]] = {topic: Counter() for topic in self._readers}

    def _reader(self, topic: str):
        reader = self.cluster.reader(isolation_level="read_committed")
        reader.assign([TopicPartition(topic, partition, 0) for partition in self.cluster.partitions(topic)])
        return reader

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()
        self.cluster.close()

    def run(self, deeds: list[Callable[[], None]], seconds: float = 60.0) -> None:
        """Sends all, a few at a time, and does each deed at its part of the way; `seconds` is how long there may be no progress."""
        sent = 0
        places = {TOTAL * (place + 1) // (len(deeds) + 1): deed for place, deed in enumerate(deeds)}
        while self.done() < TOTAL:
            before = self.done()
            while sent < TOTAL and sent - before < WINDOW:
                self._send(sent)
                sent += 1
                if sent in places:
                    places[sent]()
            until(lambda: self.progress() > before, f"progress beyond {before} of {TOTAL}, seed {SEED}", seconds, every=0)

    def done(self) -> int:
        return sum(len(counter) for counter in self.seen.values())

    def progress(self) -> int:
        for topic, reader in self._readers.items():
            self.seen[topic].update(json.loads(message.value())["id"] for message in reader.consume(500, 0.01) if not message.error())
        return self.done()

    def _send(self, number: int) -> None:
        to = self.small if number % GUILTY == 0 else self.replies
        self._producer.produce(self.topic, json.dumps({"id": str(number)}).encode(), str(number),
                               headers=[("correlation-id", str(number).encode()), ("reply-to", to.encode())])
        self._producer.poll(0)

    def assert_exactly_once(self, group: str) -> None:
        """Every message has one answer and one effect, or one dead letter and neither: none is torn, lost or repeated."""
        until(lambda: self.through(group), f"group {group} is through, seed {SEED}", 60)
        answers, effects, dead = (Counter(json.loads(record.value)["id"] for record in committed_records(self.cluster, topic))
                                  for topic in (self.replies, self.effects, self.dead))
        good = Counter(str(number) for number in range(TOTAL) if number % GUILTY != 0)
        guilty = Counter(str(number) for number in range(TOTAL) if number % GUILTY == 0)
        torn = sorted(each for each in good | guilty if answers[each] != effects[each])
        lost = sorted(each for each in good | guilty if answers[each] + dead[each] == 0)
        repeated = sorted(each for each in good | guilty if answers[each] + dead[each] > 1)
        assert (torn, lost, repeated) == ([], [], []), f"torn, lost, repeated; seed {SEED}"
        assert (answers, effects, dead) == (good, good, guilty), f"seed {SEED}"

    def through(self, group: str) -> bool:
        return sum(self.cluster.committed(group, self.topic).values()) == TOTAL


@contextlib.contextmanager
def running(kind: int, scripts: Scripts, folder: Path) -> Iterator[tuple[LateRequests, World, Router]]:
    late = LateRequests(kind, random.Random(SEED))
    with ProxiedKafka([late]) as kafka, contextlib.closing(World(kafka, scripts)) as world:
        late.watch(kafka.proxy)
        router = Router(kafka.bootstrap, scripts, folder / "router", workers=2, config=CONFIG)
        with contextlib.closing(router):
            router.start()
            yield late, world, router
            assert kafka.proxy.faults == []


def error_of(answer: bytes) -> int:
    """Of an EndTxn, version 0 to 2: how long it was throttled, then the error."""
    return struct.unpack_from(">ih", answer)[1]


def test_an_end_that_arrives_amid_a_later_transaction_changes_nothing(scripts: Scripts, tmp_path: Path, note: Callable[[str], None]) -> None:
    with running(proxy.END_TXN, scripts, tmp_path) as (late, world, router):
        world.run([])
        world.assert_exactly_once(router.group)
        errors = Counter(error_of(answer) for answer in late.answers)
        note(f"{TOTAL} messages, seed {SEED}: {len(late.answers)} ends were late, answered by {dict(errors)}")
        assert errors and 0 not in errors
        assert "worker_died" not in router.log_text()
        router.stop()


def test_neither_does_one_whose_worker_was_killed_meanwhile(scripts: Scripts, tmp_path: Path) -> None:
    with running(proxy.END_TXN, scripts, tmp_path) as (_late, world, router):
        world.run([lambda: kill_some_worker(router)] * 4)
        world.assert_exactly_once(router.group)
        router.stop()


@pytest.mark.parametrize("kind", [proxy.TXN_OFFSET_COMMIT, proxy.PRODUCE], ids=["offsets", "records"])
def test_offsets_and_records_that_arrive_late_change_nothing(kind: int, scripts: Scripts, tmp_path: Path) -> None:
    with running(kind, scripts, tmp_path) as (_late, world, router):
        world.run([])
        world.assert_exactly_once(router.group)
        router.stop()
