"""Partitions that move between routers on a real Kafka: nothing lost, nothing repeated where nobody dies, nothing committed late."""

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest
from conftest import StartRouter
from support.cluster import Cluster, unique
from support.load import TOTAL, Load
from support.router import Router, Scripts
from support.wait import until

ANSWER = """
local router = require "moonroute"
function handleMessage(_topic, message, _headers, context)
    if context.offset % 10 == 0 then router.sleep(30) end
    return { id = message.id }
end
"""
SHORT_SESSIONS = """return {
    kafka = { properties = { ["session.timeout.ms"] = 6000, ["heartbeat.interval.ms"] = 500 } },
    commit_interval = 200,
}
"""
# Sleeping, a worker is over the budget of what it was stopped in: the master would replace it.
SLEEPING = SHORT_SESSIONS.replace("commit_interval", "defaults = { budget = { time = 600000 } }, commit_interval")
PARTITIONS = 4

pytestmark = pytest.mark.timeout(180 + TOTAL // 200)


@pytest.fixture
def topic(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("orders"), partitions=PARTITIONS)
    scripts.write(topic, ANSWER)
    return topic


@pytest.fixture
def load(cluster: Cluster, topic: str) -> Iterator[Load]:
    with contextlib.closing(Load(cluster, topic)) as load:
        yield load


def counts(router: Router, event: str) -> list[int]:
    return [entry["count"] for entry in router.log() if entry["event"] == event]


def test_scaling_up_and_down_under_load_loses_and_repeats_nothing(load: Load, note, scripts: Scripts, start_router: StartRouter) -> None:
    first = start_router(scripts, config=SHORT_SESSIONS)
    load.run_to(0.1)
    for share in (0.3, 0.6):
        second = start_router(scripts, config=SHORT_SESSIONS, env={"KAFKA_GROUP_ID": first.group})
        load.run_until(lambda second=second: PARTITIONS // 2 in counts(second, "partitions_assigned"), "the second has its half")
        load.run_to(share)
        second.stop()
    load.finish()
    load.settle(first.group)
    note(str(load))
    assert load.lost() == 0
    assert load.repeated() == 0
    assert "partition_lost" not in first.log_text()


def test_a_worker_that_slept_through_its_session_commits_nothing(cluster: Cluster, load: Load, note, scripts: Scripts,
                                                                start_router: StartRouter) -> None:
    first = start_router(scripts, config=SLEEPING)
    load.run_to(0.2)
    (worker,) = first.workers()
    os.kill(worker, signal.SIGSTOP)
    second = start_router(scripts, config=SLEEPING, env={"KAFKA_GROUP_ID": first.group}, ready=False)
    load.run_until(lambda: PARTITIONS in counts(second, "partitions_assigned"), "the second has all")
    load.run_until(lambda: cluster.lag(first.group, load.topic) < load.window, "the second has caught up")
    load.drain()
    cluster.await_committed(first.group, load.topic)
    before = cluster.committed(first.group, load.topic)
    lines = len(first.log())
    os.kill(worker, signal.SIGCONT)

    def back() -> bool:
        now = cluster.committed(first.group, load.topic)
        assert now == before, f"committed went from {before} to {now}"
        return any(entry["event"] == "partitions_assigned" and entry["count"] > 0 for entry in first.log()[lines:])

    until(back, "the first is in the group again", 40)
    load.finish()
    load.settle(first.group)
    note(str(load))
    assert load.lost() == 0
    assert first.log_text().count("partition_lost") == PARTITIONS
    assert first.workers() == [worker]


def static_config(name: str) -> str:
    return SHORT_SESSIONS.replace("kafka = {", f'kafka = {{ group_instance_id = "{name}",')


def test_a_static_member_that_restarts_has_its_partitions_back_and_the_others_notice_nothing(load: Load, note, scripts: Scripts,
                                                                                             start_router: StartRouter) -> None:
    first = start_router(scripts, config=static_config("first"))
    second = start_router(scripts, config=static_config("second"), env={"KAFKA_GROUP_ID": first.group})
    load.run_until(lambda: PARTITIONS // 2 in counts(second, "partitions_assigned"), "the second has its half")
    load.run_to(0.3)
    lines = len(first.log())
    second.stop()
    second.start()
    until(lambda: counts(second, "partitions_assigned").count(PARTITIONS // 2) == 2, "the second has its half again")
    load.finish()
    load.settle(first.group)
    note(str(load))
    assert [entry["event"] for entry in first.log()[lines:] if "partition" in entry["event"]] == []
    assert load.lost() == 0
    assert load.repeated() == 0


def test_a_static_member_whose_name_another_takes_ends_its_worker(scripts: Scripts, topic: str, start_router: StartRouter) -> None:
    assert topic
    first = start_router(scripts, config=static_config("same"))
    second = start_router(scripts, config=static_config("same"), env={"KAFKA_GROUP_ID": first.group}, ready=False)
    until(lambda: PARTITIONS in counts(second, "partitions_assigned"), "the second has all", 40)
    first.await_log("kafka_fatal")
    first.await_log("exit status 73")
