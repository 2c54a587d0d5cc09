"""Traffic of messages that end in every way there is, and a plan of who dies while it runs; both follow from a seed."""

import contextlib
import dataclasses
import hashlib
import json
import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from trio import KafkaTrio

from .cluster import Cluster, client_properties, unique
from .outcomes import ANSWER, DEAD, ERROR, Findings, Input, Outcome, judge
from .router import Router, Scripts, alive
from .wait import until

PARTITIONS = 6
KEYS = 500
RELOAD_SECONDS = 0.3

SCRIPT = """
local router = require "moonroute"
local version = VERSION

local function answer_event(message, headers, context)
    router.publish("ANSWERS", { number = message.number, version = version },
                   { key = context.key, headers = { ["correlation-id"] = headers["correlation-id"] } })
end

local fail = {
    answers = function() end,
    raises = function() error("raised") end,
    breaks = function(message) return message.nothing.there end,
    waits = function() router.retry(10, "not yet") end,
    publishes = function(message, headers, context)
        if headers["message-type"] == "fire-and-forget" then answer_event(message, headers, context) end
        error("raised after it was published")
    end,
    unavailable = function() router.fail(503, "not now") end,
    hopeless = function() error("raised again") end,
    rejects = function() router.reject("never") end,
    refuses = function() router.fail(400, "refused", "ValidationError") end,
}

local function burn(milliseconds)
    local ends = os.clock() + milliseconds / 1000
    while os.clock() < ends do end
end

function handleMessage(_topic, message, headers, context)
    if message.burn > 0 then burn(message.burn) end
    if message.sleep > 0 then router.sleep(message.sleep) end
    if context.attempt <= message.times then fail[message.how](message, headers, context) end
    if headers["message-type"] ~= "fire-and-forget" then return { number = message.number, version = version } end
    answer_event(message, headers, context)
end
"""

# Of a hundred messages, how many; the others answer at once.
SHARES = {"raises": 2, "breaks": 1, "waits": 1, "publishes": 2, "unavailable": 1, "hopeless": 1, "rejects": 1, "refuses": 1, "garbled": 1}
ALWAYS = 1000  # attempts


@dataclasses.dataclass(frozen=True)
class Size:
    """How much of it, by environment; by hand as docs/GUARANTEES.md says."""

    messages: int
    worker_kills: int
    master_kills: int
    broker_restarts: int
    workers: int
    seed: int

    @classmethod
    def of_environment(cls) -> "Size":
        def number(name: str, default: int) -> int:
            return int(os.environ.get(f"MR_CHAOS_{name}", default))

        return cls(number("MESSAGES", 20_000), number("WORKER_KILLS", 4), number("MASTER_KILLS", 1), number("BROKER_RESTARTS", 2),
                   number("WORKERS", 3), number("SEED", int.from_bytes(os.urandom(3), "big")))

    def __str__(self) -> str:
        return (f"MR_CHAOS_SEED={self.seed}: {self.messages} messages, {self.worker_kills} workers and {self.master_kills} masters killed, "
                f"{self.broker_restarts} brokers restarted")


def draw(seed: int, number: int) -> random.Random:
    return random.Random(hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=8).digest())


def how_of(dice: random.Random) -> str:
    place = dice.randrange(100)
    for how, share in SHARES.items():
        place -= share
        if place < 0:
            return how
    return "answers"


