"""Everybody dies now and then, and at the end every message has what it must have.

Its size is by environment: MR_CHAOS_MESSAGES, _WORKER_KILLS, _MASTER_KILLS, _BROKER_RESTARTS, _WORKERS, _SEED (support/chaos.py), and
_DELIVERY (modes, with commas between them); the long run is a command of docs/GUARANTEES.md.
"""

import contextlib
import os
import time
from collections.abc import Callable

import pytest
from conftest import StartRouter
from support.chaos import Chaos, Reloads, Size, Traffic
from support.cluster import Cluster
from support.outcomes import ANSWER, DEAD, ERROR, Input, Outcome, judge
from support.router import Scripts
from trio import KafkaTrio

SIZE = Size.of_environment()
DELIVERIES = os.environ.get("MR_CHAOS_DELIVERY", "at-least-once").split(",")
STILL_SECONDS = 90.0  # how long there may be no progress
CONFIG = """return {
    kafka = { properties = { ["session.timeout.ms"] = 4000, ["heartbeat.interval.ms"] = 500 } },
    -- A machine that is crowded enough may let a handler stand still for a second.
    defaults = { delivery = "DELIVERY", retry = { max = 3, base = 10, cap = 50, requests = true }, budget = { time = 60000 } },
}
"""


class Patience:
    """Fails where nothing moves any more."""

    def __init__(self) -> None:
        self._seen: object = None
        self._since = time.monotonic()

    def look(self, state: object, what: Callable[[], str]) -> None:
        if state != self._seen:
            self._seen, self._since = state, time.monotonic()
        assert time.monotonic() - self._since < STILL_SECONDS, f"nothing moves: {state}; {what()}"


def run(traffic: Traffic, chaos: Chaos, reloads: Reloads) -> None:
    patience = Patience()
    while not chaos.over() or len(traffic.inputs) < SIZE.messages or traffic.missing:
        traffic.step(min(SIZE.messages, int(SIZE.messages * chaos.leash()) + traffic.window))
        chaos.step(traffic.decided_part())
        reloads.step()
        patience.look((*traffic.progress(), len(chaos.done)), lambda: str(sorted(traffic.missing)[:10]))


@pytest.mark.timeout(240 + SIZE.messages // 200 + 20 * (SIZE.worker_kills + SIZE.master_kills + SIZE.broker_restarts))
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_nothing_is_lost_whoever_dies(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                      note: Callable[[str], None], delivery: str) -> None:
    print(SIZE)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        traffic = stack.enter_context(contextlib.closing(Traffic(trio_cluster, SIZE)))
        traffic.write_script(scripts, 0)
        router = start_router(scripts, workers=SIZE.workers, brokers=trio.bootstrap, config=CONFIG.replace("DELIVERY", delivery))
        chaos = stack.enter_context(contextlib.closing(Chaos(SIZE, trio, trio_cluster, router)))
        reloads = Reloads(traffic, scripts, router)
        run(traffic, chaos, reloads)
        chaos.end()
        trio_cluster.await_committed(router.group, traffic.topic, 60)
        router.stop()
        traffic.read_to_the_end()
        findings = traffic.findings()
    note(f"{SIZE}, {reloads.count} reloads, {time.monotonic() - started:.0f} s: {findings.counted()}")
    assert (findings.lost, findings.unexpected, findings.misordered) == ([], [], []), findings
    if delivery == "exactly-once":
        assert findings.repeated == [], findings


# The judge is judged.

INPUTS = [Input(0, b"a", "answers", True), Input(1, b"a", "answers", False), Input(2, b"b", "hopeless", True),
          Input(3, None, "refuses", False), Input(4, b"a", "answers", True)]


def places(*found: tuple[int, str]) -> list[Outcome]:
    """Outcomes in the order in which they lie in the one partition of a topic of answers and one of dead letters."""
    return [Outcome(number, what, "dead" if what == DEAD else "answers", 0, offset) for offset, (number, what) in enumerate(found)]


WELL = [(0, ANSWER), (1, ANSWER), (2, ERROR), (2, DEAD), (3, DEAD), (4, ANSWER)]


def judged(*found: tuple[int, str]) -> dict[str, list[int]]:
    """The findings that there are, each with the numbers its texts begin with."""
    findings = judge(INPUTS, places(*found))
    return {name: [int(text.split()[0]) for text in texts] for name, texts in vars(findings).items() if texts}


def test_the_judge_has_nothing_against_what_is_well() -> None:
    assert judged(*WELL) == {}


@pytest.mark.parametrize("missing", range(len(WELL)))
def test_the_judge_sees_each_outcome_that_is_lost(missing: int) -> None:
    assert judged(*WELL[:missing], *WELL[missing + 1:]) == {"lost": [WELL[missing][0]]}


@pytest.mark.parametrize("again", range(len(WELL)))
def test_the_judge_sees_each_outcome_that_is_there_twice_and_has_nothing_against_its_order(again: int) -> None:
    assert judged(*WELL, WELL[again]) == {"repeated": [WELL[again][0]]}


def test_the_judge_sees_a_key_that_is_answered_in_another_order() -> None:
    assert judged((1, ANSWER), (0, ANSWER), *WELL[2:]) == {"misordered": [1]}
    assert judged((4, ANSWER), *WELL[:5]) == {"misordered": [4, 4]}


def test_the_judge_looks_at_the_order_of_first_answers_alone() -> None:
    assert judged((0, ANSWER), (1, ANSWER), (0, ANSWER), *WELL[2:]) == {"repeated": [0]}


def test_the_judge_has_nothing_against_the_order_of_different_keys_and_of_none() -> None:
    assert judged((3, DEAD), (2, DEAD), (2, ERROR), (0, ANSWER), (1, ANSWER), (4, ANSWER)) == {}


def test_the_judge_sees_what_must_not_be() -> None:
    assert judged(*WELL, (0, DEAD)) == {"unexpected": [0]}
    assert judged(*WELL, (3, ANSWER)) == {"unexpected": [3]}


def test_the_judge_takes_a_dead_letter_of_the_poison_guard_for_what_it_is() -> None:
    well = places(*WELL[1:], (0, ERROR))
    guarded = Outcome(0, DEAD, "dead", 0, 100, guarded=True)
    assert judge(INPUTS, [*well, guarded]).lost == judge(INPUTS, [*well, guarded]).unexpected == []
    assert judge(INPUTS, well).lost != []
