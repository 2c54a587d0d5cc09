"""A broker that does not show a topic for a while, as one that learns of it later than the others: what goes there waits, and comes once."""

import contextlib
import dataclasses
import json
import time
from collections import Counter
from pathlib import Path

import proxy
import pytest
from broker import Settings
from confluent_kafka import Producer
from conftest import StartRouter
from proxy import ProxiedKafka, Request
from support.asker import Asker, new_id
from support.cluster import Cluster, client_properties, committed_records, unique
from support.router import Router, Scripts
from support.wait import until

KEYS = 8
PHASES = 3
HIDDEN_SECONDS = 1  # about: a topic that is hidden for longer than MR_DOUBT_TOPIC_MS is believed to be gone
CONFIG = """return {{
    kafka = {{ client_id = "under-test", properties = {{ ["topic.metadata.refresh.interval.ms"] = 50 }} }},
    defaults = {{ delivery = "{delivery}", retry = {{ max = 0 }} }}, transaction = {{ interval = 10 }},
}}
"""
SERVE = """
local router = require "moonroute"
function handleMessage(_, message)
    router.publish("OUTPUT", message, { key = message.key })
    return message
end
"""

pytestmark = pytest.mark.timeout(240)


class Hidden:
    """The router's clients learn from the broker that a topic is not there, while `hidden` says so."""

    def __init__(self) -> None:
        self.topics: set[bytes] = set()
        self.asked = 0

    async def __call__(self, request: Request) -> Request | None:
        named = [topic for topic in self.topics if topic in request.body]
        if request.key != proxy.METADATA or request.client != "under-test" or not named:
            return None
        self.asked += 1
        body = request.body
        for topic in named:
            body = body.replace(topic, b"-" * len(topic))
        return dataclasses.replace(request, body=body)


class Stream:
    """Requests of a few keys, each with the next number."""

    def __init__(self, bootstrap: str, topic: str, replies: str) -> None:
        self.sent = 0
        self._topic = topic
        self._headers = [("correlation-id", b"id"), ("reply-to", replies.encode())]
        self._producer = Producer(client_properties(bootstrap, linger_ms=1))

    def send(self) -> None:
        key = str(self.sent % KEYS)
        self._producer.produce(self._topic, json.dumps({"n": self.sent, "key": key}).encode(), key, headers=self._headers)
        self._producer.poll(0.002)
        self.sent += 1

    def send_until(self, condition, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end
            self.send()

    def flush(self) -> None:
        assert self._producer.flush(20) == 0


def steps_back(cluster: Cluster, topic: str) -> int:
    """How often a record of a key comes after one that was sent later, all keys together."""
    latest: dict[bytes | None, int] = {}
    steps = 0
    for record in committed_records(cluster, topic):
        number = json.loads(record.value)["n"]
        steps += number < latest.get(record.key, -1)
        latest[record.key] = number
    return steps


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_what_goes_to_topics_that_it_does_not_show_waits(scripts: Scripts, tmp_path: Path, delivery: str) -> None:
    hidden = Hidden()
    with contextlib.ExitStack() as undo:
        kafka = undo.enter_context(ProxiedKafka([hidden], Settings(auto_create_topics=False)))
        cluster = undo.enter_context(contextlib.closing(Cluster(kafka.direct)))
        topic, output, replies = (cluster.create_topic(unique(stem), 2) for stem in ("in", "output", "replies"))
        scripts.write(topic, SERVE.replace("OUTPUT", output))
        router = undo.enter_context(contextlib.closing(Router(kafka.bootstrap, scripts, tmp_path / "router", config=CONFIG.format(delivery=delivery))))
        router.start()
        stream = Stream(kafka.direct, topic, replies)
        stream.send_until(lambda: stream.sent == 100)
        until(lambda: cluster.count(replies) >= 100, "they are answered")
        for _ in range(PHASES):
            before, late = hidden.asked, time.monotonic() + HIDDEN_SECONDS
            hidden.topics = {output.encode(), replies.encode()}
            stream.send_until(lambda before=before, late=late: hidden.asked >= before + (10 if time.monotonic() < late else 1))
            hidden.topics = set()
            sent = stream.sent
            stream.send_until(lambda sent=sent: stream.sent == sent + 100)
        stream.flush()
        cluster.await_committed(router.group, topic, 60)
        for where in output, replies:
            numbers = [json.loads(record.value)["n"] for record in committed_records(cluster, where)]
            assert Counter(numbers) == Counter(range(stream.sent))
        # A transaction that is aborted keeps the order. Without one, a record may pass those whose refusal is on its way to us.
        assert steps_back(cluster, output) <= (0 if delivery == "exactly-once" else PHASES * KEYS)
        assert cluster.count(f"{topic}-dlq") == 0
        assert "kafka_fatal" not in router.log_text()
        router.stop()


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_partition_that_was_added_a_moment_ago_is_answered_on(cluster: Cluster, scripts: Scripts, start_router: StartRouter, delivery: str) -> None:
    topic = cluster.create_topic(unique("in"))
    scripts.write(topic, "function handleMessage(_topic, message) return message end\n")
    router = start_router(scripts, config=f'return {{ defaults = {{ delivery = "{delivery}" }} }}\n')
    with contextlib.closing(Asker(cluster)) as asker:
        for partition in range(3):
            if partition > 0:
                cluster.grow_topic(asker.replies, partition + 1)
            asker.send(topic, {"n": partition}, [("kafka_correlationId", new_id()), ("kafka_replyTopic", asker.replies.encode()),
                                                 ("kafka_replyPartition", str(partition).encode())])
            cluster.await_committed(router.group, topic)
        with contextlib.closing(Cluster(cluster.bootstrap)) as fresh:  # one that knows all partitions
            until(lambda: all(fresh.ends(asker.replies).values()), "each is answered on its partition")
            assert fresh.count(f"{topic}-dlq") == 0
    router.stop()
