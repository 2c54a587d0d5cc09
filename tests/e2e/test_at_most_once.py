"""At most once costs a commit per turn, not one per message: a backlog takes no more than twice the time that it takes at least once."""

import re
import time

from conftest import StartRouter
from confluent_kafka import Producer
from support.cluster import Cluster, client_properties, unique
from support.router import Router, Scripts
from support.wait import until

BACKLOG = 30_000
PARTITIONS = 4
RUNS = 3
HANDLER = "function handleMessage() end\n"


def fill(cluster: Cluster, topic: str) -> None:
    producer = Producer(client_properties(cluster.bootstrap, linger_ms=20))
    for number in range(BACKLOG):
        producer.produce(topic, b'{"n":%d}' % number, partition=number % PARTITIONS)
        if number % 1000 == 0:
            producer.poll(0)
    assert producer.flush(30) == 0


def processed(router: Router, topic: str) -> int:
    found = re.search(rf'_messages_processed_total\{{topic="{topic}",status="success"\}} (\d+)', router.get("/metrics")[1])
    return int(found[1]) if found else 0


def seconds(cluster: Cluster, scripts: Scripts, start_router: StartRouter, delivery: str) -> float:
    """From the first message that is handled to the last one; of the quickest run."""
    topics = [cluster.create_topic(unique("orders"), PARTITIONS) for _ in range(RUNS)]
    took = []
    for topic in topics:
        fill(cluster, topic)
        scripts.write(topic, HANDLER)
        router = start_router(scripts, config=f'return {{ defaults = {{ delivery = "{delivery}" }} }}\n')
        until(lambda: processed(router, topic) > 0, "it has begun", every=0)
        begun = time.monotonic()
        until(lambda: processed(router, topic) == BACKLOG, "all are handled", 60, every=0.01)
        took.append(time.monotonic() - begun)
        cluster.await_committed(router.group, topic)
        router.stop()
        scripts.remove(topic)
    return min(took)


def test_a_backlog_takes_at_most_twice_as_long_as_at_least_once(cluster: Cluster, scripts: Scripts, start_router: StartRouter, note) -> None:
    once, more = (seconds(cluster, scripts, start_router, delivery) for delivery in ("at-most-once", "at-least-once"))
    note(f"{BACKLOG} messages took {once:.2f} s at most once, {more:.2f} s at least once")
    assert once < 2 * more + 0.5
