"""What the tests do to Kafka and to routers is really done: topics made anew, brokers held up, leaders moved, work that waits."""

import contextlib
import time
from collections.abc import Iterator

import pytest
from broker import Kafka
from confluent_kafka import KafkaError, Producer
from conftest import StartRouter
from support.asker import Asker
from support.backlog import burning, fill, groups_of, in_groups
from support.cluster import Cluster, client_properties, unique
from support.router import Scripts
from support.wait import until
from trio import KafkaTrio

ANSWER = "function handleMessage(_topic, message) return { id = message.id } end\n"


@pytest.fixture
def own_kafka() -> Iterator[Kafka]:
    """One that may be held up without harm to other tests."""
    with Kafka() as kafka:
        yield kafka


def refusal(cluster: Cluster, topic: str, value: bytes, key: bytes | None = None) -> str | None:
    """The name of the error that a record meets; None if Kafka takes it."""
    told: list[KafkaError | None] = []
    producer = Producer(client_properties(cluster.bootstrap, message_max_bytes=10_000_000, message_timeout_ms=10_000))
    producer.produce(topic, value, key, on_delivery=lambda error, _message: told.append(error))
    assert producer.flush(20) == 0
    return told[0].name() if told[0] else None


def found_alike(cluster: Cluster, group: str) -> int:
    """The number of the group's coordinator; 0 while there are two opinions."""
    found = cluster.coordinator("group", group)
    return found if found == cluster.described_coordinator(group) else 0


@pytest.mark.parametrize("partitions", [1, 5])
def test_a_topic_is_made_anew_with_fewer_and_with_more_partitions(cluster: Cluster, partitions: int) -> None:
    topic = cluster.create_topic(unique("anew"), 3)
    fill(cluster, topic, 30)
    cluster.recreate_topic(topic, partitions)
    assert cluster.ends(topic) == dict.fromkeys(range(partitions), 0)


def test_a_topic_is_made_anew_as_a_compact_one(cluster: Cluster) -> None:
    topic = cluster.create_topic(unique("compact"))
    assert refusal(cluster, topic, b"1") is None
    cluster.recreate_topic(topic, **{"cleanup.policy": "compact"})
    assert refusal(cluster, topic, b"1") == "INVALID_RECORD"
    assert refusal(cluster, topic, b"1", b"key") is None


def test_what_a_topic_takes_changes_while_it_is_used(cluster: Cluster) -> None:
    topic = cluster.create_topic(unique("small"), **{"retention.ms": "3600000"})
    cluster.change(topic, max_message_bytes="1000")
    until(lambda: refusal(cluster, topic, b"x" * 2000) == "MSG_SIZE_TOO_LARGE", "large records are refused")
    cluster.change(topic, max_message_bytes=None)
    until(lambda: refusal(cluster, topic, b"x" * 2000) is None, "large records are taken again")
    assert cluster.setting(topic, "retention.ms") == "3600000"


def test_records_are_deleted_up_to_an_offset(cluster: Cluster) -> None:
    topic = cluster.create_topic(unique("old"))
    fill(cluster, topic, 10)
    cluster.delete_records(topic, {0: 7})
    assert cluster.begins(topic) == {0: 7}
    assert cluster.ends(topic) == {0: 10}


def test_a_broker_that_is_held_up_answers_nobody_until_it_goes_on(own_kafka: Kafka) -> None:
    with own_kafka.paused():
        assert not own_kafka.answers()
    until(own_kafka.answers, "it answers again")


def test_leaders_are_found_moved_and_given_back(trio: KafkaTrio, trio_cluster: Cluster) -> None:
    topic = trio_cluster.create_led_topic(unique("led"), [1, 2, 3], [3, 1, 2])
    assert trio_cluster.leaders(topic) == [1, 3]
    trio_cluster.change(topic, min_insync_replicas="3")
    with trio.broker(1).paused():
        until(lambda: 1 not in trio_cluster.leaders(topic), "another leads", 60)
        until(lambda: refusal(trio_cluster, topic, b"1") in ("NOT_ENOUGH_REPLICAS", "_MSG_TIMED_OUT"), "two replicas are too few", 30)
    until(trio_cluster.whole, "the brokers are in step", 60)
    trio_cluster.restore_leaders(topic)
    until(lambda: trio_cluster.leaders(topic) == [1, 3], "the first leads again")


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_coordinator_is_found_and_a_router_outlives_its_change(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts,
                                                                  start_router: StartRouter, delivery: str) -> None:
    with contextlib.closing(Asker(trio_cluster)) as asker:
        topic = trio_cluster.create_topic(unique("orders"))
        scripts.write(topic, ANSWER)
        router = start_router(scripts, brokers=trio.bootstrap, config=f'return {{ defaults = {{ delivery = "{delivery}" }} }}')
        assert asker.ask_data(topic, {"id": 1}) == {"id": 1}
        away = trio_cluster.coordinator("group", router.group)
        with trio.broker(away).paused():
            until(lambda: trio_cluster.coordinator("group", router.group) != away, "another coordinates", 60)
        asker.send(topic, {"id": 2}, asker.plain(b"2"))
        asker.reply_to(b"2", 60)
        router.stop()


@pytest.mark.parametrize("count", [2, 10])
def test_a_router_serves_many_groups(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter, count: int) -> None:
    topics = cluster.create_topics([unique("orders") for _ in range(count)])
    for topic in topics:
        scripts.write(topic, ANSWER)
    groups = in_groups(unique("group"), topics)
    router = start_router(scripts, config=groups_of(groups))
    assert [asker.ask_data(topic, {"id": topic}) for topic in topics] == [{"id": topic} for topic in topics]
    for topic, group in groups.items():
        cluster.await_committed(group, topic)
    router.stop()


def test_a_backlog_of_dear_messages_burns_what_it_says(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topic = cluster.create_topic(unique("dear"))
    fill(cluster, topic, 40)
    scripts.write(topic, burning(25))
    started = time.monotonic()
    router = start_router(scripts)
    cluster.await_committed(router.group, topic, 60)
    assert time.monotonic() - started >= 1
    router.stop()
