"""A router under everything at once, for as long as wanted: several streams of traffic, and a plan of deeds that follows from a seed.

The sequence of deeds, and what each is about, depend on the seed and the number of the deed alone. The moments do too, as far as the
machine keeps up.
"""

import collections
import contextlib
import dataclasses
import json
import os
import random
import re
import signal
import time
from collections.abc import Callable

from broker import Kafka

from .chaos import PARTITIONS, draw
from .cluster import Cluster, unique
from .router import Router, Scripts
from .stream import Policy, Stream

STILL_SECONDS = 60.0  # how long there may be no progress at the end
STRAY = re.compile(r"^[^{\n].*$", re.MULTILINE)  # a line of the log that is no event: a failed assertion, or a sanitizer's

# How often each is done, in shares.
DEEDS = {"toggle": 4, "resettle": 3, "kill_worker": 3, "storm": 2, "make_topic_anew": 1, "grow_topic": 1, "lose_dead_letters": 1,
         "lose_retries": 1, "pause_broker": 1, "second_router": 2, "small_answers": 2, "backlog": 2}


@dataclasses.dataclass(frozen=True)
class SoakSize:
    """How long and how much, by environment: MR_SOAK_SECONDS, _RATE (messages per route and second), _WORKERS, _SEED (1: CI repeats one
    sequence; look for new faults by hand, with others).

    MR_SOAK_WITHOUT names deeds, with commas between them, that are left out of the same sequence: to see which of them matter.
    """

    seconds: float
    rate: float
    workers: int
    seed: int
    without: tuple[str, ...]

    @classmethod
    def of_environment(cls) -> "SoakSize":
        def number(name: str, default: int) -> int:
            return int(os.environ.get(f"MR_SOAK_{name}", default))

        without = tuple(filter(None, os.environ.get("MR_SOAK_WITHOUT", "").split(",")))
        assert set(without) <= DEEDS.keys(), f"no such deeds among {sorted(DEEDS)}: {without}"
        return cls(number("SECONDS", 60), number("RATE", 60), number("WORKERS", 2), number("SEED", 1), without)

    def __str__(self) -> str:
        without = f" MR_SOAK_WITHOUT={','.join(self.without)}" if self.without else ""
        return (f"MR_SOAK_SEED={self.seed} MR_SOAK_SECONDS={self.seconds:g} MR_SOAK_RATE={self.rate:g} "
                f"MR_SOAK_WORKERS={self.workers}{without}")


CONFIG = """return {
    kafka = { properties = { ["session.timeout.ms"] = 6000, ["heartbeat.interval.ms"] = 500,
                             ["topic.metadata.refresh.interval.ms"] = 2000 } },
    defaults = { retry = { max = 3, base = 10, cap = 50, requests = true }, budget = { time = 60000 } },
    routes = {
        ROUTES
    },
}
"""


