"""What waits long in a retry topic: nobody behind it waits for it, and offsets move all the same."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, Record, committed_records, unique
from support.router import Router, Scripts
from support.wait import until

pytestmark = pytest.mark.timeout(240)

HOUR = 3_600_000
# Fails at the first attempt, for as long as it is told to, and tells of each. In a transaction nobody hears of those that fail.
SCRIPT = """
local router = require "moonroute"
function handleMessage(_topic, message, _headers, context)
    router.publish("TRACE", { id = message.id, attempt = context.attempt }, { key = message.id .. "/" .. context.attempt })
    if context.attempt == 1 then router.retry(message.after, "later") end
end
"""
MODES = pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])


class Service:
    """A topic that retries by topic, and the trace of its attempts."""

    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter, delivery: str, ordering: str = "key",
                 partitions: int = 1, **config: str) -> None:
        self.cluster, self.delivery = cluster, delivery
        self.topic = cluster.create_topic(unique("orders"), partitions)
        self.retries = cluster.create_topic(f"{self.topic}-retry", partitions, **config)
        self.trace = cluster.create_topic(unique("trace"))
        scripts.write(self.topic, SCRIPT.replace("TRACE", self.trace))
        self.router: Router = start(scripts, config=f"""return {{ defaults = {{ delivery = "{delivery}", ordering = "{ordering}",
            retry = {{ max = 5, jitter = 0, mode = "topic" }} }} }}""")

    def records(self, topic: str) -> list[Record]:
        return committed_records(self.cluster, topic) if self.delivery == "exactly-once" else self.cluster.records(topic)

    def attempts(self) -> Counter[str]:
        """How often each attempt at each message was made, by `id/attempt`."""
        return Counter(record.key.decode() for record in self.records(self.trace))

    def await_attempts(self, *names: str, seconds: float = 30.0) -> None:
        until(lambda: not set(names) - set(self.attempts()), f"{names[:3]} are made", seconds)

    def waiting(self, name: str) -> list[Record]:
        return [record for record in self.records(self.retries) if record.key == name.encode()]

    def moves(self) -> float:
        lines = self.router.get("/metrics")[1].splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if "_retry_moves_total " in line and line[0] != "#")


def send(asker: Asker, topic: str, name: str, after: int, key: str | None = None) -> None:
    asker.send(topic, {"id": name, "after": after}, key=(key or name).encode())


@MODES
@pytest.mark.parametrize("key", [None, "one"], ids=["keys", "one key"])
def test_one_that_is_due_soon_does_not_wait_for_a_thousand_before_it(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter,
                                                                     note: Callable[[str], None], delivery: str, key: str | None) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    for number in range(1100):
        send(asker, service.topic, f"long-{number}", HOUR, key)
    until(lambda: len(service.records(service.retries)) >= 1100, "all wait", 60)
    send(asker, service.topic, "soon", 200, key)
    begun = time.monotonic()
    service.await_attempts("soon/2", seconds=8)
    note(f"{time.monotonic() - begun:.2f} s from sending to the second attempt")
    counts = service.attempts()
    assert not [name for name in counts if name.startswith("long") and name.endswith("/2")]
    assert counts["soon/2"] == 1
    service.router.stop()


@MODES
def test_what_was_handled_behind_a_long_waiter_is_not_handled_again_by_restarts(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                                start_router: StartRouter, delivery: str) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    send(asker, service.topic, "long", HOUR)
    until(lambda: service.waiting("long"), "it waits")
    for round_number in range(3):
        names = [f"{round_number}-{number}" for number in range(20)]
        for name in names:
            send(asker, service.topic, name, 50)
        service.await_attempts(*(f"{name}/2" for name in names))
        service.router.stop()
        service.router.start()
    send(asker, service.topic, "last", 50)
    service.await_attempts("last/2")
    assert {name: count for name, count in service.attempts().items() if count > 1} == {}
    first, *again = service.waiting("long")
    assert again, "it was moved behind"
    for moved in again:
        assert (moved.key, moved.value, moved.headers[:-1]) == (first.key, first.value, first.headers)
        assert moved.headers[-1][0] == "retry-moves"
    assert "_retry_attempts_total 1\n" in service.router.get("/metrics")[1]
    service.router.stop()


def test_a_long_waiter_moves_by_itself_and_offsets_are_committed(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                 start_router: StartRouter) -> None:
    service = Service(cluster, scripts, start_router, "at-least-once")
    send(asker, service.topic, "long", HOUR)
    until(lambda: service.waiting("long"), "it waits")
    send(asker, service.topic, "other", 50)
    service.await_attempts("other/2")
    until(lambda: cluster.committed(service.router.group, service.retries).get(0) == 2, "what is behind it is committed", 20)
    assert service.moves() == 1
    service.router.stop()


@MODES
def test_nothing_is_lost_when_the_worker_is_killed_as_long_waiters_move(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                        start_router: StartRouter, delivery: str) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    waiters = [f"long-{number}" for number in range(300)]
    for name in waiters:
        send(asker, service.topic, name, 15_000)
    until(lambda: len(service.records(service.retries)) >= 300, "all wait")
    send(asker, service.topic, "other", 50)
    until(service.moves, "they move", 20)
    os.kill(service.router.workers()[0], signal.SIGKILL)
    service.await_attempts("other/2", *(f"{name}/2" for name in waiters), seconds=90)
    cluster.await_committed(service.router.group, service.retries, 60)
    assert not [name for name, count in service.attempts().items() if count > (1 if delivery == "exactly-once" else 2)]
    service.router.stop()


@MODES
def test_more_that_wait_than_memory_holds_are_moved_until_the_one_behind_them_is_read(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                                      start_router: StartRouter, delivery: str) -> None:
    service = Service(cluster, scripts, start_router, delivery)
    for number in range(900):
        asker.send(service.topic, {"id": f"long-{number}", "after": HOUR, "padding": "x" * 60_000})
    until(lambda: sum(cluster.ends(service.retries).values()) >= 900, "all wait", 60)
    send(asker, service.topic, "soon", 200)
    service.await_attempts("soon/2", seconds=60)
    assert service.router.ready()
    service.router.stop(30)
