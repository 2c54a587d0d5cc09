"""Exactly once: for those who read committed records each input has one answer and one effect, whoever dies meanwhile."""

import contextlib
import json
import os
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from broker import Kafka, Settings
from confluent_kafka import TopicPartition
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, client_properties, committed_records, unique
from support.load import TOTAL, Load
from support.router import Router, Scripts
from support.wait import until

# Publishes and answers; what a failed attempt publishes is not to be seen.
SERVE = """
local router = require "moonroute"
function handleMessage(_topic, message, _headers, context)
    router.publish("EFFECTS", { id = message.id, attempt = context.attempt }, { key = message.id })
    if context.attempt == 1 and message.fails then error { retry_after = 1, message = "the first attempt fails" } end
    return { id = message.id }
end
"""
ROUTES = 'return {{ defaults = {{ delivery = "exactly-once" }}, {more} }}\n'

MISSING = "no-such-topic-of-the-exactly-once-tests"

pytestmark = pytest.mark.timeout(240 + TOTAL // 100)


class World:
    """A topic that is served, the topic of its effects, and the load."""

    def __init__(self, cluster: Cluster, scripts: Scripts) -> None:
        self.cluster = cluster
        self.scripts = scripts
        self.topic = cluster.create_topic(unique("orders"), partitions=4)
        self.effects = cluster.create_topic(unique("effects"), partitions=4)
        self.script = SERVE.replace("EFFECTS", self.effects)
        scripts.write(self.topic, self.script)
        self.load = Load(cluster, self.topic)

    def assert_exactly_once(self, group: str) -> None:
        """As those see it who read committed records, once the group is through."""
        self.cluster.await_committed(group, self.topic, seconds=60)
        answers = Counter(int(record.header("correlation-id")) for record in committed_records(self.cluster, self.load.replies))
        effects = Counter(json.loads(record.value)["id"] for record in committed_records(self.cluster, self.effects))
        for what, seen in ("answers", answers), ("effects", effects):
            repeated = {each: count for each, count in seen.items() if count > 1}
            assert (len(seen), repeated) == (self.load.sent, {}), f"{what} of {self.load.sent} inputs"


@pytest.fixture
def world(cluster: Cluster, scripts: Scripts, note: Callable[[str], None]) -> Iterator[World]:
    world = World(cluster, scripts)
    with contextlib.closing(world.load):
        yield world
        note(str(world.load))


@pytest.fixture
def strict() -> Iterator[Cluster]:
    """A broker that creates no topic because somebody asks for it."""
    with Kafka(Settings(auto_create_topics=False)) as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        yield cluster


def config(**more: str) -> str:
    return ROUTES.format(more=", ".join(f"{key} = {value}" for key, value in more.items()))


def kill_some_worker(router: Router) -> None:
    workers = router.workers()
    if workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(workers), signal.SIGKILL)


def test_every_input_has_one_answer_and_one_effect(world: World, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2, config=config())
    world.load.finish()
    world.assert_exactly_once(router.group)
    router.stop()
    world.assert_exactly_once(router.group)


def test_workers_killed_under_load_lose_and_repeat_nothing(world: World, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2, config=config())
    for step in range(1, 6):
        world.load.run_to(step * 0.15)
        kill_some_worker(router)
    world.load.finish(seconds=90)
    world.assert_exactly_once(router.group)
    router.stop()


def test_a_name_in_the_group_that_another_router_takes_loses_and_repeats_nothing(world: World, scripts: Scripts,
                                                                                 start_router: StartRouter) -> None:
    name = {"MOONROUTE_KAFKA_GROUP_INSTANCE_ID": "same"}
    first = start_router(scripts, workers=2, config=config(), env=name)
    world.load.run_to(0.3)
    start_router(scripts, workers=2, config=config(), env=name | {"KAFKA_GROUP_ID": first.group})
    world.load.run_until(lambda: first.log_text().count("instance_fenced") == 2, "both workers are fenced")
    world.load.finish(seconds=90)
    world.assert_exactly_once(first.group)


