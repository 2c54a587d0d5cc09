"""A request-reply client on confluent-kafka, with every header in the test's hands."""

import json
import time
import uuid
from typing import Any

from confluent_kafka import Producer, TopicPartition

from .cluster import Cluster, Headers, Record, client_properties, record_of, unique

Value = Any


def encoded(value: Value) -> bytes | None:
    """Bytes and None as they are, anything else as JSON."""
    return value if value is None or isinstance(value, bytes) else json.dumps(value).encode()


def new_id() -> bytes:
    return str(uuid.uuid4()).encode()


class Asker:
    """Sends to any topic and reads one reply topic of its own."""

    def __init__(self, cluster: Cluster, partitions: int = 1) -> None:
        self.cluster = cluster
        self.replies = cluster.create_topic(unique("replies"), partitions)
        self._producer = Producer(client_properties(cluster.bootstrap, linger_ms=0, message_max_bytes=100_000_000))  # the broker is to say
        self._consumer = cluster.reader()
        self._consumer.assign([TopicPartition(self.replies, partition, 0) for partition in range(partitions)])

    def close(self) -> None:
        self._consumer.close()
        self._producer.flush(10)

    def send(self, topic: str, value: Value, headers: Headers | None = None, key: bytes | None = None, partition: int = -1) -> None:
        """Writes one record and waits until the broker has it."""
        failures: list[object] = []
        self._producer.produce(topic, encoded(value), key, partition, headers=headers or [],
                               on_delivery=lambda error, _message: error and failures.append(error))
        assert self._producer.flush(20) == 0, f"cannot send to {topic}"
        assert not failures, failures

    def plain(self, correlation_id: bytes) -> Headers:
        """The headers of a request in the plain dialect."""
        return [("correlation-id", correlation_id), ("reply-to", self.replies.encode())]

    def kafka_client(self, correlation_id: bytes) -> Headers:
        """The headers of a request in the kafka-client dialect."""
        return [*self.plain(correlation_id), ("message-type", b"request-reply"), ("timestamp", str(int(time.time() * 1000)).encode())]

    def ask(self, topic: str, value: Value, key: bytes | None = None, headers: Headers | None = None) -> Record:
        """A plain request with these further headers, and its reply."""
        correlation_id = new_id()
        self.send(topic, value, [*self.plain(correlation_id), *(headers or [])], key)
        return self.reply_to(correlation_id)

    def ask_data(self, topic: str, value: Value, key: bytes | None = None) -> Any:
        """A plain request; the value of its successful reply."""
        reply = self.ask(topic, value, key)
        assert reply.header("message-type") == b"response", reply
        return json.loads(reply.value)

    def ask_error(self, topic: str, value: Value, key: bytes | None = None) -> dict[str, Any]:
        """A plain request; the value of its error reply, after a look at the headers that say so."""
        reply = self.ask(topic, value, key)
        assert reply.header("message-type") == b"error", reply
        error = json.loads(reply.value)
        assert reply.header("status-code") == str(error["statusCode"]).encode()
        return error

    def next_reply(self, seconds: float = 20.0) -> Record:
        """The next record of the reply topic, whatever it answers."""
        message = self._consumer.poll(seconds)
        assert message is not None, f"no reply within {seconds:g} s"
        return record_of(message)

    def reply_to(self, correlation_id: bytes, seconds: float = 20.0) -> Record:
        """The reply that has these bytes in its header correlation-id; passes over others."""
        deadline = time.monotonic() + seconds
        while True:
            reply = self.next_reply(max(deadline - time.monotonic(), 0.01))
            if ("correlation-id", correlation_id) in reply.headers:
                return reply
