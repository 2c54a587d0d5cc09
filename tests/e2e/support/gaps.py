"""A steady stream of requests to each partition, and how long each partition went without an answer."""

import math
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition

from .cluster import Cluster, client_properties, unique

EVERY = 0.01  # seconds between two requests of a partition


class Gaps:
    def __init__(self, cluster: Cluster, topic: str, partitions: int) -> None:
        self._topic, self._partitions = topic, partitions
        self._replies = cluster.create_topic(unique("replies"), partitions)
        self._producer = Producer(client_properties(cluster.bootstrap, linger_ms=0))
        self._consumer: Consumer = cluster.reader()
        self._consumer.assign([TopicPartition(self._replies, partition, 0) for partition in range(partitions)])
        self._ending = threading.Event()
        self._newest = [0.0] * partitions  # when the latest answered request of the partition was sent
        self._last = [time.monotonic()] * partitions
        self._longest = [0.0] * partitions
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(10)
        self._consumer.close()
        self._producer.flush(5)

    def begin(self) -> float:
        """Forgets the gaps so far."""
        now = time.monotonic()
        self._last, self._longest = [now] * self._partitions, [0.0] * self._partitions
        return now

    def answered_since(self, moment: float) -> bool:
        """Each partition has an answer to a request that was sent after this moment."""
        return all(sent > moment for sent in self._newest)

    def longest(self) -> list[float]:
        """Of each partition, in seconds."""
        return list(self._longest)

    def _send(self) -> None:
        while not self._ending.wait(EVERY):
            for partition in range(self._partitions):
                identity = f"{partition} {time.monotonic()}".encode()
                headers = [("correlation-id", identity), ("reply-to", self._replies.encode())]
                self._producer.produce(self._topic, b"{}", partition=partition, headers=headers)
            self._producer.poll(0)

    def _receive(self) -> None:
        while not self._ending.is_set():
            for message in self._consumer.consume(1000, 0.005):
                partition, sent = dict(message.headers())["correlation-id"].split()
                self._note(int(partition), float(sent), time.monotonic())

    def _note(self, partition: int, sent: float, now: float) -> None:
        self._longest[partition] = max(self._longest[partition], now - self._last[partition])
        self._last[partition] = now
        self._newest[partition] = max(self._newest[partition], sent)


def share(values: list[float], part: float) -> float:
    """The value that so great a part of them does not exceed."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]
