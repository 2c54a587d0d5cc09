"""Exactly once: more records that Kafka refuses, among good ones. One worker serves all routes, so that each could harm all others."""

import contextlib
import json
import struct
from collections.abc import Callable, Iterator

import pytest
from broker import Kafka
from conftest import StartRouter, routers_in
from support.asker import new_id
from support.cluster import Cluster, Headers, committed_records, unique
from support.guard import GROUP, READ, TOPIC, TRANSACTIONAL_ID, WRITE, Guard, login
from support.router import Router, Scripts
from support.variants import OBEYS, beyond_ci
from support.wait import until
from test_batches import send_at_once, text_of

GOOD = 5
SLOW = "a reply to a topic that was deleted"
PATIENT, STRICT = "patient", "strict"  # routes whose retry topic, or dead-letter topic, may not be written

pytestmark = pytest.mark.timeout(180)


class Shop:
    """A router and its topics, one per variant."""

    def __init__(self, kafka: Kafka, cluster: Cluster, scripts: Scripts, start: Callable[..., Router]) -> None:
        self.guard = Guard(kafka)
        self.guard.open()
        self.cluster = cluster
        self.denied = cluster.create_topic(unique("denied"))
        self.small = cluster.create_topic(unique("small"), **{"max.message.bytes": "300"})
        self.compacted = cluster.create_topic(unique("compacted"), **{"cleanup.policy": "compact"})
        self.gone = cluster.create_topic(unique("gone"))
        self.fine = cluster.create_topic(unique("fine"))
        self.guard.deny(TOPIC, self.denied, WRITE)
        self.topics = {name: cluster.create_topic(unique("orders"), 2) for name in [*VARIANTS, PATIENT, STRICT]}
        self.dead = {name: cluster.create_topic(f"{topic}-dlq", 2) for name, topic in self.topics.items()}
        for topic in self.topics.values():
            scripts.write(topic, OBEYS)
        self.guard.deny(TOPIC, f"{self.topics[PATIENT]}-retry", WRITE)
        self.guard.deny(TOPIC, self.dead[STRICT], WRITE)
        self.router = start(scripts, config=f"""return {{
            defaults = {{ delivery = "exactly-once", retry = {{ max = 1, base = 50, jitter = 0 }} }},
            routes = {{ ["{self.topics[PATIENT]}"] = {{ retry = {{ mode = "topic" }} }} }},
        }}\n""", brokers=self.guard.brokers, env=login())
        self.workers = self.router.workers()

    def settle(self, name: str, seconds: float = 60.0) -> None:
        """All of a variant's messages are committed, by the worker that was there from the start."""
        topic = self.topics[name]
        until(lambda: self.cluster.committed(self.router.group, topic) == self.cluster.ends(topic), f"{name}: all is committed", seconds)
        assert self.router.workers() == self.workers

    def dead_letters(self, name: str) -> list[int]:
        return sorted(json.loads(record.value)["n"] for record in committed_records(self.cluster, self.dead[name]))


@pytest.fixture(scope="module")
def shop(guarded_kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with routers_in(folder, guarded_kafka) as start, contextlib.closing(Cluster(guarded_kafka.bootstrap)) as cluster:
        yield Shop(guarded_kafka, cluster, Scripts(folder / "scripts"), start)


def plain(to: str) -> Headers:
    return [("correlation-id", new_id()), ("reply-to", to.encode())]


def kafka_names(to: str, partition: bytes) -> Headers:
    return [("kafka_correlationId", new_id()), ("kafka_replyTopic", to.encode()), ("kafka_replyPartition", partition)]


Message = tuple[dict, Headers]


def answers(cluster: Cluster, topic: str) -> list:
    """What was committed there, error replies excepted."""
    records = committed_records(cluster, topic)
    return sorted(json.loads(each.value) for each in records if ("message-type", b"error") not in each.headers)


def publishes(*records: dict, to: str | None = None) -> Message:
    return {"publish": list(records)}, plain(to) if to else []


VARIANTS: dict[str, Callable[[Shop], list[Message]]] = {  # the guilty ones, in the order of their coming
    "a reply to a name that no topic can have": lambda shop: [({}, plain("no such name!"))],
    "a reply to a name of 300 letters": lambda shop: [({}, plain("x" * 300))],
    "a reply to the topic of transactions": lambda shop: [({}, plain("__transaction_state"))],
    "a reply to a partition that is not there": lambda shop: [({}, kafka_names(shop.fine, b"99"))],
    "a reply to the largest of partitions": lambda shop: [({}, kafka_names(shop.fine, struct.pack(">i", 2**31 - 1)))],
    SLOW: lambda shop: [({}, plain(shop.gone))],
    "a publish to a partition that is not there": lambda shop: [publishes({"to": shop.fine, "options": {"partition": 99}})],
    "a protected publish, and a good answer": lambda shop: [publishes({"to": shop.denied, "protected": True}, to=shop.fine)],
    "good publishes before and behind": lambda shop: [publishes({"to": shop.fine}, {"to": shop.denied}, {"to": shop.fine})],
    "two of one message": lambda shop: [publishes({"to": shop.denied}, {"to": shop.small, "value": text_of(400)})],
    "a large header": lambda shop: [publishes({"to": shop.small, "options": {"headers": {"x": text_of(400)}}})],
    "no key in a compacted topic": lambda shop: [publishes({"to": shop.compacted})],
    "another kind at each end": lambda shop: [({}, plain("__consumer_offsets")), ({}, plain(shop.denied))],
    "more guilty than good": lambda shop: [
        *[({"answer": text_of(400)}, plain(shop.small if number % 3 else shop.denied)) for number in range(20)],
        *[publishes({"to": shop.compacted}) for _ in range(10)],
    ],
    "a question to a topic that it may not write": lambda shop: [({"ask": shop.denied}, [])],
    "a question to an internal topic": lambda shop: [({"ask": "__consumer_offsets"}, [])],
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[beyond_ci] if name == SLOW else []) for name in VARIANTS])
def test_only_the_guilty_fail(shop: Shop, name: str) -> None:
    if name == SLOW and shop.gone in shop.cluster.topics():
        shop.cluster.delete_topic(shop.gone)
        until(lambda: shop.gone not in shop.cluster.topics(), "the topic is gone")
    replies = shop.cluster.create_topic(unique("replies"))
    guilty = VARIANTS[name](shop)
    good = [({"n": number}, plain(replies)) for number in range(GOOD)]
    bad = [({"n": 100 + number} | message, headers) for number, (message, headers) in enumerate(guilty)]
    middle = len(bad) // 2
    send_at_once(shop.cluster, shop.topics[name], [*bad[:middle], *good, *bad[middle:]])
    shop.settle(name)
    assert answers(shop.cluster, replies) == list(range(GOOD))
    assert shop.dead_letters(name) == list(range(100, 100 + len(bad)))
    assert answers(shop.cluster, shop.fine) == []
    assert "kafka_fatal" not in shop.router.log_text()


