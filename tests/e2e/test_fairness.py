"""A backlog on one partition: what else is asked meanwhile, what is committed, and the stop. Handlers compute, so nothing runs beside them.

How long answers take is measured elsewhere (tools/bench fairness); here counts how many of the backlog's handlers ran from one answer to
the next, by a counter that all scripts share."""

import contextlib
import json
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, client_properties, unique
from support.router import Scripts
from support.wait import until
from trio import KafkaTrio

BACKLOG = 2000  # of 50 ms each: a hundred seconds
BETWEEN = 15  # handlers of the backlog from one answer to the next, at most: a round trip, and slow machines
COUNT = "return { begun = 0 }"
BUSY = """
local router = require "moonroute"
local count = require "count"
function handleMessage(_topic, message)
    if message.spin then
        if message.sleep then router.sleep(message.sleep) end
        count.begun = count.begun + 1
        local ends = os.clock() + message.spin / 1000
        while os.clock() < ends do end
    end
    return count.begun
end
"""

pytestmark = pytest.mark.timeout(180)


class Topics:
    """One with a backlog on its first partition, and quiet ones."""

    def __init__(self, scripts: Scripts, busy: str, same_group: str, other_group: str) -> None:
        self.busy, self.same_group, self.other_group = busy, same_group, other_group
        (scripts.folder / "lib").mkdir()
        (scripts.folder / "lib" / "count.lua").write_text(COUNT)
        for topic in (self.busy, self.same_group, self.other_group):
            scripts.write(topic, BUSY)
        self.config = f"return {{ commit_interval = 200, shutdown_timeout = 3000, routes = {{ [{self.other_group!r}] = {{ group_id = {unique('group')!r} }} }} }}"


@pytest.fixture
def topics(cluster: Cluster, scripts: Scripts) -> Topics:
    return Topics(scripts, cluster.create_topic(unique("busy"), 2), cluster.create_topic(unique("quiet"), 1), cluster.create_topic(unique("other"), 1))


@pytest.fixture
def asker(cluster: Cluster) -> Iterator[Asker]:
    with contextlib.closing(Asker(cluster)) as asker:
        yield asker


def fill(cluster: Cluster, topics: Topics, reply_to: str, **more: int) -> None:
    producer = Producer(client_properties(cluster.bootstrap, linger_ms=20))
    for number in range(BACKLOG):
        producer.produce(topics.busy, json.dumps({"spin": 50, **more}), f"{number}", 0,
                         headers=[("correlation-id", f"{number}"), ("reply-to", reply_to)])
    assert producer.flush(30) == 0


def ask(asker: Asker, topic: str, partition: int) -> int:
    """How many of the backlog's handlers had begun when the handler ran."""
    correlation_id = unique("ask").encode()
    asker.send(topic, {}, asker.plain(correlation_id), partition=partition)
    return int(asker.reply_to(correlation_id).value)


def assert_all_are_answered_amid(asker: Asker, topics: Topics, most: int = BETWEEN) -> None:
    before = ask(asker, topics.same_group, 0)
    for _ in range(3):
        for topic, partition in ((topics.same_group, 0), (topics.other_group, 0), (topics.busy, 1)):
            now = ask(asker, topic, partition)
            assert now - before <= most, f"{now - before} of the backlog ran before {topic} {partition} was answered"
            before = now
    assert before < BACKLOG


def await_begin(cluster: Cluster, asker: Asker) -> None:
    until(lambda: cluster.count(asker.replies) > 0, "the backlog is begun", 60)


def test_quiet_routes_and_partitions_are_answered_amid_a_backlog(cluster: Cluster, topics: Topics, scripts: Scripts, asker: Asker,
                                                               start_router: StartRouter) -> None:
    fill(cluster, topics, asker.replies)
    start_router(scripts, config=topics.config)
    await_begin(cluster, asker)
    assert_all_are_answered_amid(asker, topics)


def test_and_amid_handlers_that_all_go_on_at_once(cluster: Cluster, topics: Topics, scripts: Scripts, asker: Asker, start_router: StartRouter) -> None:
    fill(cluster, topics, asker.replies, sleep=10)
    start_router(scripts, config=topics.config)
    await_begin(cluster, asker)
    assert_all_are_answered_amid(asker, topics)


def test_and_those_of_other_brokers(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topics = Topics(scripts, trio_cluster.create_led_topic(unique("busy"), [1], [2]), trio_cluster.create_led_topic(unique("quiet"), [2]),
                    trio_cluster.create_led_topic(unique("other"), [3]))
    with contextlib.closing(Asker(trio_cluster)) as asker:
        fill(trio_cluster, topics, asker.replies)
        start_router(scripts, config=topics.config, brokers=trio.bootstrap)
        await_begin(trio_cluster, asker)
        assert_all_are_answered_amid(asker, topics, 10 * BETWEEN)  # three brokers share the machine


def test_what_dear_handlers_have_done_is_committed_while_others_wait(cluster: Cluster, topics: Topics, scripts: Scripts, asker: Asker,
                                                                 start_router: StartRouter) -> None:
    fill(cluster, topics, asker.replies)
    router = start_router(scripts, config=topics.config)

    def committed() -> int:
        return cluster.committed(router.group, topics.busy)[0]

    first = until(committed, "a commit")
    second = until(lambda: committed() if committed() > first else 0, "another one")
    assert second < BACKLOG / 2  # and not when all were done
    assert router.get("/health/live")[0] == 200


def test_the_stop_is_obeyed_and_nothing_is_handled_again(cluster: Cluster, topics: Topics, scripts: Scripts, asker: Asker,
                                                        start_router: StartRouter) -> None:
    fill(cluster, topics, asker.replies)
    router = start_router(scripts, config=topics.config)
    await_begin(cluster, asker)
    router.stop(10)  # with all it had answered committed
    answered = cluster.count(asker.replies)
    assert cluster.committed(router.group, topics.busy)[0] == answered < BACKLOG
