"""Workers as static members of their groups: who replaces a dead one has its partitions at once, and nobody else notices."""

import contextlib
import json
import os
import signal
import socket
import time

import pytest
from conftest import StartRouter
from support.cluster import Cluster, unique
from support.gaps import Gaps, share
from support.load import Load
from support.router import Router, Scripts
from support.wait import until

KILLS = int(os.environ.get("MR_FAILOVER_KILLS", "3"))
WORKERS, PARTITIONS = 3, 6
# A partition that moved only when a session has ended would be missed for longer than any test waits.
LONG_SESSIONS = 'return { kafka = { %s properties = { ["session.timeout.ms"] = 120000, ["heartbeat.interval.ms"] = 500 } } }\n'
ECHO = "function handleMessage(_topic, message) return message end\n"

pytestmark = pytest.mark.timeout(180 + 5 * KILLS)


@pytest.fixture
def topic(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("echo"), partitions=PARTITIONS)
    scripts.write(topic, ECHO)
    return topic


def named(name: str | None) -> str:
    return LONG_SESSIONS % ("" if name is None else f'group_instance_id = "{name}",')


def assignments(router: Router) -> list[tuple[str, int]]:
    """Without those of nothing, which each rebalance brings, and which may be logged late."""
    return [(entry["process"], entry["count"]) for entry in router.log() if entry["event"] == "partitions_assigned" and entry["count"] > 0]


def taken(router: Router) -> int:
    """How many partitions its workers have by their own account, which lags behind the group's."""
    counts = {event: sum(entry["count"] for entry in router.log() if entry["event"] == event)
              for event in ("partitions_assigned", "partitions_drained")}
    return counts["partitions_assigned"] - counts["partitions_drained"]


def share_all(cluster: Cluster, group: str, topic: str, members: int) -> None:
    every = {(topic, partition) for partition in range(PARTITIONS)}
    until(lambda: cluster.members(group) == (members, True) and cluster.assigned(group) == every, f"{members} members share all", 60)


def number_of(router: Router, pid: int) -> str:
    return next(entry["process"] for entry in router.log() if entry["event"] == "worker_ready" and entry["pid"] == pid)


