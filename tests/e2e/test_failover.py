"""Workers as static members of their groups: who replaces a dead one has its partitions at once, and nobody else notices."""

import contextlib
import os
import signal
import socket
import time

import pytest
from conftest import StartRouter
from support.cluster import Cluster, unique
from support.gaps import Gaps, share
from support.router import Router, Scripts
from support.wait import until

KILLS = int(os.environ.get("MR_FAILOVER_KILLS", "3"))
WORKERS, PARTITIONS = 3, 6
YOUNG = 10.5  # seconds, master/backoff.h
# A partition that moved only when a session has ended would be missed for longer than any test waits.
LONG_SESSIONS = 'return { kafka = { %s properties = { ["session.timeout.ms"] = 120000, ["heartbeat.interval.ms"] = 500 } } }\n'
ECHO = "function handleMessage(_topic, message) return message end\n"

pytestmark = pytest.mark.timeout(180 + 15 * KILLS)


@pytest.fixture
def topic(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("echo"), partitions=PARTITIONS)
    scripts.write(topic, ECHO)
    return topic


def named(name: str | None) -> str:
    return LONG_SESSIONS % ("" if name is None else f'group_instance_id = "{name}",')


def assignments(router: Router) -> list[tuple[str, int]]:
    return [(entry["process"], entry["count"]) for entry in router.log() if entry["event"] == "partitions_assigned"]


def share_all(cluster: Cluster, group: str, topic: str, members: int) -> None:
    every = {(topic, partition) for partition in range(PARTITIONS)}
    until(lambda: cluster.members(group) == (members, True) and cluster.assigned(group) == every, f"{members} members share all", 60)


def oldest_grown(router: Router, seen: dict[int, float]) -> int:
    """The worker that was seen first, of those that are there. One that dies young again is replaced after a pause, so that it is let
    live for longer than that."""
    for pid in router.workers():
        seen.setdefault(pid, time.monotonic())
    oldest = min(router.workers(), key=seen.__getitem__)
    until(lambda: time.monotonic() - seen[oldest] > YOUNG, "it is grown", 2 * YOUNG)
    return oldest


def number_of(router: Router, pid: int) -> str:
    return next(entry["process"] for entry in router.log() if entry["event"] == "worker_ready" and entry["pid"] == pid)


def test_a_killed_worker_s_partitions_are_its_successor_s_at_once(cluster: Cluster, topic: str, note, scripts: Scripts,
                                                                 start_router: StartRouter) -> None:
    router = start_router(scripts, config=named(None), workers=WORKERS)
    share_all(cluster, router.group, topic, WORKERS)
    host = socket.gethostname()
    names = cluster.instances(router.group)
    assert len(set(names)) == WORKERS
    assert all(name.rpartition("-")[0] == host for name in names), names
    its, others, seen = [], [], {}
    with contextlib.closing(Gaps(cluster, topic, PARTITIONS)) as gaps:
        for _ in range(KILLS):
            until(lambda: gaps.answered_since(time.monotonic() - 1), "every partition is served")
            victim = oldest_grown(router, seen)
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


def test_a_worker_that_is_replaced_in_order_keeps_its_place(cluster: Cluster, topic: str, scripts: Scripts,
                                                            start_router: StartRouter) -> None:
    router = start_router(scripts, config=named(None), workers=WORKERS)
    share_all(cluster, router.group, topic, WORKERS)
    before = len(assignments(router))
    victim = router.workers()[0]
    process = number_of(router, victim)
    os.kill(victim, signal.SIGTERM)
    until(lambda: assignments(router)[before:], "its successor has partitions")
    router.await_ready()
    assert assignments(router)[before:] == [(process, PARTITIONS // WORKERS)]


@pytest.mark.parametrize("name", ["same", "auto"])
def test_two_routers_of_one_name_say_so_and_both_go_on(cluster: Cluster, topic: str, scripts: Scripts, start_router: StartRouter,
                                                       name: str) -> None:
    """Of one host name in network namespaces of their own, which know nothing of each other, for "auto"."""
    first = start_router(scripts, config=named(name))
    share_all(cluster, first.group, topic, 1)
    if name == "auto":  # what such a machine's router would do
        second = start_router(scripts, config=named(f"{socket.gethostname()}"), env={"KAFKA_GROUP_ID": first.group})
    else:
        second = start_router(scripts, config=named(name), env={"KAFKA_GROUP_ID": first.group})
    first.await_log("instance_fenced")
    share_all(cluster, first.group, topic, 2)
    first.await_ready()
    second.await_ready()
    shared = f"{name if name == 'same' else socket.gethostname()}-0"
    one, other = cluster.instances(first.group)
    assert one == shared
    assert other.startswith(f"{shared}-")
    workers = first.workers() + second.workers()
    os.kill(first.workers()[0], signal.SIGKILL)
    until(lambda: first.workers() and first.workers() != workers[:1], "the one that has moved is replaced")
    first.await_ready()
    share_all(cluster, first.group, topic, 2)
    assert second.workers() == workers[1:], "and nobody is fenced again"
    assert "instance_fenced" not in second.log_text()


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
