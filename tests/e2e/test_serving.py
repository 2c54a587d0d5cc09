"""A router that runs and serves nothing says so: 503 with the reason within seconds, and 200 again when the fault is over."""

import contextlib
import json
import signal
from collections.abc import Iterator

import pytest
from broker import Kafka
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, unique
from support.guard import DESCRIBE, GROUP, READ, TOPIC, Guard
from support.router import Router, Scripts
from support.wait import until
from trio import KafkaTrio

pytestmark = pytest.mark.timeout(180)

ANSWER = "function handleMessage(_topic, message) return { id = message.id } end\n"


def reasons(router: Router) -> list[tuple[str, str]]:
    """Name and message of each reason, while it is not ready."""
    status, body = router.get("/health/ready")
    return [(each["reason"], each["message"]) for each in json.loads(body)["reasons"]] if status == 503 else []


def await_reason(router: Router, *names: str, seconds: float = 12.0) -> str:
    """The message of the first of them that is told."""
    try:
        until(lambda: {name for name, _ in reasons(router)} & set(names), f"not ready for {names}", seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}; it says {router.get('/health/ready')}\n{router.log_text()[-3000:]}") from None
    return next((message for name, message in reasons(router) if name in names), "")


@contextlib.contextmanager
def stopped(*brokers: Kafka) -> Iterator[None]:
    """They stand still, their connections open."""
    for broker in brokers:
        broker.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for broker in brokers:
            broker.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("at_work", [True, False], ids=["at work", "idle"])
def test_a_group_that_may_not_be_read_is_told(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                              start_guarded_router: StartRouter, at_work: bool) -> None:
    topic = guarded_cluster.create_topic(unique("orders"))
    scripts.write(topic, ANSWER)
    router = start_guarded_router(scripts)
    if at_work:
        guarded_asker.ask_data(topic, {"id": 1})
    else:
        guarded_cluster.await_committed(router.group, topic)
    guard.deny(GROUP, router.group, READ)
    if at_work:
        guarded_asker.send(topic, {"id": 2})
    # While nothing is committed only the end of its session tells, after 10 s.
    message = await_reason(router, "group_denied", seconds=6 if at_work else 16)
    assert router.group in message
    assert '"event":"not_serving"' in router.log_text()
    guard.grant(GROUP, router.group)
    router.await_ready()
    assert guarded_asker.ask_data(topic, {"id": 3}) == {"id": 3}
    router.stop()


@pytest.mark.parametrize("operation", [READ, DESCRIBE], ids=["read", "describe"])
def test_a_topic_that_may_not_be_read_is_told(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                              start_guarded_router: StartRouter, operation) -> None:
    topic, other = guarded_cluster.create_topic(unique("orders")), guarded_cluster.create_topic(unique("other"))
    scripts.write(topic, ANSWER)
    scripts.write(other, ANSWER)
    router = start_guarded_router(scripts)
    guarded_asker.ask_data(topic, {"id": 1})
    guarded_cluster.await_committed(router.group, topic)
    guard.deny(TOPIC, topic, operation)
    assert topic in await_reason(router, "topic_denied")
    guard.grant(TOPIC, topic)
    router.await_ready()
    assert guarded_asker.ask_data(topic, {"id": 2}) == {"id": 2}
    router.stop()


def test_a_broker_that_stands_still_is_told(cluster: Cluster, kafka: Kafka, asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    topic = cluster.create_topic(unique("orders"))
    scripts.write(topic, ANSWER)
    router = start_router(scripts)
    asker.ask_data(topic, {"id": 1})
    with stopped(kafka):
        await_reason(router, "coordinator_silent", "broker_down", seconds=8)
    router.await_ready()
    assert asker.ask_data(topic, {"id": 2}) == {"id": 2}
    router.stop()


def test_a_partition_without_a_leader_is_told(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topic = trio_cluster.create_topic(unique("orders"), partitions=3, replicas=1)
    scripts.write(topic, ANSWER)
    router = start_router(scripts, brokers=trio.bootstrap)
    leader = trio_cluster.leaders(topic)[0]
    trio.brokers[leader - 1].kill()
    await_reason(router, "leader_missing", "coordinator_silent", seconds=30)
    assert topic in await_reason(router, "leader_missing", seconds=30)
    trio.start()
    router.await_ready(60)
    router.stop()


def test_one_broker_of_three_that_stands_still_is_no_loss_of_all(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts,
                                                                 start_router: StartRouter) -> None:
    topic = trio_cluster.create_topic(unique("orders"), partitions=3)
    scripts.write(topic, ANSWER)
    router = start_router(scripts, brokers=trio.bootstrap)
    with stopped(trio.brokers[0]):
        until(lambda: trio_cluster.leaders(topic)[0] != 1, "another broker leads", 40)
        router.await_ready(60)
        assert '"event":"broker_unreachable"' not in router.log_text()
    with contextlib.closing(Asker(trio_cluster)) as asker:
        assert asker.ask_data(topic, {"id": 1}) == {"id": 1}
    router.stop()
