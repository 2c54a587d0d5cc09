"""The master: replaces the dead, tells who is ready, and does PID 1's work."""

import contextlib
import json
import os
import signal
import subprocess

import psutil
import pytest
from broker import Kafka, Settings, free_port
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, unique
from support.router import Scripts, alive
from support.wait import until

# A killed worker's partitions move when its session has ended; 10 seconds by default, which other tests wait for.
SHORT_SESSIONS = 'return { kafka = { properties = { ["session.timeout.ms"] = 2000, ["heartbeat.interval.ms"] = 500 } } }\n'
ECHO = "function handleMessage(_topic, message) return message end\n"


@pytest.fixture
def topic(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("echo"), partitions=4)
    scripts.write(topic, ECHO)
    return topic


def test_there_are_as_many_workers_as_asked_for(topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    assert len(start_router(scripts, workers=3).workers()) == 3


def test_a_dead_worker_is_replaced_and_until_then_the_router_is_not_ready(asker: Asker, topic: str, scripts: Scripts,
                                                                         start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    before = router.workers()
    os.kill(before[0], signal.SIGKILL)
    status, body = until(lambda: (answer := router.get("/health/ready"))[0] == 503 and answer, "/health/ready answers 503", every=0.002)
    assert status == 503
    assert json.loads(body), "with reasons"
    assert router.get("/health/live")[0] == 200
    router.await_ready()
    after = router.workers()
    assert len(after) == 2
    assert before[0] not in after
    assert before[1] in after, "the other one worked on"
    assert asker.ask_data(topic, {"a": 1}) == {"a": 1}


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_a_worker_is_replaced_whatever_ended_it(topic: str, scripts: Scripts, start_router: StartRouter, number: signal.Signals) -> None:
    router = start_router(scripts, config=SHORT_SESSIONS)
    (before,) = router.workers()
    os.kill(before, number)
    until(lambda: router.workers() not in ([], [before]), "a new worker")
    router.await_ready()
    assert "worker" in router.log_text()
    router.stop()


def test_a_worker_that_dies_again_and_again_is_restarted_with_growing_pauses(topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, config=SHORT_SESSIONS)
    seen: set[int] = set()
    for _ in range(5):
        (worker,) = until(lambda: [pid for pid in router.workers() if pid not in seen], "a new worker")
        seen.add(worker)
        os.kill(worker, signal.SIGKILL)
    router.await_ready()
    router.stop()


def test_a_worker_can_die_during_the_stop(topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    workers = router.workers()
    router.signal(signal.SIGTERM)
    with contextlib.suppress(ProcessLookupError):
        os.kill(workers[0], signal.SIGKILL)
    router.await_exit()
    assert not any(alive(pid) for pid in workers)


def test_the_log_is_one_json_object_a_line_with_time_level_and_event(topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts)
    router.stop()
    entries = router.log()
    assert entries
    for entry in entries:
        assert entry["level"] in ("debug", "info", "warn", "error")
        assert "event" in entry
        assert any("time" in name or name == "ts" for name in entry), entry


def test_sigusr1_reopens_the_log_and_harms_nobody(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts)
    workers = router.workers()
    router.signal(signal.SIGUSR1)
    assert asker.ask_data(topic, [1]) == [1]
    assert router.workers() == workers
    router.stop()


# The broker comes and goes.


def test_without_a_broker_run_keeps_trying_says_so_and_heals(scripts: Scripts, start_router: StartRouter) -> None:
    port = free_port()
    topic = unique("later")
    scripts.write(topic, ECHO)
    router = start_router(scripts, ready=False, brokers=f"127.0.0.1:{port}")
    until(lambda: router.get("/health/live")[0] == 200, "the router is alive")
    router.await_log("broker_unreachable")
    status, body = router.get("/health/ready")
    assert status == 503
    assert json.loads(body), "with reasons"
    assert router.exited() is None
    with Kafka(port=port) as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        router.await_ready(40)  # the topic was there no sooner: the broker makes it, being asked
        with contextlib.closing(Asker(cluster)) as asker:
            assert asker.ask_data(topic, {"a": 1}) == {"a": 1}
        router.stop()


def test_a_broker_that_dies_and_comes_back_loses_nothing(scripts: Scripts, start_router: StartRouter) -> None:
    topic = unique("echo")
    scripts.write(topic, ECHO)
    with Kafka() as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster, contextlib.closing(Asker(cluster)) as asker:
        cluster.create_topic(topic, partitions=2)
        router = start_router(scripts, workers=2, brokers=kafka.bootstrap)
        workers = router.workers()
        assert asker.ask_data(topic, 1) == 1
        kafka.kill()
        router.await_log("broker_unreachable")
        assert router.get("/health/ready")[0] == 503
        kafka.start()
        assert asker.ask_data(topic, 2) == 2
        router.await_ready(40)
        assert router.workers() == workers, "nobody had to be restarted"
        router.stop()


def test_the_stop_ends_in_time_without_a_broker(scripts: Scripts, start_router: StartRouter) -> None:
    scripts.write("nowhere", ECHO)
    router = start_router(scripts, ready=False, brokers=f"127.0.0.1:{free_port()}", workers=2)
    until(lambda: len(router.workers()) == 2, "two workers")
    router.stop(seconds=12)


def test_a_topic_that_is_created_after_the_start_is_served(scripts: Scripts, start_router: StartRouter) -> None:
    """On a broker that creates no topics by itself, as most in production."""
    topic = unique("late")
    scripts.write(topic, ECHO)
    with Kafka(Settings(auto_create_topics=False)) as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        router = start_router(scripts, ready=False, brokers=kafka.bootstrap)
        until(lambda: router.get("/health/live")[0] == 200, "the router is alive")
        cluster.create_topic(topic)
        with contextlib.closing(Asker(cluster)) as asker:
            asker.send(topic, {"a": 1}, asker.plain(b"first"))
            assert asker.reply_to(b"first", seconds=40).value == b'{"a":1}'


# PID 1.


def can_unshare() -> bool:
    command = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="this user may not make PID namespaces")
def test_as_pid_1_the_master_reaps_strangers_and_stops_on_sigterm(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, config=SHORT_SESSIONS, workers=2, wrapper=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
    master = psutil.Process(router.pid)
    assert asker.ask_data(topic, {"a": 1}) == {"a": 1}
    # A shell inside leaves two children behind, which become the master's; one ends at once, one a little later.
    orphans = subprocess.run(["nsenter", "--target", str(master.pid), "--pid", "sh", "-c", "true & sleep 0.3 & exit 0"], check=False)
    assert orphans.returncode == 0
    until(lambda: not any(child.name() in ("true", "sh", "sleep") for child in master.children()), "the strangers are reaped")
    killed = router.workers()[0]
    os.kill(killed, signal.SIGKILL)
    until(lambda: killed not in [child.pid for child in master.children()], "the dead worker is reaped")
    until(lambda: len(router.workers()) == 2, "the dead worker is replaced")
    assert not any(child.status() == psutil.STATUS_ZOMBIE for child in master.children())
    router.await_ready()
    router.signal(signal.SIGTERM)
    assert router.await_exit() == 0
