"""Backlogs of every kind at once, or each alone: quiet routes are answered amid them. What counts is how much the handlers of backlogs have
computed from one answer to the next, which all scripts share a counter of."""

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Iterator

import pytest
from confluent_kafka import Producer
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, client_properties, unique
from support.router import Scripts
from support.variants import beyond_ci
from support.wait import until

COST = 20  # ms of computing, each
EACH = 600
BETWEEN = 1500  # ms of computing between two answers, at most; all there is are minutes
COUNT = "return { spent = 0 }"
BURNS = """
local router = require "moonroute"
local count = require "count"
function handleMessage(_topic, message)
    if type(message) == "table" and message.quiet then return count.spent end
    SLEEP
    local ends = os.clock() + COST / 1000
    while os.clock() < ends do end
    count.spent = count.spent + COST
    END
end
"""

pytestmark = pytest.mark.timeout(180)


@dataclasses.dataclass(frozen=True)
class Kind:
    settings: str = ""
    cost: float = COST
    sleep: str = ""
    end: str = ""
    count: int = EACH
    size: int = 0
    key: str | None = None
    own_group: bool = False
    pattern: bool = False
    retry: bool = False  # the backlog is in its retry topic


KINDS = {
    "plain": Kind(),
    "in another group": Kind(own_group=True),
    "by a pattern": Kind(pattern=True),
    "by partition": Kind('ordering = "partition"'),
    "one at a time": Kind("concurrency = 1"),
    "in no order, many at once": Kind('ordering = "none", concurrency = 1000'),
    "of one key": Kind(key="one"),
    "raw": Kind('codec = "raw"'),
    "that sleep first": Kind(sleep="router.sleep(30)"),
    "that sleep for long": Kind(sleep="router.sleep(5000)"),
    "that fail": Kind(end="router.reject('no')"),
    "exactly once": Kind('delivery = "exactly-once"', own_group=True),
    "at most once": Kind('delivery = "at-most-once"', own_group=True),
    "in a retry topic": Kind('retry = { mode = "topic" }', retry=True),
    "large": Kind(cost=1, size=200_000, count=200),
    "cheap": Kind(cost=0.01, count=60_000),
    "dear": Kind(cost=200, count=200),
}


class Shop:
    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter, names: Iterable[str]) -> None:
        self.cluster = cluster
        self.topics = {name: cluster.create_topic(unique("busy"), 2) for name in names}
        self.quiet = [cluster.create_topic(unique("quiet")) for _ in range(2)]
        (scripts.folder / "lib").mkdir()
        (scripts.folder / "lib" / "count.lua").write_text(COUNT)
        routes = [f'["{self.quiet[1]}"] = {{ group_id = "{unique("group")}" }}']
        for topic in self.quiet:
            scripts.write(topic, burns(Kind()))
        for name, topic in self.topics.items():
            kind = KINDS[name]
            scripts.write(f"pattern-{topic}" if kind.pattern else topic, burns(kind))
            settings = kind.settings + (f', group_id = "{unique("group")}"' if kind.own_group else "")
            routes.append(f'["^{topic[:-1]}.$"] = {{ script = "pattern-{topic}.lua" }}' if kind.pattern else
                          f'["{topic}"] = {{ {settings.lstrip(", ")} }}')
            self.fill(cluster.create_topic(f"{topic}-retry", 2) if kind.retry else topic, kind)
        self.router = start(scripts, config=f"return {{ routes = {{ {', '.join(routes)} }} }}\n")

    def fill(self, topic: str, kind: Kind) -> None:
        producer = Producer(client_properties(self.cluster.bootstrap, linger_ms=20, queue_buffering_max_messages=1_000_000))
        value = json.dumps({"pad": "x" * kind.size})
        for number in range(kind.count):
            producer.produce(topic, value, kind.key or f"{number}")
            if number % 1000 == 0:
                producer.poll(0)
        assert producer.flush(60) == 0

    def ask(self, asker: Asker, topic: str) -> int:
        """What the handlers of backlogs had computed when the handler ran."""
        return int(asker.ask_data(topic, {"quiet": True}))

    def assert_answered_amid(self, asker: Asker) -> None:
        before = until(lambda: self.ask(asker, self.quiet[0]), "a backlog is begun", 30)
        for _ in range(3):
            for topic in self.quiet:
                now = self.ask(asker, topic)
                assert now - before <= BETWEEN, f"{now - before} ms of backlogs ran before {topic} was answered"
                before = now
        assert before < sum(KINDS[name].cost * KINDS[name].count for name in self.topics)
        assert self.router.get("/health/live")[0] == 200


def burns(kind: Kind) -> str:
    return BURNS.replace("COST", str(kind.cost)).replace("SLEEP", kind.sleep).replace("END", kind.end)


@pytest.fixture
def asker(cluster: Cluster) -> Iterator[Asker]:
    with contextlib.closing(Asker(cluster)) as asker:
        yield asker


def test_quiet_routes_are_answered_amid_backlogs_of_all_kinds(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    Shop(cluster, scripts, start_router, KINDS).assert_answered_amid(asker)


@beyond_ci
@pytest.mark.parametrize("name", KINDS)
def test_and_amid_each_alone(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter, name: str) -> None:
    Shop(cluster, scripts, start_router, [name]).assert_answered_amid(asker)