class Soak:
    """Deeds one after the other, each undone later, while traffic flows; what is wrong at the end is in `faults`."""

    def __init__(self, size: SoakSize, kafka: Kafka, cluster: Cluster, scripts: Scripts, start_router: Callable[..., Router]) -> None:
        self.size = size
        self.done: collections.Counter[str] = collections.Counter()
        self.faults: list[str] = []
        self._kafka = kafka
        self._cluster = cluster
        self._scripts = scripts
        self._start_router = start_router
        self._began = 0.0
        self._later: list[tuple[float, str, Callable[[], None]]] = []
        self._killed: set[int] = set()
        self._next_look = 0.0
        one, two, three = (unique(f"soak-{name}") for name in ("one", "two", "three"))
        policies = [Policy(one, "at-least-once"), Policy(one, "at-least-once", retry="topic"), Policy(two, "exactly-once"),
                    Policy(two, "exactly-once"), Policy(three, "at-most-once")]
        self.streams = [Stream(cluster, size.seed * 100 + number, policy) for number, policy in enumerate(policies)]
        for stream in self.streams:
            stream.write_script(scripts, 0)
        self.router = start_router(scripts, workers=size.workers, config=self._config())
        self._second: Router | None = None
        self._routers = [self.router]

    def close(self) -> None:
        for stream in self.streams:
            stream.close()

    # The way through it.

    def run(self) -> None:
        self._began = time.monotonic()
        for number in range(1 << 30):
            dice = draw(self.size.seed, number)
            self._flow(dice.uniform(0.3, 2.5))
            if time.monotonic() - self._began > self.size.seconds:
                return
            self._act(dice)

    def settle(self) -> None:
        """Undoes what is done, waits until nothing moves any more, stops the router, and judges."""
        while self._later:
            self._undo_next()
        self._await_outcomes()
        for stream in self.streams:
            self._suspect("", lambda stream=stream: self._await_commit(stream))
        self._suspect("stop", self.router.stop)
        for number, stream in enumerate(self.streams):
            stream.read_to_the_end()
            self.faults += [f"route {number} ({stream.policy.delivery}): {len(texts)} {kind}: {texts[:5]}"
                            for kind, texts in stream.faults().items()]
        self._judge_logs()

    def __str__(self) -> str:
        sent = sum(len(stream.inputs) for stream in self.streams)
        excused = sum(len(stream.excused) for stream in self.streams)
        deeds = ", ".join(f"{count} {name}" for name, count in sorted(self.done.items()))
        return f"{self.size}: {sent} messages, {excused} excused, {deeds}"

    def _act(self, dice: random.Random) -> None:
        name = dice.choice([name for name, weight in DEEDS.items() for _ in range(weight)])
        if name in self.size.without:
            return
        self.done[name] += 1
        self._say(name.replace("_", " "))
        self._say(f"  {getattr(self, f'_{name}')(dice)}")

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:8.2f} s  {text}", flush=True)

    def _after(self, seconds: float, name: str, undo: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, name, undo))
        self._later.sort(key=lambda each: each[0])

    def _undo_next(self) -> None:
        _due, name, undo = self._later.pop(0)
        self._say(name)
        undo()

    def _flow(self, seconds: float) -> None:
        """Traffic for so long, and whatever is to be undone meanwhile."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            while self._later and self._later[0][0] <= time.monotonic():
                self._undo_next()
            self._step()

    def _step(self, sending: bool = True) -> None:
        due = int((time.monotonic() - self._began) * self.size.rate)
        for stream in self.streams:
            stream.step(due if sending else 0)
        self._look()

    def _look(self) -> None:
        """The master is there, and says that it lives."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + 1
        assert self.router.exited() is None, f"the router has ended: {self.router.exited()}\n{self.router.log_text()[-4000:]}"
        status, body = self.router.get("/health/live")
        if status == 503:
            self._fault(f"not alive: {body}")

    def _fault(self, text: str) -> None:
        self._say(f"FAULT {text}")
        self.faults.append(text)

    def _suspect(self, what: str, check: Callable[[], None]) -> None:
        try:
            check()
        except AssertionError as error:
            self._fault(f"{what} {str(error)[:600]}".strip())

    def _await_outcomes(self) -> None:
        seen, since = None, time.monotonic()
        while any(stream.open_answers() for stream in self.streams):
            self._step(sending=False)
            state = [(len(stream.outcomes), stream.open_answers()) for stream in self.streams]
            if state != seen:
                seen, since = state, time.monotonic()
            if time.monotonic() - since > STILL_SECONDS:
                open_by_route = {number: sorted(stream.missing)[:5] for number, stream in enumerate(self.streams) if stream.open_answers()}
                self._fault(f"nothing moves: {state}; open: {open_by_route}; {self.router.get('/health/ready')}")
                return

    def _await_commit(self, stream: Stream) -> None:
        group, topic = stream.policy.group, stream.topic
        try:
            self._cluster.await_committed(group, topic, 30)
        except AssertionError:
            committed, ends = self._cluster.committed(group, topic), self._cluster.ends(topic)
            behind = {partition: (committed.get(partition), end) for partition, end in ends.items() if committed.get(partition) != end}
            mine = sorted(partition for name, partition in self._cluster.assigned(group) if name == topic)
            raise AssertionError(f"{stream.policy.delivery}, group {group}, topic {topic}: committed, and end: {behind}; assigned: {mine}; "
                                 f"{self.router.get('/health/ready')[1]}") from None

    def _judge_logs(self) -> None:
        for router in self._routers:
            text = router.log_text()
            self.faults += [f"{router.folder.name} said: {line}" for line in sorted(set(STRAY.findall(text)))[:8]]
            deaths = [entry for entry in events(router) if entry.get("event") == "worker_died" and entry.get("pid") not in self._killed]
            causes = collections.Counter(str(entry.get("cause")) for entry in deaths)
            self.faults += [f"{count} workers died of {cause} in {router.folder.name}" for cause, count in causes.items()]

    # What it needs.

    def _config(self) -> str:
        return CONFIG.replace("ROUTES", "\n        ".join(stream.policy.text(stream.topic) for stream in self.streams if stream.served))

    def _reload(self) -> None:
        """A master that is still starting has not said yet what SIGHUP means."""
        for router in self._running():
            (router.folder / "moonroute.lua").write_text(self._config())
            if router.get("/health/live")[0] != 0:
                router.reload()

    def _running(self) -> list[Router]:
        return [self.router] + ([self._second] if self._second else [])

    # Deeds: each gives what it was about.

    def _toggle(self, dice: random.Random) -> str:
        """A route goes, and comes back after a while."""
        stream, number = self._chosen(dice)
        seconds = dice.uniform(0.05, 4)
        if stream.served:
            stream.served = False
            self._scripts.remove(stream.topic)
            self._reload()
            self._after(seconds, f"serve route {number} again", lambda: self._serve(stream))
        return f"route {number} for {seconds:.2f} s"

    def _serve(self, stream: Stream) -> None:
        stream.served = True
        stream.write_script(self._scripts, 0)
        self._reload()

    def _resettle(self, dice: random.Random) -> str:
        """Other orders and concurrencies, and a new version of a script."""
        stream, number = self._chosen(dice)
        stream.policy.ordering = dice.choice(["key", "partition"])
        stream.policy.concurrency = dice.choice([1, 4, 64])
        if stream.served:
            stream.write_script(self._scripts, dice.randrange(1000))
        self._reload()
        return f"route {number}: {stream.policy.ordering}, {stream.policy.concurrency}"

    def _kill_worker(self, dice: random.Random) -> str:
        place = dice.randrange(self.size.workers)
        workers = self.router.workers()
        if not workers:
            return "none is there"
        pid = workers[place % len(workers)]
        self._killed.add(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return str(pid)

    def _storm(self, dice: random.Random) -> str:
        """SIGHUP after SIGHUP."""
        count, pause = dice.randint(5, 40), dice.uniform(0, 0.03)
        for _ in range(count):
            self._reload()
            time.sleep(pause)
        return f"{count} reloads"

    def _make_topic_anew(self, dice: random.Random) -> str:
        stream, number = self._chosen(dice)
        partitions = dice.randint(1, PARTITIONS)
        stream.make_anew(partitions)
        return f"of route {number}, {partitions} partitions"

    def _grow_topic(self, dice: random.Random) -> str:
        stream, number = self._chosen(dice)
        return f"of route {number} to {stream.grow()} partitions"

    def _lose_dead_letters(self, dice: random.Random) -> str:
        stream, number = self._chosen(dice)
        return self._lose(stream, stream.dead, number, dice.uniform(0.5, 5))

    def _lose_retries(self, dice: random.Random) -> str:
        number = 1
        return self._lose(self.streams[number], self.streams[number].retries, number, dice.uniform(0.5, 5))

    def _lose(self, stream: Stream, topic: str, number: int, seconds: float) -> str:
        name = f"topic {topic} is there again"
        if topic in self._cluster.topics() and all(each[1] != name for each in self._later):
            stream.lose(topic)
            self._after(seconds, name, lambda: stream.give_back(topic))
        return f"of route {number} for {seconds:.2f} s"

    def _pause_broker(self, dice: random.Random) -> str:
        seconds = dice.uniform(0.5, 5)
        ends = time.monotonic() + seconds
        with self._kafka.paused():
            while time.monotonic() < ends:
                self._step()
        return f"for {seconds:.2f} s"

    def _second_router(self, dice: random.Random) -> str:
        seconds = dice.uniform(1, 10)
        if self._second is None:
            self._second = self._start_router(self._scripts, workers=1, config=self._config(), ready=False)
            self._routers.append(self._second)
            self._after(seconds, "the second router leaves", self._stop_second)
        return f"for {seconds:.2f} s"

    def _stop_second(self) -> None:
        router, self._second = self._second, None
        assert router is not None
        self._suspect("the second router does not start", lambda: router.await_live(30))
        self._suspect("stop of the second router", router.stop)
        router.close()

    def _small_answers(self, dice: random.Random) -> str:
        """Each answer fits for itself, and many in a batch do not."""
        stream, number = self._chosen(dice)
        seconds = dice.uniform(1, 6)
        stream.unordered = True  # what is refused is written again behind those that were not
        self._cluster.change(stream.answers, max_message_bytes="1000")
        self._after(seconds, f"large batches to route {number} again", lambda: self._cluster.change(stream.answers, max_message_bytes=None))
        return f"of route {number} for {seconds:.2f} s"

    def _backlog(self, dice: random.Random) -> str:
        stream, number = self._chosen(dice)
        count, cost = dice.randint(100, 1000), dice.uniform(0, 5)
        stream.burst(count, cost)
        return f"of {count} messages of {cost:.1f} ms on route {number}"

    def _chosen(self, dice: random.Random) -> tuple[Stream, int]:
        number = dice.randrange(len(self.streams))
        return self.streams[number], number


def events(router: Router) -> list[dict]:
    """The lines of its log that are events."""
    lines = [line for line in router.log_text().rpartition("\n")[0].splitlines() if line.startswith("{")]
    return [json.loads(line) for line in lines]
