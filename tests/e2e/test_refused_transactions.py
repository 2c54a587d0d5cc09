"""Exactly once: a record that Kafka refuses costs its own message, whatever the refusal falls on, and no other; the worker lives."""

import json
from collections.abc import Iterable

import pytest
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, committed_records, unique
from support.guard import TOPIC, WRITE, Guard
from support.router import Router, Scripts
from support.wait import until
from test_batches import send_at_once, text_of

CONFIG = 'return { defaults = { delivery = "exactly-once", retry = { max = 1, base = 50, jitter = 0 } } }\n'
ECHO = "function handleMessage(_topic, message) return message end\n"
PUBLISH = """
local router = require "moonroute"
function handleMessage(_topic, message, headers)
    router.publish(message.to, message.id, { key = message.key })
    if headers["reply-to"] then return message.id end
end
"""

pytestmark = pytest.mark.timeout(240)


class Service:
    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter, script: str, partitions: int = 1) -> None:
        self.cluster = cluster
        self.topic = cluster.create_topic(unique("orders"), partitions)
        self.dead = cluster.create_topic(f"{self.topic}-dlq", partitions)
        scripts.write(self.topic, script)
        self.router: Router = start(scripts, config=CONFIG)
        self.workers = self.router.workers()

    def send(self, messages: Iterable[tuple[object, str | None]]) -> None:
        """Messages, each with the topic that its reply is to go to, in one request."""
        send_at_once(self.cluster, self.topic,
                     [(value, [("correlation-id", new_id()), ("reply-to", to.encode())] if to else []) for value, to in messages])

    def settle(self, seconds: float = 60.0) -> None:
        """All is committed, by the worker that was there from the start."""
        ends = sum(self.cluster.ends(self.topic).values())
        until(lambda: sum(self.cluster.committed(self.router.group, self.topic).values()) == ends, "all is committed", seconds)
        assert self.router.workers() == self.workers

    def values(self, topic: str) -> list:
        return sorted((json.loads(record.value) for record in committed_records(self.cluster, topic)), key=str)

    def aborts(self) -> int:
        return self.router.log_text().count('"event":"transaction_aborted"')


@pytest.fixture(params=["internal", "denied", "missing", "small"])
def refusing(request: pytest.FixtureRequest, guard: Guard, guarded_cluster: Cluster) -> str:
    """A topic that takes no record of the router's."""
    if request.param == "internal":
        return "__consumer_offsets"
    if request.param == "missing":
        return unique("missing")
    topic = guarded_cluster.create_topic(unique(request.param), **{"max.message.bytes": "100"})
    if request.param == "denied":
        guard.deny(TOPIC, topic, WRITE)
    return topic


def test_a_refused_reply_fails_its_request_alone(refusing: str, guarded_cluster: Cluster, scripts: Scripts,
                                                 start_guarded_router: StartRouter) -> None:
    replies = guarded_cluster.create_topic(unique("replies"))
    service = Service(guarded_cluster, scripts, start_guarded_router, ECHO)
    for offset in 0, 6:  # the second time the producer may be another one
        service.send([(f"guilty {offset}", refusing), *[(number + offset, replies) for number in range(5)]])
        service.settle()
    assert service.values(replies) == sorted([0, 1, 2, 3, 4, 6, 7, 8, 9, 10], key=str)
    assert service.values(service.dead) == ["guilty 0", "guilty 6"]
    assert "kafka_fatal" not in service.router.log_text()


def test_a_refused_publish_fails_its_message_alone(refusing: str, guarded_cluster: Cluster, scripts: Scripts,
                                                   start_guarded_router: StartRouter) -> None:
    fine = guarded_cluster.create_topic(unique("fine"))
    service = Service(guarded_cluster, scripts, start_guarded_router, PUBLISH)
    service.send([({"id": text_of(200), "to": refusing}, None), *[({"id": str(number), "to": fine}, None) for number in range(5)]])
    service.settle()
    assert service.values(fine) == ["0", "1", "2", "3", "4"]
    assert [letter["to"] for letter in service.values(service.dead)] == [refusing]
    assert "kafka_fatal" not in service.router.log_text()


def test_replies_that_are_too_large_together_are_all_delivered(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    target = cluster.create_topic(unique("target"), **{"max.message.bytes": "50000"})
    service = Service(cluster, scripts, start_router, ECHO)
    values = [text_of(20000, seed) for seed in range(10)]
    service.send([(value, target) for value in values])
    service.settle()
    assert service.values(target) == sorted(values)
    assert service.values(service.dead) == []
    service.send([(value, target) for value in values])  # while it is known that they are
    service.settle()
    assert (len(service.values(target)), service.aborts()) == (20, 1)


def test_only_the_reply_that_is_too_large_itself_fails(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    target = cluster.create_topic(unique("target"), **{"max.message.bytes": "50000"})
    service = Service(cluster, scripts, start_router, ECHO)
    values, guilty = [f"small {number}" for number in range(9)], text_of(60000)
    service.send([(value, target) for value in [*values[:4], guilty, *values[4:]]])
    service.settle()
    assert service.values(target) == values
    assert service.values(service.dead) == [guilty]


def test_the_guilty_of_a_backlog_are_found_together(guard: Guard, guarded_cluster: Cluster, scripts: Scripts,
                                                    start_guarded_router: StartRouter) -> None:
    """Of three kinds, each of which a broker tells in its own way."""
    small = guarded_cluster.create_topic(unique("small"), **{"max.message.bytes": "300"})
    denied = guarded_cluster.create_topic(unique("denied"))
    fine = guarded_cluster.create_topic(unique("fine"))
    guard.deny(TOPIC, denied, WRITE)
    service = Service(guarded_cluster, scripts, start_guarded_router, ECHO)
    messages = [(f"{number:04} {text_of(400)}", (fine, small, denied, unique("missing"))[number % 4 if number % 100 == 3 else number % 3])
                for number in range(600)]
    service.send(messages)
    service.settle(120)
    assert service.values(fine) == [value for value, to in messages if to == fine]
    assert service.values(service.dead) == [value for value, to in messages if to != fine]
    assert service.aborts() < 30


def test_records_that_only_alone_can_be_judged_are_judged_one_by_one(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    """A compacted topic takes no record without a key."""
    compacted = cluster.create_topic(unique("compacted"), **{"cleanup.policy": "compact"})
    service = Service(cluster, scripts, start_router, PUBLISH.replace("message.id, {", "message.id, message.key and {").replace("})", "} or {})"))
    keys = [None if number % 5 == 0 else f"k{number}" for number in range(100)]
    service.send([({"id": number, "to": compacted, **({"key": key} if key else {})}, None) for number, key in enumerate(keys)])
    service.settle(120)
    assert service.values(compacted) == sorted((number for number, key in enumerate(keys) if key), key=str)
    assert len(service.values(service.dead)) == 20
