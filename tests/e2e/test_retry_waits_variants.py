"""More that waits in retry topics: for a short time more than memory holds, what cannot be moved, routes that go and come back, orders."""

import time

import pytest
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, unique
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
    assert service.moves() >= 300
    done = [record.key.decode() for record in service.records(service.trace) if record.key.startswith(b"long-") and record.key.endswith(b"/2")]
    assert done == [f"{name}/2" for name in names]
    service.router.stop()
