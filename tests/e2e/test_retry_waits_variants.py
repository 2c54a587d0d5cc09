"""More that waits in retry topics: for a short time more than memory holds, what cannot be moved, routes that go and come back, orders."""

import time

import pytest
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, unique
from support.memory import peak_memory
from support.router import Router, Scripts
from support.variants import beyond_ci
from support.wait import until
from test_batches import send_at_once, text_of
from test_retry_waits import HOUR, MODES, SCRIPT, Service, send

pytestmark = pytest.mark.timeout(240)

ANSWER = "function handleMessage(_topic, message) return message end\n"
CI_MODES = pytest.mark.parametrize("delivery", ["at-least-once", pytest.param("exactly-once", marks=[beyond_ci])])


@pytest.fixture
def asked(cluster: Cluster, scripts: Scripts) -> str:
    """A topic beside, which is answered whatever waits."""
    topic = cluster.create_topic(unique("asked"))
    scripts.write(topic, ANSWER)
    return topic


def send_padded(asker: Asker, topic: str, name: str, after: int, size: int) -> None:
    asker.send(topic, {"id": name, "after": after, "padding": text_of(size)}, key=name.encode())


def load(router: Router) -> None:
    done = router.log_text().count('"event":"reload_done"')
    router.reload()
    until(lambda: router.log_text().count('"event":"reload_done"') > done, "it is loaded")


@CI_MODES
def test_more_that_wait_shortly_than_memory_holds_are_all_handled(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter,
                                                                  delivery: str) -> None:
    """Their partition is paused when 32 MiB wait, and nobody waits for long."""
    service = Service(cluster, scripts, start_router, delivery)
    names = [f"short-{number}" for number in range(900)]
    for name in names:
        send_padded(asker, service.topic, name, 4000, 60_000)
    service.await_attempts(*(f"{name}/2" for name in names), seconds=60)
    assert service.router.ready()
    service.router.stop()


@CI_MODES
def test_more_that_cannot_be_moved_than_a_window_has_hold_up_nobody(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter,
                                                                    delivery: str) -> None:
    """The router sends none of their size any more, so all wait on where they are."""
    service = Service(cluster, scripts, start_router, delivery)
    send_at_once(cluster, service.topic, [({"id": f"long-{number}", "after": HOUR, "padding": text_of(2000)}, []) for number in range(1100)])
    until(lambda: len(service.records(service.retries)) >= 1100, "all wait", 60)
    service.router.stop()
    file = service.router.folder / "moonroute.lua"
    file.write_text(file.read_text().replace("return {", 'return { kafka = { properties = { ["message.max.bytes"] = 1500 } },'))
    service.router.start()
    send(asker, service.topic, "soon", 50)
    service.router.await_log("retry_not_moved", seconds=20)
    number, ends = 0, time.monotonic() + 4
    while time.monotonic() < ends:  # meanwhile each of them is tried
        number += 1
        send(asker, service.topic, f"soon-{number}", 1)
        until(lambda number=number: len(service.waiting(f"soon-{number}")) >= 1, "it is in the retry topic")
        if delivery == "at-least-once":  # in a transaction nobody sees it before all before it are done
            service.await_attempts(f"soon-{number}/2", seconds=10)
    service.router.stop()


@CI_MODES
def test_a_route_that_goes_and_comes_back_repeats_nothing_behind_a_long_waiter(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                              start_router: StartRouter, asked: str, delivery: str) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    for number in range(300):
        send(asker, service.topic, f"long-{number}", HOUR)
    until(lambda: len(service.records(service.retries)) >= 300, "they wait")
    names = [f"short-{number}" for number in range(20)]
    for name in names:
        send(asker, service.topic, name, 50)
    service.await_attempts(*(f"{name}/2" for name in names))
    for _ in range(2):
        scripts.remove(service.topic)
        load(service.router)
        assert asker.ask_data(asked, "well?") == "well?"
        scripts.write(service.topic, SCRIPT.replace("TRACE", service.trace))
        load(service.router)
    send(asker, service.topic, "last", 50)
    service.await_attempts("last/2")
    assert {name: count for name, count in service.attempts().items() if count > 1} == {}
    service.router.stop()


