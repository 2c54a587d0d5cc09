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
from collections.abc import Callable, Iterator
from typing import Protocol

from broker import Kafka
from confluent_kafka import Message, TopicPartition

from .chaos import PARTITIONS, Size, Traffic, draw
from .cluster import Cluster, unique
from .outcomes import Findings
from .router import Router, Scripts
from .wait import until

GRACE_SECONDS = 10.0  # after a topic was made anew: its consumers may still be where the old one ended
STILL_SECONDS = 60.0  # how long there may be no progress at the end
MOST_PARTITIONS = 12
WINDOW = 300
STRAY = re.compile(r"^[^{\n].*$", re.MULTILINE)  # a line of the log that is no event: a failed assertion, or a sanitizer's

# How often each is done, in shares.
DEEDS = {"toggle": 4, "resettle": 3, "kill_worker": 3, "storm": 2, "make_topic_anew": 1, "grow_topic": 1, "lose_dead_letters": 1,
         "lose_retries": 1, "pause_broker": 1, "second_router": 2, "small_answers": 2, "backlog": 2}


@dataclasses.dataclass(frozen=True)
class SoakSize:
    """How long and how much, by environment: MR_SOAK_SECONDS, _RATE (messages per route and second), _WORKERS, _SEED.

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
        return cls(number("SECONDS", 60), number("RATE", 60), number("WORKERS", 2), number("SEED", int.from_bytes(os.urandom(3), "big")),
                   without)

    def __str__(self) -> str:
        without = f" MR_SOAK_WITHOUT={','.join(self.without)}" if self.without else ""
        return f"MR_SOAK_SEED={self.seed} MR_SOAK_SECONDS={self.seconds:g} MR_SOAK_RATE={self.rate:g} MR_SOAK_WORKERS={self.workers}{without}"


@dataclasses.dataclass
class Policy:
    """What the configuration says of a stream's route."""

    group: str
    delivery: str
    retry: str = "in-place"
    ordering: str = "key"
    concurrency: int = 64

    def text(self, topic: str) -> str:
        return (f'["{topic}"] = {{ group_id = "{self.group}", delivery = "{self.delivery}", ordering = "{self.ordering}", '
                f'concurrency = {self.concurrency}, retry = {{ mode = "{self.retry}" }} }},')


CONFIG = """return {
    kafka = { properties = { ["session.timeout.ms"] = 6000, ["heartbeat.interval.ms"] = 500,
                             ["topic.metadata.refresh.interval.ms"] = 2000 } },
    defaults = { retry = { max = 3, base = 10, cap = 50 }, budget = { time = 60000 } },
    routes = {
        ROUTES
    },
}
"""


