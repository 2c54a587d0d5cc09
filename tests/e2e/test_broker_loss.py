"""Three brokers, of which one is away, or all: what was sent is answered, and the router says how it is."""

import contextlib
import json
from collections.abc import Callable, Iterator

import pytest
from conftest import StartRouter
from support.cluster import Cluster, unique
from support.load import TOTAL, Load
from support.router import Router, Scripts
from support.wait import until
from trio import KafkaTrio

ANSWER = "function handleMessage(_topic, message) return { id = message.id } end\n"

pytestmark = pytest.mark.timeout(180 + TOTAL // 100)


@pytest.fixture
def load(trio_cluster: Cluster, scripts: Scripts, note: Callable[[str], None]) -> Iterator[Load]:
    topic = trio_cluster.create_topic(unique("orders"), partitions=6)
    scripts.write(topic, ANSWER)
    with contextlib.closing(Load(trio_cluster, topic)) as load:
        yield load
        note(str(load))


@pytest.fixture
def router(trio: KafkaTrio, load: Load, scripts: Scripts, start_router: StartRouter) -> Router:
    return start_router(scripts, workers=2, brokers=trio.bootstrap)


def reasons(router: Router) -> set[str]:
    """What /health/ready says is the matter; nothing where it is ready."""
    status, body = router.get("/health/ready")
    assert status in (200, 503)
    return {each["reason"] for each in json.loads(body)["reasons"]}


def assert_nobody_was_restarted(router: Router, workers: list[int]) -> None:
    """But for idempotent producers that librdkafka has given up: it sometimes takes a retry, after a broker's death, for a step back."""
    given_up = sum(entry["event"] == "kafka_fatal" and "rewound sequence number" in entry["message"] for entry in router.log())
    assert len(set(workers) - set(router.workers())) <= given_up, "nobody had to be restarted"
    assert "instance_fenced" not in router.log_text(), "and nobody has another name for librdkafka's late commits"


def test_each_broker_in_turn_may_die_and_come_back_under_load(trio: KafkaTrio, trio_cluster: Cluster, load: Load, router: Router) -> None:
    workers = router.workers()
    for turn, broker in enumerate(trio.brokers):
        load.run_to((2 * turn + 1) / 7)
        broker.kill()
        load.run_to((2 * turn + 2) / 7)
        broker.launch()
        load.run_until(broker.answers, "the broker answers", 90)
        load.run_until(trio_cluster.whole, "the brokers are in step", 90)
    load.finish()
    load.settle(router.group)
    assert load.lost() == 0
    assert_nobody_was_restarted(router, workers)
    router.await_ready()
    router.stop()
    assert trio_cluster.lag(router.group, load.topic) == 0


def test_a_cluster_that_goes_and_comes_back_is_a_state_with_a_name(trio: KafkaTrio, load: Load, router: Router) -> None:
    workers = router.workers()
    load.run_to(0.3)
    assert reasons(router) == set()
    trio.kill()
    until(lambda: reasons(router) == {"broker_down"}, "the router says that no broker answers")
    assert router.get("/health/live")[0] == 200
    trio.start()
    router.await_ready(60)
    assert reasons(router) == set()
    load.finish()
    load.settle(router.group)
    assert load.lost() == 0
    assert_nobody_was_restarted(router, workers)
    router.stop()