def test_reloads_stops_and_a_second_router_lose_and_repeat_nothing(world: World, scripts: Scripts, start_router: StartRouter) -> None:
    """The second is on the same machine and has the same client id: it fences nobody."""
    first = start_router(scripts, workers=2, config=config())
    for step in range(1, 4):
        world.load.run_to(step * 0.05)
        first.reload()
    second = start_router(scripts, config=config(), env={"KAFKA_GROUP_ID": first.group})
    world.load.run_to(0.4)
    second.stop()
    world.load.run_to(0.6)
    first.stop()
    first.start()
    world.load.finish()
    world.assert_exactly_once(first.group)
    assert "producer_fenced" not in first.log_text() + second.log_text()


def test_what_a_failed_attempt_published_is_never_seen(cluster: Cluster, asker: Asker, world: World, scripts: Scripts,
                                                       start_router: StartRouter) -> None:
    start_router(scripts, config=config())
    for number in range(20):
        assert asker.ask_data(world.topic, {"id": str(number), "fails": True}) == {"id": str(number)}
    seen = sorted((int(each["id"]), each["attempt"]) for each in (json.loads(r.value) for r in committed_records(cluster, world.effects)))
    assert seen == [(number, 2) for number in range(20)]


def test_a_record_that_cannot_be_delivered_fails_its_message_and_no_other(cluster: Cluster, asker: Asker, world: World, scripts: Scripts,
                                                                        start_router: StartRouter) -> None:
    """The reply is larger than its topic allows, which the broker alone knows."""
    small = cluster.create_topic(unique("small"), **{"max.message.bytes": "1000"})
    scripts.write(world.topic, """
        function handleMessage(_topic, message) return { id = message.id, text = ("x"):rep(message.size or 0) } end""")
    router = start_router(scripts, config=config())
    asker.send(world.topic, {"id": "large", "size": 5000}, [("correlation-id", new_id()), ("reply-to", small.encode())], partition=0)
    for number in range(10):
        assert asker.ask_data(world.topic, {"id": number})["id"] == number
    cluster.await_committed(router.group, world.topic)
    assert committed_records(cluster, small) == []
    assert "delivery_failed" in router.log_text()
    (letter,) = committed_records(cluster, f"{world.topic}-dlq")
    assert json.loads(letter.value)["id"] == "large"


