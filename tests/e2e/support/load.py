"""A stream of plain requests with a bounded number of them unanswered, and a tally of the answers."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable

from confluent_kafka import Producer, TopicPartition

from .cluster import Cluster, client_properties, record_of, unique

TOTAL = int(os.environ.get("MR_E2E_LOAD", "20000"))
VALUE_SIZE = 250


def value_of(number: int) -> bytes:
    """250 bytes of JSON."""
    value = json.dumps({"id": f"order-{number:08d}", "type": "PLACE", "payload": {"symbol": "BTCUSDT", "price": 64250.5, "quantity": 3,
                                                                               "side": "buy", "note": ""}})
    return value.replace('"note": ""', f'"note": "{"x" * (VALUE_SIZE - len(value))}"').encode()


class Load:
    """Requests numbered from 0, whose correlation id is their number; what came back is counted by number.

    `check` looks at each number and the value that answers it.
    """

    def __init__(self, cluster: Cluster, topic: str, total: int = TOTAL, window: int = 2000, partitions: int = 4,
                 check: Callable[[int, bytes], None] = lambda _number, _value: None) -> None:
        self.cluster = cluster
        self.topic = topic
        self.total = total
        self.window = window
        self._check = check
        self.replies = cluster.create_topic(unique("replies"), partitions)
        self.sent = 0
        self.answers: Counter[int] = Counter()
        self.values: Counter[bytes] = Counter()  # how often each value came back
        self._producer = Producer(client_properties(cluster.bootstrap, linger_ms=2, enable_idempotence=True))
        self._consumer = cluster.reader()
        self._consumer.assign([TopicPartition(self.replies, partition, 0) for partition in range(partitions)])

    def close(self) -> None:
        self._consumer.close()
        self._producer.flush(10)

    def answered(self) -> int:
        return len(self.answers)

    def lost(self) -> int:
        return self.sent - len(self.answers)

    def repeated(self) -> int:
        return self.answers.total() - len(self.answers)

    def run_until(self, condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Keeps the load up until the condition holds, beyond the total if that takes so long."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds:g} s under load: {what} ({self})"
            self._send(self.window - (self.sent - self.answered()))
            self._receive()

    def run_to(self, fraction: float) -> None:
        goal = int(self.total * fraction)
        self.run_until(lambda: self.answered() >= goal, f"{goal} answers")

    def finish(self, seconds: float = 60.0) -> None:
        """Sends what is missing to the total, and waits until everything sent is answered."""
        self.run_until(lambda: self.sent >= self.total, "everything sent")
        self.drain(seconds)

    def drain(self, seconds: float = 60.0) -> None:
        """Sends no more and waits until everything sent is answered; `seconds` is how long there may be no progress."""
        assert self._producer.flush(30) == 0, "requests could not be sent"
        deadline = time.monotonic() + seconds
        while self.lost() > 0:
            before = self.answered()
            self._receive()
            if self.answered() > before:
                deadline = time.monotonic() + seconds
            assert time.monotonic() < deadline, f"{self.lost()} requests are not answered ({self}): {self._some_lost()}"

    def settle(self, group: str) -> None:
        """Waits until the group is through with the topic, so that no more answers can come, and reads what there is."""
        self.cluster.await_committed(group, self.topic)
        there = self.cluster.count(self.replies)
        deadline = time.monotonic() + 30
        while self.answers.total() < there:
            self._receive()
            assert time.monotonic() < deadline, f"read {self.answers.total()} of {there} replies"

    def _some_lost(self) -> list[int]:
        return [number for number in range(self.sent) if number not in self.answers][:10]

    def __str__(self) -> str:
        return f"{self.sent} sent, {self.answered()} answered, {self.repeated()} repeated"

    def _send(self, count: int) -> None:
        for number in range(self.sent, self.sent + max(count, 0)):
            identity = str(number).encode()
            headers = [("correlation-id", identity), ("reply-to", self.replies.encode())]
            self._producer.produce(self.topic, value_of(number), identity, headers=headers)
        self.sent += max(count, 0)
        self._producer.poll(0)

    def _receive(self) -> None:
        for message in self._consumer.consume(1000, 0.01):
            reply = record_of(message)
            assert reply.header("message-type") == b"response", reply
            number = int(reply.header("correlation-id"))
            self._check(number, reply.value)
            self.answers[number] += 1
            self.values[reply.value] += 1
