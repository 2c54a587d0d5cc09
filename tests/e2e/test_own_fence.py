"""A coordinator that is away until a session has ended, and then is sent a commit from before: it fences the member that has sent it.

The member's worker goes on with another client.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import proxy
import pytest
from proxy import Fate, ProxiedKafka, Request
from support.cluster import Cluster, unique
from support.load import TOTAL, Load
from support.router import Router, Scripts
from support.wait import until
from test_exactly_once import World

# A commit that finds no coordinator waits for one for as long as a session lasts. A member's session begins with the last heartbeat that
# was answered, so the commit is sent too late if the coordinator is back within a heartbeat's interval after the session has ended.
CONFIG = """return {{ commit_interval = 1000, routes = {{ ["{exact}"] = {{ delivery = "exactly-once" }} }},
    kafka = {{ client_id = "under-test", properties = {{ ["session.timeout.ms"] = 8000, ["heartbeat.interval.ms"] = 4000,
        ["reconnect.backoff.max.ms"] = 100 }} }} }}
"""
ANSWER = "function handleMessage(_topic, message) return { id = message.id } end\n"
QUIET = 0.3  # s, after which a commit is answered
TRIES = 3

pytestmark = pytest.mark.timeout(240 + TOTAL // 50)


class Coordinator:
    """Away or not, for the router alone; so is the rest of the cluster.

    It is away from a heartbeat on, when no commit is on its way. That heartbeat is kept for beat(), which has the member's session last:
    to a coordinator that was away itself all sessions begin anew.
    """

    def __init__(self) -> None:
        self.away = self.is_to_go = False
        self.kafka: ProxiedKafka | None = None
        self._committed = self._beaten = 0.0

    async def __call__(self, request: Request) -> Fate | None:
        if request.client != "under-test":
            return None
        now = time.monotonic()
        if request.key == proxy.OFFSET_COMMIT:
            self._committed = now
        if self.is_to_go and request.key == proxy.HEARTBEAT and now - self._committed > QUIET:
            self.away, self.is_to_go = True, False
            return Fate.HOLD
        return Fate.CUT if self.away else None

    def go(self) -> None:
        assert self.kafka is not None
        self.kafka.proxy.held.clear()
        self.is_to_go = True

    def beat(self) -> None:
        assert self.kafka is not None
        now = time.monotonic()
        if now - self._beaten < 1:
            return
        (heartbeat,) = self.kafka.proxy.held
        answer = asyncio.run(heartbeat.deliver())
        assert answer[4:6] == b"\0\0", "the member is one still"  # behind the throttle time
        self._beaten = now

    def return_(self) -> None:
        self.away = False


class Shop:
    """A router of one worker and one group, with a topic that is served at least once, and one that is served exactly once."""

    def __init__(self, coordinator: Coordinator, kafka: ProxiedKafka, cluster: Cluster, scripts: Scripts, folder: Path) -> None:
        self.coordinator = coordinator
        self.exact = World(cluster, scripts)
        topic = cluster.create_topic(unique("plain"), partitions=4)
        scripts.write(topic, ANSWER)
        self.plain = Load(cluster, topic)
        self.router = Router(kafka.bootstrap, scripts, folder / "router", config=CONFIG.format(exact=self.exact.topic))

    def close(self) -> None:
        self.router.close()
        self.plain.close()
        self.exact.load.close()

    def load_until(self, condition: Callable[[], bool], what: str) -> None:
        def pumped() -> bool:
            turns = iter((False, True))
            self.plain.run_until(lambda: next(turns), "a turn")
            return condition()

        self.exact.load.run_until(pumped, what)

    def be_away_for_a_session(self) -> None:
        def lost() -> bool:
            self.coordinator.beat()
            return '"partition_lost"' in self.router.log_text()[before:]

        before = len(self.router.log_text())
        self.coordinator.go()
        self.load_until(lambda: self.coordinator.away, "the coordinator is away")
        self.load_until(lost, "the session has ended")
        self.coordinator.return_()
        self.load_until(lambda: '"worker_ready"' in self.router.log_text()[before:], "the worker is in its group again")

    def metric(self, name: str) -> float:
        lines = self.router.get("/metrics")[1].splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if f"_{name}" in line.partition("{")[0] and not line.startswith("#"))


@pytest.fixture
def shop(scripts: Scripts, tmp_path: Path, note: Callable[[str], None]) -> Iterator[Shop]:
    coordinator = Coordinator()
    with ProxiedKafka([coordinator]) as kafka, contextlib.closing(Cluster(kafka.direct)) as cluster:
        coordinator.kafka = kafka
        with contextlib.closing(Shop(coordinator, kafka, cluster, scripts, tmp_path)) as shop:
            shop.router.start()
            yield shop
            note(f"at least once: {shop.plain}; exactly once: {shop.exact.load}")
        assert kafka.proxy.faults == []


def fences(router: Router) -> int:
    return router.log_text().count('"session_fenced"')


def test_a_worker_whose_member_fences_itself_goes_on_with_another_client(shop: Shop) -> None:
    router = shop.router
    workers = router.workers()
    shop.load_until(lambda: shop.plain.answered() > 1000, "it is amid the work")
    for _ in range(TRIES):
        shop.be_away_for_a_session()
        if fences(router) > 0:
            break
    assert fences(router) > 0, "the commit from before came in time"
    shop.load_until(lambda: shop.plain.sent >= TOTAL, "everything sent")
    shop.plain.drain()
    shop.exact.load.finish()
    shop.plain.settle(router.group)
    shop.exact.assert_exactly_once(router.group)
    assert shop.plain.lost() == 0
    assert router.workers() == workers, "nobody was restarted"
    router.await_ready()
    assert json.loads(router.get("/health")[1])["reasons"] == []
    until(lambda: shop.metric("clients_ending") == 0, "the fenced client is ended")
    assert shop.metric("active_consumers") == 1
    assert '"kafka_fatal"' not in router.log_text()
    assert '"instance_fenced"' not in router.log_text()
    router.stop()
