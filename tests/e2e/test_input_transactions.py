"""Topics that transactions are written to: their markers and aborted records have offsets, too, which nobody handles. The lag reaches 0."""

from collections.abc import Callable

import pytest
from confluent_kafka import Producer
from conftest import StartRouter
from support.cluster import Cluster, client_properties, committed_records, unique
from support.router import Router, Scripts
from support.wait import until

MODES = pytest.mark.parametrize("delivery", ["at-least-once", "at-most-once", "exactly-once"])
SCRIPT = """
local router = require "moonroute"
function handleMessage(_topic, message)
    if message.ms then router.sleep(message.ms) end
    router.publish("TRACE", { id = message.id }, { key = message.id })
end
"""


class Writer:
    """Writes transactions to the partitions of a topic."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.topic = topic
        self.producer = Producer(client_properties(cluster.bootstrap, transactional_id=unique("writer")))
        self.producer.init_transactions(30)

    def write(self, *ids: str, partition: int = 0, ms: int = 0, commit: bool = True) -> None:
        self.producer.begin_transaction()
        for name in ids:
            self.producer.produce(self.topic, f'{{"id":"{name}","ms":{ms}}}'.encode(), key=name.encode(), partition=partition)
        self.producer.flush(30)
        if commit:
            self.producer.commit_transaction(30)
        else:
            self.producer.abort_transaction(30)


class Service:
    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter, delivery: str, partitions: int = 1) -> None:
        self.cluster = cluster
        self.topic = cluster.create_topic(unique("orders"), partitions)
        self.trace = cluster.create_topic(unique("trace"))
        self.writer = Writer(cluster, self.topic)
        scripts.write(self.topic, SCRIPT.replace("TRACE", self.trace))
        self.start: Callable[[], Router] = lambda: start(scripts, config=f'return {{ defaults = {{ delivery = "{delivery}" }} }}')

    def handled(self) -> list[str]:
        return sorted(record.key.decode() for record in committed_records(self.cluster, self.trace))


@MODES
def test_the_lag_reaches_zero_behind_markers_and_aborted_tails(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                               delivery: str) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    service.writer.write("a", "b")
    router = service.start()
    cluster.await_committed(router.group, service.topic)
    service.writer.write("c")
    service.writer.write("x", "y", "z", commit=False)
    cluster.await_committed(router.group, service.topic)
    service.writer.write("d", ms=1500)  # its end is known before its handler has ended
    service.writer.write("x", commit=False)
    cluster.await_committed(router.group, service.topic)
    until(lambda: service.handled() == ["a", "b", "c", "d"], "all are handled")
    router.stop()
    router.start()
    service.writer.write("e")
    cluster.await_committed(router.group, service.topic)
    until(lambda: service.handled() == ["a", "b", "c", "d", "e"], "and the last one, too")
    router.stop()


@MODES
def test_the_lag_reaches_zero_where_no_message_is(cluster: Cluster, scripts: Scripts, start_router: StartRouter, delivery: str) -> None:
    """Partition 0 has aborted records alone. The latest ones of partition 1 are deleted, and those of partition 2 aborted, while nobody reads."""
    service = Service(cluster, scripts, start_router, delivery, partitions=4)
    service.writer.write("x", commit=False)
    service.writer.write("a", partition=1)
    service.writer.write("b", partition=2)
    router = service.start()
    cluster.await_committed(router.group, service.topic)
    router.stop()
    service.writer.write("x", "y", partition=1)
    cluster.delete_records(service.topic, {1: -1})
    service.writer.write("x", partition=2, commit=False)
    router.start()
    cluster.await_committed(router.group, service.topic)
    assert service.handled() == ["a", "b"]
    assert cluster.committed(router.group, service.topic)[3] == 0
    router.stop()


@MODES
def test_no_commit_passes_a_message_that_is_not_handled(cluster: Cluster, scripts: Scripts, start_router: StartRouter, delivery: str) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    router = service.start()
    service.writer.write("slow", ms=4000)
    service.writer.write("x", commit=False)
    until(lambda: "_messages_in_flight 1\n" in router.get("/metrics")[1], "it is at work")
    while "_messages_in_flight 1\n" in router.get("/metrics")[1]:
        committed = cluster.committed(router.group, service.topic)[0]
        assert committed == 0 or service.handled() or delivery == "at-most-once"
    cluster.await_committed(router.group, service.topic)
    router.stop()


@MODES
def test_a_topic_that_is_created_again_is_served_from_its_beginning(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                                    delivery: str) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    router = service.start()
    service.writer.write(*(f"old-{number}" for number in range(20)))
    service.writer.write("x", commit=False)
    cluster.await_committed(router.group, service.topic)
    cluster.recreate_topic(service.topic)
    service.writer.write("new")
    service.writer.write("x", commit=False)
    until(lambda: "new" in service.handled(), "the new one is handled", 60)
    cluster.await_committed(router.group, service.topic)
    assert service.handled().count("new") == 1
    router.stop()