def test_a_reply_to_a_topic_that_is_not_there_ends_as_a_dead_letter_and_the_others_are_answered(
        strict: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    """It fails its transaction before that times out, so nobody is fenced."""
    with contextlib.closing(Asker(strict)) as asker, contextlib.closing(World(strict, scripts).load) as load:
        topic = load.topic
        router = start_router(scripts, config=config(), brokers=strict.bootstrap)
        asker.send(topic, {"id": "lost"}, [("correlation-id", new_id()), ("reply-to", MISSING.encode())], partition=0)
        for number in range(10):
            assert asker.ask_data(topic, {"id": str(number)}) == {"id": str(number)}
        strict.await_committed(router.group, topic)
        (letter,) = committed_records(strict, f"{topic}-dlq")
        assert json.loads(letter.value)["id"] == "lost"
        assert "producer_fenced" not in router.log_text()


def test_what_is_rejected_has_one_dead_letter_and_no_effect(cluster: Cluster, asker: Asker, world: World, scripts: Scripts,
                                                           start_router: StartRouter) -> None:
    scripts.write(world.topic, f"""
        local router = require "moonroute"
        function handleMessage(_topic, message)
            router.publish("{world.effects}", message)
            if message.id % 2 == 0 then router.reject("even") end
            return message
        end""")
    router = start_router(scripts, config=config())
    for number in range(20):
        if number % 2 == 0:
            assert asker.ask_error(world.topic, {"id": number})["message"] == "even"
        else:
            assert asker.ask_data(world.topic, {"id": number}) == {"id": number}
    cluster.await_committed(router.group, world.topic)
    letters = sorted(json.loads(record.value)["id"] for record in committed_records(cluster, f"{world.topic}-dlq"))
    effects = sorted(json.loads(record.value)["id"] for record in committed_records(cluster, world.effects))
    assert (letters, effects) == (list(range(0, 20, 2)), list(range(1, 20, 2)))


def test_a_fenced_worker_ends_and_the_next_one_goes_on(world: World, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, config=config())
    world.load.run_to(0.2)
    (fenced,) = router.workers()
    fence(world.cluster, router)
    world.load.run_until(lambda: "producer_fenced" in router.log_text(), "the worker knows that it is fenced")
    until(lambda: router.workers() not in ([], [fenced]), "the worker is replaced")
    world.load.finish(seconds=90)
    world.assert_exactly_once(router.group)
    router.stop()


def fence(cluster: Cluster, router: Router) -> None:
    """Takes the id of the router's only worker."""
    from confluent_kafka import Producer

    (made,) = [line for line in router.log() if line["event"] == "transactions_open"]
    thief = Producer(client_properties(cluster.bootstrap, transactional_id=made["id"]))
    thief.init_transactions(30)


@contextlib.contextmanager
def open_transaction(cluster: Cluster, group: str, topic: str) -> Iterator[None]:
    """Somebody else's, on what the group has committed of the topic; it changes nothing, and is aborted in the end."""
    from confluent_kafka import Consumer, Producer

    producer = Producer(client_properties(cluster.bootstrap, transactional_id=unique("open")))
    member = Consumer(client_properties(cluster.bootstrap, group_id=group))
    offsets = [TopicPartition(topic, partition, offset) for partition, offset in cluster.committed(group, topic).items()]
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.send_offsets_to_transaction(offsets, member.consumer_group_metadata(), 30)
    member.close()
    yield
    producer.abort_transaction(30)


def test_a_group_that_changes_while_a_transaction_is_open_begins_where_that_ends(world: World, scripts: Scripts,
                                                                               start_router: StartRouter) -> None:
    """librdkafka would take the partitions for ones of which nothing is committed, and begin with their first messages."""
    beats = config(kafka='{ properties = { ["heartbeat.interval.ms"] = 200 } }')
    first = start_router(scripts, config=beats)
    world.load.run_to(0.2)
    world.load.drain()
    world.assert_exactly_once(first.group)
    first.stop()
    with open_transaction(world.cluster, first.group, world.topic):
        first.start(ready=False)
        until(lambda: world.cluster.members(first.group)[0] == 1, "the first is a member")
        second = start_router(scripts, config=beats, env={"KAFKA_GROUP_ID": first.group}, ready=False)
        until(lambda: world.cluster.members(first.group) == (2, True) or
              (world.cluster.members(first.group)[0] == 2 and "offsets_unknown" in first.log_text()), "both are members")
    first.await_ready()
    second.await_ready()
    world.load.finish()
    world.assert_exactly_once(first.group)


def test_a_transaction_adds_less_than_a_tenth_of_a_second(asker: Asker, world: World, scripts: Scripts, start_router: StartRouter,
                                                           note: Callable[[str], None]) -> None:
    """Measured against at-least-once on the same broker; asserted with room, since this machine has others' work to do."""
    plain = world.cluster.create_topic(unique("plain"))
    scripts.write(plain, world.script)
    routes = f'{{ ["{plain}"] = {{ delivery = "at-least-once" }} }}'
    start_router(scripts, config=config(routes=routes))

    def median(topic: str) -> float:
        asker.ask_data(topic, {"id": "first"})
        times = []
        for number in range(40):
            began = time.monotonic()
            asker.ask_data(topic, {"id": str(number)})
            times.append(time.monotonic() - began)
        return statistics.median(times) * 1000

    at_least, exactly = median(plain), median(world.topic)
    note(f"a request takes {at_least:.1f} ms at least once, {exactly:.1f} ms exactly once")
    assert exactly - at_least < 100