class Stream(Traffic):
    """The traffic of one route. Messages whose topic was deleted under them are excused: nobody can say what becomes of them."""

    def __init__(self, cluster: Cluster, seed: int, policy: Policy) -> None:
        super().__init__(cluster, Size(0, 0, 0, 0, 0, seed), WINDOW)
        self.policy = policy
        self.served = True
        self.unordered = policy.retry == "topic"
        self.excused: set[int] = set()
        self._era = 0  # keys of another era are other keys: their partitions, or their topic, have changed
        self._lives: collections.Counter[str] = collections.Counter()
        self._lenient_until = 0.0
        self._reached: dict[tuple[str, int], int] = {}  # the next offset to be read of each partition

    @property
    def retries(self) -> str:
        return f"{self.topic}-retry"

    @property
    def lossy(self) -> bool:
        return self.policy.delivery == "at-most-once"

    def open_answers(self) -> int:
        """How many outcomes are still to come, of those that must come."""
        return 0 if self.lossy else len(self.missing)

    def burst(self, count: int, cost: float) -> None:
        """Sends that many at once, whatever the window, each of which burns so many milliseconds of CPU."""
        self._burn = cost
        for _ in range(count):
            self._send(len(self.inputs))
        self._burn = 0.0

    def grow(self) -> int:
        count = len(self.cluster.partitions(self.topic)) + 1
        if count <= MOST_PARTITIONS:
            self.cluster.grow_topic(self.topic, count)
            self._era += 1
        return count

    def make_anew(self, partitions: int) -> None:
        """The input topic is deleted, with what lies in it, and there is another of its name."""
        self._producer.flush(20)
        self.excuse()
        self.cluster.recreate_topic(self.topic, partitions)
        self._producer = self._new_producer()
        self._era += 1
        self._lenient_until = time.monotonic() + GRACE_SECONDS

    def lose(self, topic: str) -> None:
        """The topic of its dead letters or retries is deleted."""
        self.excuse()
        self._reopen([self.answers] + ([self.dead] if topic != self.dead else []))
        self.cluster.delete_topic(topic)
        self._lives[topic] += 1
        until(lambda: topic not in self.cluster.topics(), f"topic {topic} is gone")

    def give_back(self, topic: str) -> None:
        """Makes the topic anew, unless the router has done so."""
        if topic not in self.cluster.topics():
            self.cluster.create_topic(topic, PARTITIONS)
        self._reopen([self.answers, self.dead])

    def excuse(self) -> None:
        """From now on nothing more is demanded for what has been sent."""
        numbers = {number for number, _ in self.missing}
        self.excused |= numbers
        self.decided |= numbers
        self.missing.clear()

    def faults(self) -> dict[str, list[str]]:
        """What the judge finds, by kind; what is excused, or not promised to this route, is left out."""
        findings: Findings = self.findings()
        ignored = {"lost"} if self.lossy else {"repeated"} if self.policy.delivery == "at-least-once" else set()
        if self.unordered:
            ignored.add("misordered")
        kept = {kind: [text for text in texts if not self._is_excused(kind, text)] for kind, texts in vars(findings).items()
                if kind not in ignored}
        return {kind: texts for kind, texts in kept.items() if texts}

    def _is_excused(self, kind: str, finding: str) -> bool:
        """Also what an attempt published before it failed, which at most once does not take back."""
        numbers = [int(word) for word in finding.split()[:3] if word.isdigit()]
        published = kind == "repeated" and self.lossy and self.inputs[numbers[0]].how == "publishes"
        return published or any(number in self.excused for number in numbers)

    def _key(self, dice: random.Random) -> bytes | None:
        key = super()._key(dice)
        return key if key is None else b"%d-%s" % (self._era, key)

    def _send(self, number: int) -> None:
        super()._send(number)
        if self._lenient_until > 0:
            self.excuse_one(number)
            if time.monotonic() > self._lenient_until:
                self._lenient_until = 0.0
                self._era += 1

    def excuse_one(self, number: int) -> None:
        self.excused.add(number)
        self.decided.add(number)
        self.missing = {each for each in self.missing if each[0] != number}

    def _found(self, message: Message) -> None:
        super()._found(message)
        self._reached[message.topic(), message.partition()] = message.offset() + 1

    def _shown(self, topic: str) -> str:
        return f"{topic}#{self._lives[topic]}"

    def _reopen(self, topics: list[str]) -> None:
        """Another reader of these topics, at the place of the one before; from the beginning of a topic that was made anew."""
        anew = {topic for topic in topics if topic not in {name for name, _ in self._places}}
        self._reached = {place: offset for place, offset in self._reached.items() if place[0] not in anew}
        self._consumer.close()
        self._consumer = self._new_consumer()
        self._places = [(topic, partition) for topic in topics for partition in self.cluster.partitions(topic)]
        self._consumer.assign([TopicPartition(*place, self._reached.get(place, 0)) for place in self._places])
        self._ends = {place: end for place, end in self._ends.items() if place[0] not in anew}


class StartsRouter(Protocol):
    def __call__(self, scripts: Scripts, *, ready: bool = True, **options) -> Router: ...


class Soak:
    """Deeds one after the other, each undone later, while traffic flows; what is wrong at the end is in `faults`."""

    def __init__(self, size: SoakSize, kafka: Kafka, cluster: Cluster, scripts: Scripts, start_router: StartsRouter) -> None:
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
        self._suspect("the second router does not start", lambda: until(lambda: router.get("/health/live")[0] == 200, "it lives", 30) and None)
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


def events(router: Router) -> Iterator[dict]:
    """The lines of its log that are JSON."""
    for line in router.log_text().splitlines():
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                yield entry