class Traffic:
    """Sends messages, at most `window` of which are without an outcome, and reads what becomes of them."""

    def __init__(self, cluster: Cluster, size: Size, window: int = 2000) -> None:
        self.cluster = cluster
        self.size = size
        self.window = window
        self.topic = cluster.create_topic(unique("chaos"), PARTITIONS)
        self.answers = cluster.create_topic(unique("answers"), PARTITIONS)
        self.dead = cluster.create_topic(f"{self.topic}-dlq", PARTITIONS)
        self.inputs: list[Input] = []
        self.outcomes: list[Outcome] = []
        self.decided: set[int] = set()  # have an outcome
        self.missing: set[tuple[int, str]] = set()  # outcomes that are to come
        self._ends: dict[tuple[str, int], int] = {}
        self._refused: list[object] = []
        self._burn = 0.0  # milliseconds of CPU, of the messages that are sent now
        self._producer = self._new_producer()
        self._consumer = self._new_consumer()
        self._places = [(topic, partition) for topic in (self.answers, self.dead) for partition in range(PARTITIONS)]
        self._consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in self._places])

    def close(self) -> None:
        self._consumer.close()
        self._producer.purge()

    def _new_producer(self) -> Producer:
        return Producer(client_properties(self.cluster.bootstrap, linger_ms=5, enable_idempotence=True, message_timeout_ms=0))

    def _new_consumer(self) -> Consumer:
        return self.cluster.reader(isolation_level="read_committed", enable_partition_eof=True)

    def write_script(self, scripts: Scripts, version: int) -> None:
        scripts.write(self.topic, SCRIPT.replace("ANSWERS", self.answers).replace("VERSION", str(version)))

    def progress(self) -> tuple[int, int]:
        return len(self.decided), len(self.missing)

    def decided_part(self) -> float:
        return len(self.decided) / self.size.messages

    def step(self, most: int) -> None:
        """Sends what the window has room for, up to that many in all, and reads what has come."""
        room = self.window - (len(self.inputs) - len(self.decided))
        for _ in range(min(room, most - len(self.inputs))):
            self._send(len(self.inputs))
        self._producer.poll(0)
        self._read()
        assert not self._refused, self._refused

    def read_to_the_end(self) -> None:
        """When nobody writes any more: everything, past every transaction."""
        reader = self.cluster.reader(isolation_level="read_uncommitted")
        ends = {place: reader.get_watermark_offsets(TopicPartition(*place), timeout=15)[1] for place in self._places}
        reader.close()

        def at_end() -> bool:
            self._read()
            return all(self._ends.get(place, 0) >= end for place, end in ends.items())

        until(at_end, f"all was read: {ends}", 120, every=0)

    def findings(self) -> Findings:
        return judge(self.inputs, self.outcomes)

    def _key(self, dice: random.Random) -> bytes | None:
        return None if dice.randrange(20) == 0 else f"k{dice.randrange(KEYS)}".encode()

    def _send(self, number: int) -> None:
        dice = draw(self.size.seed, number)
        key = self._key(dice)
        how, is_request = how_of(dice), dice.randrange(2) == 0
        self.inputs.append(Input(number, key, how, is_request))
        expected = self.inputs[-1].expected()
        times = 0 if how == "answers" else dice.randint(1, 3) if ANSWER in expected else ALWAYS
        sleep = dice.randrange(5) if dice.randrange(4) == 0 else 0
        message = {"number": number, "how": how, "times": times, "sleep": sleep, "burn": self._burn}
        value = b'{"number": ' if how == "garbled" else json.dumps(message).encode()
        kind = [("reply-to", self.answers.encode())] if is_request else [("message-type", b"fire-and-forget")]
        self._producer.produce(self.topic, value, key, headers=[("correlation-id", b"%d" % number), *kind],
                               on_delivery=lambda error, _message: error and self._refused.append(error))
        self.missing.update((number, what) for what in expected)

    def _shown(self, topic: str) -> str:
        """The topic's name as the judge sees it."""
        return topic

    def _read(self) -> None:
        for message in self._consumer.consume(2000, 0.01):
            if message.error() is None:
                self._found(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                self._ends[message.topic(), message.partition()] = message.offset()

    def _found(self, message) -> None:
        headers = {name: value for name, value in message.headers() or []}
        number = int(headers["correlation-id"])
        what = DEAD if message.topic() == self.dead else ERROR if headers.get("message-type") == b"error" else ANSWER
        guarded = what == DEAD and b"died" in (headers.get("error") or b"")
        self.outcomes.append(Outcome(number, what, self._shown(message.topic()), message.partition(), message.offset(), guarded))
        self.decided.add(number)
        self.missing -= {(number, what)} | ({(number, ANSWER), (number, ERROR)} if guarded else set())


class Chaos:
    """Kills and restarts by plan: each deed at its part of the traffic's way, one after the other."""

    def __init__(self, size: Size, trio: KafkaTrio, cluster: Cluster, router: Router) -> None:
        self._dice = random.Random(size.seed)
        self._trio = trio
        self._cluster = cluster
        self._router = router
        self._executor = ThreadPoolExecutor(1)
        self._restart: Future[None] | None = None
        self._orphans: set[int] = set()
        deeds = [*[self._kill_worker] * size.worker_kills, *[self._kill_master] * size.master_kills,
                 *[self._restart_broker] * size.broker_restarts]
        self._dice.shuffle(deeds)
        self._plan = list(zip(sorted(self._dice.uniform(0.05, 0.9) for _ in deeds), deeds))
        self.done: list[str] = []

    def close(self) -> None:
        self._executor.shutdown()
        for pid in self._orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def over(self) -> bool:
        return not self._plan

    def leash(self) -> float:
        """How far the traffic may go before the next deed is done."""
        return self._plan[0][0] if self._plan else 1.0

    def step(self, part: float) -> None:
        if self._plan and part >= self._plan[0][0] and self._plan[0][1]():
            self._plan.pop(0)

    def end(self) -> None:
        """All are there again, and nobody from before."""
        if self._restart is not None:
            self._restart.result()
        until(self._cluster.whole, "the brokers are in step", 90)
        until(lambda: not any(alive(pid) for pid in self._orphans), "the workers of killed masters are gone", 30)
        self._router.await_ready(60)

    # Each gives false where it cannot be done yet.

    def _kill_worker(self) -> bool:
        workers = self._router.workers()
        if not workers:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._dice.choice(workers), signal.SIGKILL)
        self.done.append("worker")
        return True

    def _kill_master(self) -> bool:
        """And every other time the workers with it, as where the machine goes."""
        if self._router.get("/health/live")[0] != 200:
            return False
        orphans = self._router.kill_master()
        with_workers = self.done.count("master") % 2 == 1
        for pid in orphans if with_workers else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._orphans.update(orphans)
        self._router.start(ready=False)
        self.done.append("master")
        return True

    def _restart_broker(self) -> bool:
        """One at a time, by power cut or by order."""
        if self._restart is not None and not self._restart.done():
            return False
        if self._restart is not None:
            self._restart.result()
        if not self._cluster.whole():
            return False
        broker = self._dice.choice(self._trio.brokers)
        end: Callable[[], None] = self._dice.choice([broker.kill, broker.stop])

        def restart() -> None:
            end()
            broker.start()

        self._restart = self._executor.submit(restart)
        self.done.append("broker")
        return True


class Reloads:
    """A new version of the script and SIGHUP, again and again."""

    def __init__(self, traffic: Traffic, scripts: Scripts, router: Router) -> None:
        self._traffic = traffic
        self._scripts = scripts
        self._router = router
        self._next = 0.0
        self.count = 0

    def step(self) -> None:
        now = time.monotonic()
        # A master that is still starting has not said yet what SIGHUP means.
        if now < self._next or self._router.get("/health/live")[0] != 200:
            return
        self._next = now + RELOAD_SECONDS
        self.count += 1
        self._traffic.write_script(self._scripts, self.count)
        self._router.reload()
