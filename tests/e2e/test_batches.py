"""Records that are refused with their batch: only the guilty one fails its message, whatever the broker blames the batch for."""

import json
import random
import re
import string

import pytest
from confluent_kafka import Producer
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, Headers, client_properties, committed_records, unique
from support.router import Scripts
from support.wait import until

pytestmark = pytest.mark.timeout(180)

ECHO = "function handleMessage(_topic, message) return message end\n"
PUBLISH = """
local router = require "moonroute"
function handleMessage(_topic, message)
    for _, each in ipairs(message.records) do router.publish("TARGET", each.value, { key = each.key, timestamp = each.timestamp }) end
end
"""
QUICK = 'return { defaults = { retry = { max = 1, base = 50, jitter = 0 } }, routes = { ["TOPIC"] = { ordering = "none" } } }\n'


def text_of(size: int, seed: int = 0) -> str:
    """Hardly to be compressed."""
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=size))


def send_at_once(cluster: Cluster, topic: str, messages: list[tuple[object, Headers]]) -> None:
    """In one request to the broker, so that a router finds them together."""
    producer = Producer(client_properties(cluster.bootstrap, linger_ms=100))
    for value, headers in messages:
        producer.produce(topic, json.dumps(value), headers=headers)
    assert producer.flush(20) == 0


class Sink:
    """A service, the topic that it writes to, and its dead letters."""

    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter, script: str, **settings: str) -> None:
        stem = unique("batches")
        self.cluster = cluster
        self.topic = cluster.create_topic(f"{stem}-commands")
        self.target = cluster.create_topic(f"{stem}-target", **settings)
        self.dead = cluster.create_topic(f"{stem}-dlq")
        scripts.write(self.topic, script.replace("TARGET", self.target))
        self.router = start(scripts, config=QUICK.replace("TOPIC", self.topic))

    def settle(self) -> None:
        self.cluster.await_committed(self.router.group, self.topic)

    def written(self) -> list[bytes | None]:
        return sorted(record.value for record in self.cluster.records(self.target))

    def dead_letters(self) -> list[bytes | None]:
        return [record.value for record in self.cluster.records(self.dead)]

    def ask_at_once(self, asker: Asker, values: list[str]) -> list[bytes]:
        ids = [new_id() for _ in values]
        send_at_once(self.cluster, self.topic,
                     [(value, [("correlation-id", each), ("reply-to", self.target.encode())]) for value, each in zip(values, ids, strict=True)])
        self.settle()
        return ids


def test_replies_that_are_too_large_together_are_all_delivered(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                              asker: Asker) -> None:
    sink = Sink(cluster, scripts, start_router, ECHO, **{"max.message.bytes": "50000"})
    values = [text_of(20000, seed) for seed in range(10)]
    sink.ask_at_once(asker, values)
    assert sink.written() == sorted(json.dumps(value).encode() for value in values)
    assert sink.dead_letters() == []
    sink.ask_at_once(asker, values)  # while its batches are known to be too large
    assert len(sink.written()) == 20
    sink.router.stop()


def test_only_the_reply_that_is_too_large_itself_fails(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                      asker: Asker) -> None:
    sink = Sink(cluster, scripts, start_router, ECHO, **{"max.message.bytes": "50000"})
    values = [text_of(100, seed) for seed in range(9)]
    large = text_of(80000, 10)
    ids = sink.ask_at_once(asker, [*values[:5], large, *values[5:]])
    records = cluster.records(sink.target)
    assert sorted(record.value for record in records) == sorted(json.dumps(value).encode() for value in values)
    assert {record.header("correlation-id") for record in records} == {*ids[:5], *ids[6:]}
    assert sink.dead_letters() == [json.dumps(large).encode()]
    sink.router.stop()


