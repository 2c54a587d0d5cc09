"""More batches whose bytes changed on the broker's disk: of every codec and delivery, in retry and response topics."""

import dataclasses
import json
import os
import signal

import pytest
from broker import Kafka
from confluent_kafka import Producer
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, client_properties, committed_records, unique
from support.router import Router, Scripts
from support.variants import OBEYS, beyond_ci
from support.wait import until
from test_damage import flip, log_of, reasons

pytestmark = pytest.mark.timeout(180)

# Of a batch of version 2, from its beginning: where which field is.
LENGTH, MAGIC, CRC, ATTRIBUTES, TIME, PRODUCER, COUNT = 11, 16, 20, 22, 34, 50, 60


@dataclasses.dataclass(frozen=True)
class Damage:
    codec: str = "none"
    settings: str = ""
    field: int | None = None  # of the second batch; None: within its value
    first: bool = False  # it is the first batch of the topic
    retry: bool = False  # the records are in the retry topic


DAMAGES = {
    "zstd": Damage("zstd"),
    "lz4": Damage("lz4"),
    "snappy": Damage("snappy", first=True),
    "exactly once": Damage("gzip", 'delivery = "exactly-once"'),
    "at most once": Damage(settings='delivery = "at-most-once"'),
    "one after the other": Damage("lz4", 'ordering = "partition"'),
    "a retry topic": Damage("zstd", 'retry = { mode = "topic" }', retry=True),
    "its checksum": Damage(field=CRC),
    "its codec": Damage(field=ATTRIBUTES),
    "its time": Damage(field=TIME),
    "its producer": Damage(field=PRODUCER),
    "its count": Damage("zstd", field=COUNT),
    "its version": Damage(field=MAGIC),
    "its length": Damage(field=LENGTH),
}


class Shop:
    def __init__(self, kafka: Kafka, cluster: Cluster, scripts: Scripts, start: StartRouter) -> None:
        self.kafka, self.cluster = kafka, cluster
        self.topics = {name: cluster.create_topic(unique("orders")) for name in DAMAGES}
        self.outs = {name: cluster.create_topic(unique("out")) for name in DAMAGES}
        self.read = {name: cluster.create_topic(f"{self.topics[name]}-retry") if damage.retry else self.topics[name] for name, damage in DAMAGES.items()}
        self.places: dict[str, int] = {}
        for name in DAMAGES:
            self._damage(name)
        for topic in self.topics.values():
            scripts.write(topic, OBEYS)
        self.other = cluster.create_topic(unique("other"))
        scripts.write(self.other, OBEYS)
        self.groups = {name: unique("group") for name in DAMAGES}
        routes = [f'["{self.topics[name]}"] = {{ group_id = "{self.groups[name]}", {damage.settings} }}' for name, damage in DAMAGES.items()]
        self.router = start(scripts, brokers=kafka.bootstrap, config=f"return {{ routes = {{ {', '.join(routes)} }} }}\n")
        self.workers = self.router.workers()

    def _damage(self, name: str) -> None:
        damage = DAMAGES[name]
        producer = Producer(client_properties(self.cluster.bootstrap, compression_codec=damage.codec))
        for number in range(3):
            value = {"n": number, "publish": [{"to": self.outs[name]}], "pad": "x" * 300}
            producer.produce(self.read[name], json.dumps(value), partition=0)
            assert producer.flush(20) == 0
            log = log_of(self.kafka, self.read[name])
            if number == (0 if damage.first else 1):
                end = log.stat().st_size
                self.places[name] = end - 3 if damage.field is None else begin + damage.field
            begin = log.stat().st_size
        self.flip(name)

    def flip(self, name: str) -> None:
        flip(log_of(self.kafka, self.read[name]), self.places[name])

    def numbers(self, name: str) -> list[int]:
        return [json.loads(record.value) for record in committed_records(self.cluster, self.outs[name])]

    def damaged(self) -> set[str]:
        named = {line["topic"] for line in self.router.log() if line["event"] == "partition_damaged"}
        return {name for name in DAMAGES if self.read[name] in named}


@pytest.fixture(scope="module")
def shop(kafka: Kafka, cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Shop:
    return Shop(kafka, cluster, shared_scripts, start_shared_router)


@pytest.mark.parametrize("name", DAMAGES)
def test_it_is_neither_handled_nor_skipped(shop: Shop, asker: Asker, name: str) -> None:
    before = 0 if DAMAGES[name].first else 1
    until(lambda: name in shop.damaged(), "the log says so")
    until(lambda: "partition_damaged" in reasons(shop.router), "health says so")
    assert asker.ask_data(shop.other, {"answer": 7}) == 7
    until(lambda: shop.cluster.committed(shop.groups[name], shop.read[name]) == {0: before}, "what is before it is done with")
    assert shop.numbers(name) == list(range(before))


def test_and_all_are_handled_when_they_are_whole_again(shop: Shop) -> None:
    for name in DAMAGES:
        shop.flip(name)
    for name in DAMAGES:
        until(lambda name=name: shop.numbers(name) == [0, 1, 2], f"{name}: all are handled: {shop.numbers(name)}", 30)
    until(lambda: "partition_damaged" not in reasons(shop.router), "health is well again")
    assert shop.router.workers() == shop.workers


def held_up(router: Router, what) -> None:
    """Does that while no worker reads."""
    for worker in router.workers():
        os.kill(worker, signal.SIGSTOP)
    try:
        what()
    finally:
        for worker in router.workers():
            os.kill(worker, signal.SIGCONT)


BEHIND = {"nothing": [], "another batch": [b"nobody's"], "the reply that is awaited": [b"nobody's", b"awaited"], "it alone": [b"awaited"]}


@pytest.mark.parametrize("name", BEHIND)
@pytest.mark.parametrize("codec", ["none", pytest.param("lz4", marks=beyond_ci)])
def test_replies_behind_a_damaged_batch_of_replies_are_read(kafka: Kafka, cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter,
                                                            codec: str, name: str) -> None:
    """This test is the service that is asked."""
    asking, served = cluster.create_topic(unique("asking")), cluster.create_topic(unique("served"))
    inbox = cluster.create_topic(f"{served}-responses")
    scripts.write(asking, f"function handleMessage(_, message) return require('moonroute').request('{served}', message, {{ timeout = 15000 }}) end\n")
    router = start_router(scripts)
    producer = Producer(client_properties(cluster.bootstrap, compression_codec=codec))

    def reply(correlation_id: bytes, value: object) -> None:
        producer.produce(inbox, json.dumps(value), headers=[("correlation-id", correlation_id)])
        assert producer.flush(20) == 0

    def awaited(count: int) -> bytes:
        return cluster.await_records(served, count)[-1].header("correlation-id")

    first = new_id()
    asker.send(asking, {}, asker.plain(first))
    reply(awaited(1), 1)
    assert json.loads(asker.reply_to(first).value) == 1
    second = new_id()
    asker.send(asking, {}, asker.plain(second))
    waits = awaited(2)

    def damage() -> None:
        reply(b"nobody's", "x" * 300)
        log = log_of(kafka, inbox)
        flip(log, log.stat().st_size - 3)
        for whose in BEHIND[name]:
            reply(waits if whose == b"awaited" else whose, 2)

    held_up(router, damage)
    if b"awaited" not in BEHIND[name]:
        reply(waits, 2)
    assert json.loads(asker.reply_to(second).value) == 2
    router.stop()
