"""More of static members: everything killed at once, a worker that stands still, names of every kind, many groups, host names."""

import contextlib
import json
import os
import signal
import time

import pytest
from conftest import StartRouter
from support.cluster import Cluster, unique
from support.gaps import Gaps
from support.load import Load
from support.router import Router, Scripts, alive
from support.variants import beyond_ci
from support.wait import until
from test_failover import ECHO, PARTITIONS, assignments, named, number_of, share_all

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def topic(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("echo"), partitions=PARTITIONS)
    scripts.write(topic, ECHO)
    return topic


def kill_all(router: Router) -> None:
    """As a loss of power does."""
    workers = router.workers()
    os.kill(router.pid, signal.SIGSTOP)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not [pid for pid in workers if alive(pid)], "they are gone, and their claims with them")
    router.kill_master()


@pytest.mark.parametrize("name", [None, "steady"])
def test_a_router_that_is_back_after_a_loss_of_power_has_its_partitions_at_once(cluster: Cluster, topic: str, scripts: Scripts,
                                                                               start_router: StartRouter, name: str | None) -> None:
    router = start_router(scripts, config=named(name), workers=2)
    share_all(cluster, router.group, topic, 2)
    names = cluster.instances(router.group)
    with contextlib.closing(Gaps(cluster, topic, PARTITIONS)) as gaps:
        until(lambda: gaps.answered_since(time.monotonic() - 1), "every partition is served", 30)
        kill_all(router)
        began = gaps.begin()
        router.start()
        until(lambda: gaps.answered_since(began + 0.5), "every partition is served again", 30)
    share_all(cluster, router.group, topic, 2)
    assert cluster.instances(router.group) == names
    assert "instance_fenced" not in router.log_text()
    router.stop()


@pytest.mark.parametrize("name", ["same", pytest.param(None, marks=[beyond_ci])])
def test_a_master_that_is_killed_and_started_anew_under_load_loses_nothing(cluster: Cluster, topic: str, note, scripts: Scripts,
                                                                          start_router: StartRouter, name: str | None) -> None:
    """Its workers are at work yet when those of its successor join."""
    with contextlib.closing(Load(cluster, topic)) as load:
        router = start_router(scripts, config=named(name), workers=2)
        load.run_to(0.3)
        old = router.kill_master()
        router.start(ready=False)
        load.run_to(0.6)
        load.finish()
        note(str(load))
    router.await_ready(60)
    share_all(cluster, router.group, topic, 2)
    assert not set(old) & set(router.workers())
    router.stop()


@beyond_ci
@pytest.mark.parametrize("name", [None, "steady", ""])
def test_a_worker_that_stands_still_for_longer_than_its_session_is_back(cluster: Cluster, topic: str, note, scripts: Scripts,
                                                                       start_router: StartRouter, name: str | None) -> None:
    own = "" if name is None else f'kafka = {{ group_instance_id = "{name}" }}'
    router = start_router(scripts, config=f"return {{ {own} }}\n", workers=2)
    share_all(cluster, router.group, topic, 2)
    with contextlib.closing(Gaps(cluster, topic, PARTITIONS)) as gaps:
        until(lambda: gaps.answered_since(time.monotonic() - 1), "every partition is served", 30)
        victim = min(router.workers())
        stopped = gaps.begin()
        os.kill(victim, signal.SIGSTOP)
        until(lambda: cluster.members(router.group) == (1, True), "the group goes on without it", 40)
        until(lambda: gaps.answered_since(stopped + 1), "every partition is served by the other one", 40)
        os.kill(victim, signal.SIGCONT)
        share_all(cluster, router.group, topic, 2)
        again = time.monotonic()
        until(lambda: gaps.answered_since(again), "every partition is served again", 40)
        note(f"a partition rested for {max(gaps.longest()):.2f} s at most; {len(router.workers())} workers, same: {victim in router.workers()}")
    assert "instance_fenced" not in router.log_text()
    router.await_ready()
    router.stop()


LONG = "x" * 198  # and two more are the most


@pytest.mark.parametrize("names", [
    ("a b/c:ü#\\\"'%s", "a b/c:ü#\\\"'%d"),
    pytest.param((LONG + "-a", LONG + "-b"), marks=[beyond_ci]),
    pytest.param(("auto-", "Auto"), marks=[beyond_ci]),
    pytest.param(("x", "x-0"), marks=[beyond_ci]),
], ids=["odd", "long", "nearly auto", "one that the other begins with"])
def test_names_of_every_kind_are_kept_apart(cluster: Cluster, topic: str, scripts: Scripts, start_router: StartRouter,
                                            names: tuple[str, str]) -> None:
    quoted = [each.replace("\\", "\\\\").replace('"', '\\"') for each in names]
    first = start_router(scripts, config=named(quoted[0]), workers=2)
    second = start_router(scripts, config=named(quoted[1]), env={"KAFKA_GROUP_ID": first.group})
    share_all(cluster, first.group, topic, 3)
    found = cluster.instances(first.group)
    assert len(set(found)) == 3, found
    assert "instance_fenced" not in first.log_text() + second.log_text()
    for router in first, second:
        assert json.loads(router.get("/status")[1])["workers"][0]["instance"] in found
        router.stop()


def test_machines_of_two_names_number_their_workers_alike(cluster: Cluster, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    first = start_router(scripts, config=named(None))
    wrapper = ["unshare", "--uts", "sh", "-c", 'hostname "other.name" && exec "$@"', "sh"]
    second = start_router(scripts, config=named(None), env={"KAFKA_GROUP_ID": first.group}, wrapper=wrapper)
    share_all(cluster, first.group, topic, 2)
    assert len([each for each in cluster.instances(first.group) if each.startswith("other.name-")]) == 1
    assert "instance_fenced" not in first.log_text() + second.log_text()


def test_a_worker_of_many_groups_is_replaced_in_all_of_them_at_once(cluster: Cluster, note, scripts: Scripts, start_router: StartRouter) -> None:
    stem = unique("many")
    topics = cluster.create_topics([f"{stem}-{number}" for number in range(20)], 2)
    routes = ", ".join(f'["^{each}$"] = {{ script = "echo.lua", group_id = "{each}" }}' for each in topics)
    scripts.write("echo", ECHO)
    router = start_router(scripts, config=named(None).replace("return {", f"return {{ routes = {{ {routes} }},"), workers=2)
    for each in topics:
        until(lambda each=each: cluster.members(each) == (2, True) and len(cluster.assigned(each)) == 2, "two members share it", 60)
    before = len(assignments(router))
    victim = min(router.workers())
    process = number_of(router, victim)
    killed = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(assignments(router)) >= before + 20, "its successor has all of its partitions", 30)
    note(f"{time.monotonic() - killed:.2f} s for 20 groups")
    assert set(assignments(router)[before:]) == {(process, 1)}
    router.await_ready()
    router.stop()
