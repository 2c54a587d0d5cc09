"""More output topics that do not acknowledge: several at once, of which one recovers first; two groups, handlers that wait, a rebalance amid."""

import contextlib
from collections.abc import Callable

import pytest
from conftest import routers_in
from support.asker import Asker
from support.backlog import groups_of
from support.cluster import Cluster, unique
from support.router import Router, Scripts
from support.variants import beyond_ci
from support.wait import until
from test_stalled_outputs import ANSWER, FLOOD, PROMPT, WRITE, flood, slowest_answer
from trio import KafkaTrio

pytestmark = [pytest.mark.timeout(300), beyond_ci]

ASK = """
local router = require "moonroute"
function handleMessage(_topic, message) router.request("TARGET", message, { timeout = 2000 }) end
"""


class Stall:
    """Two topics that cease to acknowledge when broker 3 goes: it leads one, the other wants all replicas. Routes in two groups write to them."""

    def __init__(self, trio: KafkaTrio, cluster: Cluster, scripts: Scripts, start: Callable[..., Router], workers: int = 1) -> None:
        self.cluster = cluster
        stem = unique("led")
        self.led = cluster.create_led_topic(f"{stem}-led-commands", [3])
        cluster.change(self.led, min_insync_replicas="1")
        self.whole = cluster.create_topic(f"{stem}-whole", replicas=3)
        cluster.change(self.whole, min_insync_replicas="3")
        self.inputs = {name: cluster.create_led_topic(f"{stem}-{name}", [1, 2, 3], [2, 1, 3]) for name in ("led-in", "whole-in", "asks", "asked", "other")}
        for name, script in {"led-in": WRITE.replace("TARGET", self.led), "whole-in": WRITE.replace("TARGET", self.whole),
                             "asks": ASK.replace("TARGET", self.led), "asked": ANSWER, "other": ANSWER}.items():
            scripts.write(self.inputs[name], script)
        self.groups = {topic: f"{stem}-{'b' if name in ('whole-in', 'other') else 'a'}" for name, topic in self.inputs.items()}
        self.config = groups_of(self.groups)
        self.router = start(scripts, brokers=trio.bootstrap, config=self.config, workers=workers)
        self.workers = self.router.workers()

    def lag(self, name: str) -> int:
        return self.cluster.lag(self.groups[self.inputs[name]], self.inputs[name])


@pytest.mark.parametrize("joins", [False, True], ids=["", "another router joins"])
def test_several_at_once_of_which_one_recovers_first(trio: KafkaTrio, trio_cluster: Cluster, tmp_path, note: Callable[[str], None], joins: bool) -> None:
    with routers_in(tmp_path, trio.brokers[0]) as start, contextlib.closing(Asker(trio_cluster)) as asker:
        scripts = Scripts(tmp_path / "scripts")
        stall = Stall(trio, trio_cluster, scripts, start)
        for name in ("asked", "other"):
            asker.ask(stall.inputs[name], "first")
        trio.broker(3).kill()
        until(lambda: trio_cluster.leaders(stall.led) == [-1], "nobody leads", 60)
        for number in range(6):
            asker.send(stall.inputs["asks"], {"n": number}, key=b"%d" % (number % 3))
        flood(trio_cluster, stall.inputs["led-in"])
        flood(trio_cluster, stall.inputs["whole-in"])
        slowest = [slowest_answer(asker, stall.inputs[name], 6) for name in ("asked", "other")]
        note(f"slowest answers {slowest[0]:.3f} and {slowest[1]:.3f} s")
        assert max(slowest) < PROMPT
        trio_cluster.change(stall.whole, min_insync_replicas="1")
        if joins:
            other = start(scripts, brokers=trio.bootstrap, config=stall.config, ready=False)
        until(lambda: stall.lag("whole-in") == 0, "the one that has recovered is written", 60)
        assert slowest_answer(asker, stall.inputs["asked"], 3) < PROMPT or joins
        assert stall.lag("led-in") > 0
        if joins:
            other.await_ready(60)
            other.stop(30)
        trio.broker(3).start()
        until(lambda: stall.lag("led-in") == 0 and stall.lag("asks") == 0, "all is written", 120)
        counts = trio_cluster.count(stall.led), trio_cluster.count(stall.whole)
        note(f"written {counts}")
        assert counts[0] >= FLOOD + 6
        assert counts[1] == FLOOD or (joins and counts[1] > FLOOD)
        assert stall.router.workers() == stall.workers
        asker.ask(stall.inputs["asked"], "last")
        asker.ask(stall.inputs["other"], "last")
        stall.router.stop(30)


def test_a_stop_while_an_output_is_stalled_ends_in_time(trio: KafkaTrio, trio_cluster: Cluster, tmp_path) -> None:
    with routers_in(tmp_path, trio.brokers[0]) as start, contextlib.closing(Asker(trio_cluster)) as asker:
        stall = Stall(trio, trio_cluster, Scripts(tmp_path / "scripts"), start)
        asker.ask(stall.inputs["asked"], "first")
        trio.broker(3).kill()
        until(lambda: trio_cluster.leaders(stall.led) == [-1], "nobody leads", 60)
        flood(trio_cluster, stall.inputs["led-in"])
        stall.router.await_log("output_unacknowledged", seconds=30)
        stall.router.stop(15)
        stall.router.start()
        asker.ask(stall.inputs["asked"], "again")
        trio.broker(3).start()
        until(lambda: stall.lag("led-in") == 0, "all is written", 120)
        stall.router.stop(30)
