"""At least once, under load: what is sent is answered, whoever dies. How much: MR_E2E_LOAD requests of 250 bytes."""

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator

import pytest
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, unique
from support.load import TOTAL, Load
from support.router import Scripts, alive
from support.wait import until

ANSWER = """
function handleMessage(topic, message, headers, context)
    assert(topic == "TOPIC" and headers["correlation-id"] == context.key and context.correlation_id == context.key)
    return { id = message.id, total = message.payload.price * message.payload.quantity }
end
"""
SLOW_ANSWER = """
local router = require "moonroute"
function handleMessage(_topic, message)
    router.sleep(message.sleep or 20)
    return { id = message.id }
end
"""

pytestmark = pytest.mark.timeout(180 + TOTAL // 200)


@pytest.fixture
def topic(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("orders"), partitions=4)
    scripts.write(topic, ANSWER.replace("TOPIC", topic))
    return topic


def is_its_own_answer(number: int, value: bytes) -> None:
    assert json.loads(value) == {"id": f"order-{number:08d}", "total": 192751.5}


@pytest.fixture
def load(cluster: Cluster, topic: str) -> Iterator[Load]:
    with contextlib.closing(Load(cluster, topic, check=is_its_own_answer)) as load:
        yield load


@pytest.fixture
def tell(load: Load, note: Callable[[str], None]) -> Iterator[None]:
    """Prints the counts at the end of the run."""
    yield
    note(str(load))


def assert_each_answered_once(load: Load, group: str) -> None:
    load.settle(group)
    assert (load.lost(), load.repeated()) == (0, 0), str(load)


def test_every_request_is_answered_once(load: Load, tell: None, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    load.finish()
    assert_each_answered_once(load, router.group)
    router.stop()
    assert_each_answered_once(load, router.group)


def test_requests_sent_before_the_first_start_are_answered(load: Load, tell: None, scripts: Scripts, start_router: StartRouter) -> None:
    load.run_until(lambda: load.sent >= load.window, "the window is full")
    router = start_router(scripts)
    load.drain()
    assert_each_answered_once(load, router.group)


def test_a_killed_worker_loses_nothing(load: Load, tell: None, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    load.run_to(0.3)
    victim = router.workers()[0]
    os.kill(victim, signal.SIGKILL)
    load.run_to(0.6)
    load.finish()
    load.settle(router.group)
    assert load.lost() == 0
    assert victim not in router.workers()
    until(lambda: len(router.workers()) == 2, "the worker is replaced")
    router.stop()


def test_a_killed_master_loses_nothing_and_leaves_no_worker(load: Load, tell: None, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    load.run_to(0.3)
    orphans = router.kill_master()
    assert len(orphans) == 2
    until(lambda: not any(alive(pid) for pid in orphans), "the workers end by themselves", 15)
    router.start()
    load.finish()
    load.settle(router.group)
    assert load.lost() == 0
    router.stop()


def test_workers_whose_master_is_gone_stop_gracefully(load: Load, tell: None, scripts: Scripts, start_router: StartRouter) -> None:
    """They finish and commit what they have: nothing is repeated either."""
    router = start_router(scripts, workers=2)
    load.run_to(0.2)
    orphans = router.kill_master()
    until(lambda: not any(alive(pid) for pid in orphans), "the workers end by themselves", 15)
    router.start()
    load.drain()
    assert_each_answered_once(load, router.group)


def test_a_stop_under_load_and_a_new_start_lose_and_repeat_nothing(load: Load, tell: None, scripts: Scripts,
                                                                  start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    for fraction in 0.2, 0.4, 0.6:
        load.run_to(fraction)
        router.stop(seconds=10)
        router.start()
    load.finish()
    assert_each_answered_once(load, router.group)


def test_another_router_joins_and_leaves_under_load_without_loss(load: Load, tell: None, scripts: Scripts, start_router: StartRouter) -> None:
    first = start_router(scripts)
    load.run_to(0.2)
    second = start_router(scripts, env={"KAFKA_GROUP_ID": first.group})
    load.run_to(0.5)
    second.stop()
    load.finish()
    load.settle(first.group)
    assert load.lost() == 0


# The stop.


def send_slow(asker: Asker, topic: str, count: int, ms: int) -> set[bytes]:
    """Requests that take so long, all in flight when this returns: one that was sent behind them is answered already."""
    ids = {new_id() for _ in range(count)}
    for correlation_id in ids:
        asker.send(topic, {"id": "slow", "sleep": ms}, asker.plain(correlation_id), correlation_id, partition=0)
    behind = new_id()
    asker.send(topic, {"id": "quick", "sleep": 1}, asker.plain(behind), behind, partition=0)
    assert asker.next_reply().header("correlation-id") == behind
    return ids


def answered(cluster: Cluster, asker: Asker) -> list[bytes]:
    """The correlation ids of all slow replies, repeated ones too."""
    records = [record for record in cluster.records(asker.replies) if json.loads(record.value)["id"] == "slow"]
    return sorted(record.header("correlation-id") for record in records)


def test_handlers_in_flight_finish_and_are_answered_at_the_stop(cluster: Cluster, asker: Asker, topic: str, scripts: Scripts,
                                                                start_router: StartRouter) -> None:
    scripts.write(topic, SLOW_ANSWER)
    router = start_router(scripts)
    ids = send_slow(asker, topic, 20, ms=500)
    router.stop(seconds=10)
    assert answered(cluster, asker) == sorted(ids)
    assert cluster.lag(router.group, topic) == 0, "and their offsets are committed"
    router.start()
    asker.ask(topic, {"id": "later"})
    assert answered(cluster, asker) == sorted(ids), "each once"


def test_a_handler_that_takes_longer_than_the_stop_may_is_left_and_its_message_comes_again(
        cluster: Cluster, asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    scripts.write(topic, SLOW_ANSWER)
    router = start_router(scripts, env={"MOONROUTE_SHUTDOWN_TIMEOUT": "1000"})
    (slow,) = send_slow(asker, topic, 1, ms=60_000)
    router.signal(signal.SIGTERM)
    router.await_exit(seconds=5)
    assert answered(cluster, asker) == []
    scripts.write(topic, SLOW_ANSWER.replace("message.sleep or 20", "0"))
    router.start()
    until(lambda: answered(cluster, asker) == [slow], "the next router answers it")


def test_sigint_stops_as_sigterm_does(scripts: Scripts, topic: str, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    workers = router.workers()
    router.signal(signal.SIGINT)
    assert router.await_exit() == 0
    assert not any(alive(pid) for pid in workers)


def test_a_second_signal_during_the_stop_does_no_harm(cluster: Cluster, asker: Asker, topic: str, scripts: Scripts,
                                                      start_router: StartRouter) -> None:
    scripts.write(topic, SLOW_ANSWER)
    router = start_router(scripts)
    ids = send_slow(asker, topic, 3, ms=500)
    router.signal(signal.SIGTERM)
    router.signal(signal.SIGTERM)
    assert router.await_exit() == 0
    assert answered(cluster, asker) == sorted(ids)