GOOD = [{"key": f"key-{number}", "value": {"number": number}} for number in range(9)]
INVALID = [  # the target's settings, the record that it refuses
    ({"cleanup.policy": "compact"}, {"value": {"number": 9}}),
    ({"message.timestamp.before.max.ms": "3600000"}, {"key": "key-9", "value": {"number": 9}, "timestamp": 1_600_000_000_000}),
]


@pytest.mark.parametrize(("settings", "bad"), INVALID, ids=["no key in a compacted topic", "a time too long ago"])
def test_only_the_record_that_is_invalid_fails(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                               settings: dict[str, str], bad: dict[str, object]) -> None:
    sink = Sink(cluster, scripts, start_router, PUBLISH, **settings)
    records = [*GOOD[:5], bad, *GOOD[5:]]
    send_at_once(cluster, sink.topic, [({"records": [record]}, []) for record in records])
    sink.settle()
    assert sink.written() == sorted(json.dumps(record["value"], separators=(",", ":")).encode() for record in GOOD)
    assert sink.dead_letters() == [json.dumps({"records": [bad]}).encode()]
    sink.router.stop()


def test_what_one_event_publishes_is_too_large_together_only(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    sink = Sink(cluster, scripts, start_router, PUBLISH, **{"max.message.bytes": "50000"})
    values = [text_of(30000, seed) for seed in range(3)]
    send_at_once(cluster, sink.topic, [({"records": [{"key": "k", "value": value} for value in values]}, [])])
    sink.settle()
    records = cluster.records(sink.target)
    assert [record.value for record in records] == [json.dumps(value).encode() for value in values]  # in the order they were published
    assert sink.dead_letters() == []
    sink.router.stop()


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_gzipped_message_larger_than_its_dead_letter_topic_takes_is_written_compressed(cluster: Cluster, scripts: Scripts,
                                                                                        start_router: StartRouter, delivery: str) -> None:
    stem = unique("large")
    topic = cluster.create_topic(f"{stem}-commands")
    dead = cluster.create_topic(f"{stem}-dlq", **{"max.message.bytes": "100000"})
    scripts.write(topic, 'function handleMessage() error { retryable = false, message = "no" } end\n')
    router = start_router(scripts, config=f'return {{ defaults = {{ delivery = "{delivery}" }} }}')
    value = json.dumps([{"number": number, "name": "the same again and again"} for number in range(8000)])
    assert len(value) > 300_000
    producer = Producer(client_properties(cluster.bootstrap, compression_type="gzip", message_max_bytes=10_000_000))
    producer.produce(topic, value)
    assert producer.flush(20) == 0
    (letter,) = until(lambda: committed_records(cluster, dead), "the dead letter is committed")  # a transaction ends with a mark
    assert letter.value == value.encode()
    cluster.await_committed(router.group, topic)
    assert router.get("/health")[0] == 200
    router.stop()


def test_a_dead_letter_that_does_not_fit_says_what_to_set(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    stem = unique("large")
    topic = cluster.create_topic(f"{stem}-commands")
    dead = cluster.create_topic(f"{stem}-dlq", **{"max.message.bytes": "100000"})
    scripts.write(topic, 'function handleMessage() error { retryable = false, message = "no" } end\n')
    router = start_router(scripts)
    value = json.dumps(text_of(200_000))
    send_at_once(cluster, topic, [(text_of(200_000), [])])
    until(lambda: router.get("/health")[0] == 503, "the dead letter is blocked")
    (reason,) = json.loads(router.get("/health")[1])["reasons"]
    assert reason["reason"] == "dead_letter_blocked"
    found = re.search(rf"to {dead}: .*; set that topic's max.message.bytes to (\d+)", reason["message"])
    assert found, reason
    assert found[0] in router.log_text()
    cluster.configure(dead, **{"max.message.bytes": found[1]})
    (letter,) = cluster.await_records(dead, 1, 60)
    assert letter.value == value.encode()
    until(lambda: router.get("/health")[0] == 200, "it goes on")
    router.stop()