def test_a_killed_worker_s_partitions_are_its_successor_s_at_once(cluster: Cluster, topic: str, note, scripts: Scripts,
                                                                 start_router: StartRouter) -> None:
    """With the defaults: a session of 10 s, which nobody waits for."""
    router = start_router(scripts, workers=WORKERS)
    share_all(cluster, router.group, topic, WORKERS)
    host = socket.gethostname()
    names = cluster.instances(router.group)
    assert len(set(names)) == WORKERS
    assert all(name.rpartition("-")[0] == host for name in names), names
    its, others = [], []
    with contextlib.closing(Gaps(cluster, topic, PARTITIONS)) as gaps:
        for _ in range(KILLS):
            until(lambda: gaps.answered_since(time.monotonic() - 1), "every partition is served")
            victim = min(router.workers())  # the oldest
            process, before = number_of(router, victim), len(assignments(router))
            killed = gaps.begin()
            os.kill(victim, signal.SIGKILL)
            until(lambda killed=killed: gaps.answered_since(killed + 0.3), "every partition is served again", 30)
            until(lambda: len(router.workers()) == WORKERS, "it is replaced")
            assert assignments(router)[before:] == [(process, PARTITIONS // WORKERS)], "and nobody else was assigned anything"
            longest = sorted(gaps.longest(), reverse=True)
            its += longest[:PARTITIONS // WORKERS]
            others += longest[PARTITIONS // WORKERS:]
            router.await_ready()
    assert cluster.instances(router.group) == names
    assert share(its, 0.5) < 1
    note(f"{KILLS} killed; its partitions rested p50 {share(its, 0.5):.2f} s, p99 {share(its, 0.99):.2f} s, at most {max(its):.2f} s; "
         f"the others at most {max(others):.2f} s")
    router.stop()


def test_routers_of_one_machine_and_group_have_names_of_their_own(cluster: Cluster, topic: str, scripts: Scripts,
                                                                  start_router: StartRouter) -> None:
    first = start_router(scripts, config=named(None), workers=2)
    second = start_router(scripts, config=named(None), workers=2, env={"KAFKA_GROUP_ID": first.group})
    share_all(cluster, first.group, topic, 4)
    assert len(set(cluster.instances(first.group))) == 4
    assert "instance_fenced" not in first.log_text() + second.log_text()


def test_a_router_that_stops_leaves_its_partitions_to_the_others_at_once(cluster: Cluster, topic: str, scripts: Scripts,
                                                                        start_router: StartRouter) -> None:
    first = start_router(scripts, config=named(None))
    second = start_router(scripts, config=named(None), workers=2, env={"KAFKA_GROUP_ID": first.group})
    share_all(cluster, first.group, topic, 3)
    second.stop()
    share_all(cluster, first.group, topic, 1)
    second.start()
    share_all(cluster, first.group, topic, 3)


def test_routers_that_are_started_anew_one_after_the_other_leave_no_partition_behind(cluster: Cluster, topic: str, note, scripts: Scripts,
                                                                                   start_router: StartRouter) -> None:
    """As a rolling update does: each is stopped, and started again."""
    first = start_router(scripts, config=named(None), workers=2)
    second = start_router(scripts, config=named(None), env={"KAFKA_GROUP_ID": first.group})
    share_all(cluster, first.group, topic, 3)
    with contextlib.closing(Gaps(cluster, topic, PARTITIONS)) as gaps:
        until(lambda: gaps.answered_since(time.monotonic() - 1), "every partition is served", 30)
        gaps.begin()
        for router in first, second:
            router.stop()
            share_all(cluster, first.group, topic, 1 if router is first else 2)
            router.start()
            share_all(cluster, first.group, topic, 3)
        began = time.monotonic()
        until(lambda: gaps.answered_since(began), "every partition is served again", 30)
        note(f"a partition rested for {max(gaps.longest()):.2f} s at most")


def test_a_router_that_comes_back_with_a_worker_less_leaves_no_partition_to_it(cluster: Cluster, topic: str, scripts: Scripts,
                                                                              start_router: StartRouter) -> None:
    large = start_router(scripts, config=named(None), workers=3)
    share_all(cluster, large.group, topic, 3)
    large.stop()
    start_router(scripts, config=named(None), workers=2, env={"KAFKA_GROUP_ID": large.group})
    share_all(cluster, large.group, topic, 2)


def test_a_worker_that_is_replaced_in_order_keeps_its_place(cluster: Cluster, topic: str, scripts: Scripts,
                                                            start_router: StartRouter) -> None:
    router = start_router(scripts, config=named(None), workers=WORKERS)
    share_all(cluster, router.group, topic, WORKERS)
    until(lambda: taken(router) == PARTITIONS, "all workers have taken their partitions")
    before = len(assignments(router))
    victim = router.workers()[0]
    process = number_of(router, victim)
    os.kill(victim, signal.SIGTERM)
    until(lambda: assignments(router)[before:], "its successor has partitions")
    router.await_ready()
    assert assignments(router)[before:] == [(process, PARTITIONS // WORKERS)]


def assert_says_that_it_was_fenced(router: Router, name: str) -> None:
    code, health = router.get("/health")
    reasons = [(each["reason"], name in each["message"]) for each in json.loads(health)["reasons"]]
    assert (code, reasons) == (503, [("fenced", True)])
    worker = json.loads(router.get("/status")[1])["workers"][0]
    assert worker["instance"].startswith(f"{name}-")
    assert '_worker_restarts_total{reason="fenced"} 1\n' in router.get("/metrics")[1]


@pytest.mark.parametrize("name", ["same", "auto"])
def test_two_routers_of_one_name_say_so_and_both_go_on(cluster: Cluster, topic: str, scripts: Scripts, start_router: StartRouter,
                                                       name: str) -> None:
    """For "auto" the second is what a machine of the same host name would start, which knows nothing of this one's claims."""
    first = start_router(scripts, config=named(name))
    share_all(cluster, first.group, topic, 1)
    shared = cluster.instances(first.group)[0]
    theirs, _, number = shared.rpartition("-")
    second = start_router(scripts, config=named(theirs), workers=int(number) + 1, env={"KAFKA_GROUP_ID": first.group})
    first.await_log("instance_fenced")
    share_all(cluster, first.group, topic, int(number) + 2)
    first.await_ready()
    second.await_ready()
    assert_says_that_it_was_fenced(first, shared)
    assert second.get("/health")[0] == 200
    names = cluster.instances(first.group)
    assert shared in names
    assert any(each.startswith(f"{shared}-") for each in names)
    workers = first.workers() + second.workers()
    os.kill(first.workers()[0], signal.SIGKILL)
    until(lambda: first.workers() and first.workers() != workers[:1], "the one that has moved is replaced")
    first.await_ready()
    share_all(cluster, first.group, topic, int(number) + 2)
    assert second.workers() == workers[1:], "and nobody is fenced again"
    assert "instance_fenced" not in second.log_text()


def test_a_name_that_is_taken_under_load_loses_nothing(cluster: Cluster, topic: str, note, scripts: Scripts,
                                                      start_router: StartRouter) -> None:
    with contextlib.closing(Load(cluster, topic)) as load:
        first = start_router(scripts, config=named("same"), workers=2)
        load.run_to(0.3)
        start_router(scripts, config=named("same"), workers=2, env={"KAFKA_GROUP_ID": first.group})
        load.run_until(lambda: first.log_text().count("instance_fenced") == 2, "both workers are fenced")
        share_all(cluster, first.group, topic, 4)
        load.finish()
        note(str(load))


def test_without_a_name_members_are_not_static(cluster: Cluster, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, config=named(""))
    share_all(cluster, router.group, topic, 1)
    assert cluster.instances(router.group) == [""]


def test_a_topic_that_is_new_at_a_restart_of_static_members_is_served(cluster: Cluster, topic: str, scripts: Scripts,
                                                                      start_router: StartRouter) -> None:
    """The group's coordinator does not look at what a member that it knows subscribes to."""
    router = start_router(scripts, config=named("steady"), workers=2)
    share_all(cluster, router.group, topic, 2)
    router.stop()
    other = cluster.create_topic(unique("other"), partitions=2)
    scripts.write(other, ECHO)
    router.start()
    until(lambda: {name for name, _ in cluster.assigned(router.group)} == {topic, other}, "both topics are served", 30)


def test_partitions_that_are_new_at_a_restart_of_static_members_are_served(cluster: Cluster, topic: str, scripts: Scripts,
                                                                           start_router: StartRouter) -> None:
    router = start_router(scripts, config=named("steady"), workers=2)
    share_all(cluster, router.group, topic, 2)
    router.stop()
    cluster.grow_topic(topic, PARTITIONS + 2)
    router.start()
    until(lambda: len(cluster.assigned(router.group)) == PARTITIONS + 2, "the new ones are served, too", 30)