@CI_MODES
def test_those_of_a_key_that_are_moved_take_their_turn_as_they_are_due(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                       start_router: StartRouter, delivery: str) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    names = [f"long-{number}" for number in range(300)]
    for name in names:
        send(asker, service.topic, name, 9000, "one")
    send(asker, service.topic, "other", 50)
    service.await_attempts(*(f"{name}/2" for name in names), seconds=40)
    assert service.moves() > 200
    done = [record.key.decode() for record in service.records(service.trace) if record.key.startswith(b"long-") and record.key.endswith(b"/2")]
    assert done == [f"{name}/2" for name in names]
    service.router.stop()


@MODES
@pytest.mark.parametrize("partitions", [1, 4])
@beyond_ci
def test_nothing_is_lost_when_routers_join_leave_load_and_stop_as_long_waiters_move(
        cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter, note, delivery: str, partitions: int) -> None:
    service = Service(cluster, scripts, start_router, delivery, partitions=partitions)
    names = [f"long-{number}" for number in range(2000)]
    send_at_once(cluster, service.topic, [({"id": name, "after": 25_000}, []) for name in names])
    send_at_once(cluster, service.topic, [({"id": f"soon-{number}", "after": 50}, []) for number in range(50)])
    until(lambda: service.moves() > 0, "they move", 30)
    config = (service.router.folder / "moonroute.lua").read_text()
    other = start_router(scripts, config=config, env={"KAFKA_GROUP_ID": service.router.group}, ready=False)
    load(service.router)
    other.await_ready(60)
    send_at_once(cluster, service.topic, [({"id": f"later-{number}", "after": 50}, []) for number in range(50)])
    other.stop()
    service.router.stop()
    service.router.start()
    waiters = [f"{name}/2" for name in names]
    others = [f"{stem}-{number}/2" for stem in ("soon", "later") for number in range(50)]
    service.await_attempts(*waiters, *others, seconds=90)
    counts = service.attempts()
    repeated = sum(count > 1 for count in counts.values())
    note(f"{repeated} of {len(counts)} attempts repeated, {len(service.records(service.retries))} records in the retry topic")
    assert delivery == "at-least-once" or not repeated
    assert max(counts.values()) <= 3
    cluster.await_committed(service.router.group, service.retries, 60)
    service.router.stop()


@beyond_ci
def test_a_compacted_retry_topic_keeps_all_of_different_keys(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    service = Service(cluster, scripts, start_router, "at-least-once", **{"cleanup.policy": "compact", "segment.ms": "2000",
                                                                         "min.cleanable.dirty.ratio": "0.01"})
    names = [f"long-{number}" for number in range(300)]
    for name in names:
        send(asker, service.topic, name, 12_000)
    send(asker, service.topic, "soon", 50)
    service.await_attempts(*(f"{name}/2" for name in names), seconds=60)
    assert max(service.attempts().values()) == 1
    cluster.await_committed(service.router.group, service.retries, 60)
    service.router.stop()


@beyond_ci
@MODES
def test_a_retry_topic_that_is_made_anew_serves_what_comes_then(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter,
                                                               delivery: str) -> None:
    """With fewer partitions. What waited in the one before is gone with it."""
    service = Service(cluster, scripts, start_router, delivery, partitions=3)
    for number in range(200):
        send(asker, service.topic, f"long-{number}", HOUR)
    until(lambda: len(service.records(service.retries)) >= 200, "they wait")
    cluster.recreate_topic(service.retries, 1)
    names = [f"soon-{number}" for number in range(30)]
    for name in names:
        send(asker, service.topic, name, 50)
    service.await_attempts(*(f"{name}/2" for name in names), seconds=60)
    assert service.router.ready()
    service.router.stop()


@beyond_ci
@pytest.mark.parametrize(("count", "size"), [(900, 60_000), (40_000, 10)])
@MODES
def test_what_waits_takes_no_more_memory_than_is_promised(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter, note,
                                                          delivery: str, count: int, size: int) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    for first in range(0, count, 10_000):
        send_at_once(cluster, service.topic, [({"id": f"long-{number}", "after": HOUR, "padding": "x" * size}, [])
                                              for number in range(first, min(first + 10_000, count))])
    send(asker, service.topic, "soon", 50)
    service.await_attempts("soon/2", seconds=100)
    peak = peak_memory(service.router.workers()[0])
    note(f"{peak:.0f} MiB, {service.moves():.0f} moves")
    assert peak < 200
    service.router.stop(30)
