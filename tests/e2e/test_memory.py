"""A script that keeps ever more memory: its neighbours are served without a failure, and everybody is told which one it is."""

import json
import os
import statistics
import time
from collections.abc import Callable

import pytest
from conftest import StartRouter
from confluent_kafka import Producer
from support.asker import Asker
from support.cluster import Cluster, client_properties, unique
from support.memory import resident_memory
from support.router import Router, Scripts
from support.wait import until

LEAK = "local seen = {{}}\nfunction handleMessage() seen[#seen + 1] = ('x'):rep({size}) .. #seen end\n"
QUIET = "function handleMessage() return 1 end\n"
CONFIG = 'return {{ defaults = {{ delivery = "{delivery}", budget = {{ memory = "16MB" }} }} }}\n'
LEAKS = 20_000
# Tables and functions of its own, strands that outlive their handler, each way to fail.
MIXED = """local router = require "moonroute"
local known = {}
for i = 1, 1000 do known[i] = { tostring(i), function() return i end } end
local function later(kind)
    router.sleep(1)
    if kind == "fails" then error({ statusCode = 418, message = ("x"):rep(1000) }) end
end
function handleMessage(_topic, message)
    for _ = 1, 3 do router.spawn(later, message.spawned) end
    if message.kind == "fails" then error({ statusCode = 400, message = known[1 + message.id % 1000][1] }) end
    if message.kind == "raises" then error("raised") end
    if message.kind == "overruns" then while true do end end
    return router.all({ function() router.sleep(1) return message end })
end
"""
MIXED_CONFIG = 'return { defaults = { budget = { time = 20 }, retry = { max = 0 } } }\n'
ROUNDS = int(os.environ.get("MR_E2E_ROUNDS", "40"))  # 300 by hand
A_ROUND = int(os.environ.get("MR_E2E_A_ROUND", "100"))  # messages; 334 by hand
FLAT_MIB = 4.0


def write_many(cluster: Cluster, topic: str, count: int) -> None:
    producer = Producer(client_properties(cluster.bootstrap, linger_ms=5))
    for number in range(count):
        producer.produce(topic, b"{}", str(number).encode())
        producer.poll(0)
    assert producer.flush(30) == 0


def restarts(router: Router, reason: str) -> int:
    lines = [line for line in router.get("/metrics")[1].splitlines() if f'worker_restarts_total{{reason="{reason}"}}' in line]
    return int(lines[0].split()[-1]) if lines else 0


def names(router: Router, script: str) -> bool:
    status, body = router.get("/health")
    return status == 503 and any(reason["reason"] == "memory" and reason["script"] == script for reason in json.loads(body)["reasons"])


def leaking(cluster: Cluster, scripts: Scripts, size: int, stem: str = "leaky") -> str:
    topic = cluster.create_topic(unique(stem), partitions=2)
    scripts.write(topic, LEAK.format(size=size))
    return topic


@pytest.fixture
def quiet(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("quiet"), partitions=2)
    scripts.write(topic, QUIET)
    return topic


def no_dead_letters(cluster: Cluster, *topics: str) -> bool:
    return all(not cluster.partitions(f"{topic}-dlq") or cluster.count(f"{topic}-dlq") == 0 for topic in topics)


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_script_that_leaks_costs_its_neighbours_nothing(cluster: Cluster, asker: Asker, quiet: str, scripts: Scripts,
                                                          start_router: StartRouter, delivery: str) -> None:
    leaky = leaking(cluster, scripts, 1000)
    router = start_router(scripts, config=CONFIG.format(delivery=delivery))
    write_many(cluster, leaky, LEAKS)
    asked = 0
    while restarts(router, "memory") == 0:
        assert asker.ask_data(quiet, {}) == 1
        asked += 1
    assert names(router, f"{leaky}.lua")
    router.await_ready()
    done = len([line for line in router.log() if line["event"] == "reload_done"])
    router.reload()
    until(lambda: len([line for line in router.log() if line["event"] == "reload_done"]) > done, "it is reloaded")
    cluster.await_committed(router.group, leaky)
    assert asker.ask_data(quiet, {}) == 1
    assert no_dead_letters(cluster, leaky, quiet)
    assert [restarts(router, reason) for reason in ("signal", "exit", "budget")] == [0, 0, 0]
    assert not [line for line in router.log() if line["event"] in ("handler_failed", "reload_refused", "message_poisoned")]
    (line, *_) = [line for line in router.log() if line["event"] == "memory_kept"]
    assert line["script"] == f"{leaky}.lua"
    router.stop()


def test_while_several_scripts_leak_fast_another_is_served(cluster: Cluster, asker: Asker, quiet: str, scripts: Scripts,
                                                           start_router: StartRouter) -> None:
    leaky = [leaking(cluster, scripts, 300_000, stem) for stem in ("first", "second", "third")]
    router = start_router(scripts, config=CONFIG.format(delivery="at-least-once"))
    for topic in leaky:
        write_many(cluster, topic, 200)
    until(lambda: restarts(router, "memory") > 0, "a worker is replaced")
    router.await_ready()
    began, before = time.monotonic(), restarts(router, "memory")
    while time.monotonic() - began < 8:
        assert asker.ask_data(quiet, {}) == 1
    assert restarts(router, "memory") - before <= 2, "the script waits, not the router"
    assert router.get("/health")[0] == 503
    router.reload()
    router.await_log("reload_done")
    assert no_dead_letters(cluster, quiet, *leaky)
    assert not [line for line in router.log() if line["event"] in ("reload_refused", "message_poisoned", "worker_died")]
    router.stop()


def write_mixed(cluster: Cluster, topic: str, first: int) -> None:
    producer = Producer(client_properties(cluster.bootstrap, linger_ms=5))
    for number in range(first, first + A_ROUND):
        kind = {0: "fails", 1: "raises", 2: "overruns"}.get(number % 50, "answers")
        producer.produce(topic, json.dumps({"id": number, "kind": kind, "spawned": "fails" if number % 50 == 3 else "ends"}).encode())
    assert producer.flush(30) == 0


@pytest.mark.timeout(120 + 10 * ROUNDS)
def test_reloads_strands_and_failures_leave_no_memory_behind(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                             note: Callable[[str], None]) -> None:
    topic = cluster.create_topic(unique("mixed"))
    scripts.write(topic, MIXED)
    router = start_router(scripts, config=MIXED_CONFIG)
    (worker,) = router.workers()
    resident = []
    for number in range(ROUNDS):
        write_mixed(cluster, topic, number * A_ROUND)
        cluster.await_committed(router.group, topic)
        router.reload()
        until(lambda: router.log_text().count('"event":"reload_done"') > number, "it is reloaded")  # noqa: B023
        resident.append(resident_memory(worker))
    third = ROUNDS // 3
    before, after = statistics.median(resident[third:2 * third]), statistics.median(resident[-third:])
    note(f"{ROUNDS} reloads, {ROUNDS * A_ROUND} messages: {resident[0]:.1f}, {before:.1f}, {after:.1f} MiB")
    assert after - before < FLAT_MIB
    assert router.workers() == [worker]
    router.stop()