def health(router: Router) -> set[str]:
    status, body = router.get("/health")
    return {each["reason"] for each in json.loads(body)["reasons"]} if status == 503 else set()


def test_a_dead_letter_topic_that_may_not_be_written_stops_its_partition_alone(shop: Shop) -> None:
    replies = shop.cluster.create_topic(unique("replies"))
    send_at_once(shop.cluster, shop.topics[STRICT], [({"n": 0}, plain(replies)), ({"n": 100, "reject": True}, [])])
    until(lambda: health(shop.router), "health says so")
    other = shop.topics[next(iter(VARIANTS))]
    for number in range(1, 4):
        send_at_once(shop.cluster, other, [({"n": number}, plain(replies))])
        until(lambda number=number: answers(shop.cluster, replies) == list(range(number + 1)), "the others are answered")
    shop.guard.grant(TOPIC, shop.dead[STRICT])
    shop.settle(STRICT)
    assert shop.dead_letters(STRICT) == [100]
    until(lambda: not health(shop.router), "health is well again")


def test_what_no_retry_topic_takes_is_retried_in_its_place(shop: Shop) -> None:
    replies = shop.cluster.create_topic(unique("replies"))
    good = [({"n": number}, plain(replies)) for number in range(GOOD)]
    send_at_once(shop.cluster, shop.topics[PATIENT], [*good[:2], ({"n": 100, "raise": 10}, plain(replies)), *good[2:]])
    shop.settle(PATIENT)
    assert answers(shop.cluster, replies) == [*range(GOOD), 100]
    assert shop.dead_letters(PATIENT) == []


RESOURCES = {"the group": (GROUP, READ), "the transactional id": (TRANSACTIONAL_ID, WRITE)}


@pytest.mark.parametrize("resource", RESOURCES)
def test_transactions_that_are_denied_while_it_runs_are_told_and_go_on(guarded_cluster: Cluster, guard: Guard, scripts: Scripts, resource: str,
                                                                       start_guarded_router: StartRouter) -> None:
    kind, operation = RESOURCES[resource]
    topic, replies = guarded_cluster.create_topic(unique("orders")), guarded_cluster.create_topic(unique("replies"))
    scripts.write(topic, OBEYS)
    name = unique("denied")
    router = start_guarded_router(scripts, config=f"""return {{ kafka = {{ client_id = "{name}" }}, defaults = {{ delivery = "exactly-once" }} }}\n""",
                                  env={"KAFKA_GROUP_ID": name})
    workers = router.workers()
    send_at_once(guarded_cluster, topic, [({"n": 1}, plain(replies))])
    until(lambda: answers(guarded_cluster, replies) == [1], "it is answered")
    guard.deny(kind, name, operation, prefixed=True)
    send_at_once(guarded_cluster, topic, [({"n": 2}, plain(replies))])
    until(lambda: health(router), "health says so", 20)
    guard.grant(kind, name)
    until(lambda: answers(guarded_cluster, replies) == [1, 2], "it goes on", 60)
    assert router.workers() == workers


def test_what_on_load_publishes_in_vain_harms_nobody(guarded_cluster: Cluster, guard: Guard, scripts: Scripts,
                                                     start_guarded_router: StartRouter) -> None:
    topic, replies, denied = (guarded_cluster.create_topic(unique(stem)) for stem in ("orders", "replies", "denied"))
    guard.deny(TOPIC, denied, WRITE)
    scripts.write(topic, OBEYS + f"""
function onLoad()
    pcall(router.publish, "__consumer_offsets", 1)
    pcall(router.publish, "no such name!", 1)
    for number = 1, 10 do pcall(router.publish, "{denied}", number) end
end
""")
    router = start_guarded_router(scripts, config='return { defaults = { delivery = "exactly-once" } }\n')
    workers = router.workers()
    for number in range(3):
        send_at_once(guarded_cluster, topic, [({"n": number}, plain(replies))])
        until(lambda number=number: answers(guarded_cluster, replies) == list(range(number + 1)), "it is answered")
        router.reload()
        until(lambda number=number: router.log_text().count('"event":"reload_done"') == number + 1, "it is loaded again")
    assert router.workers() == workers
