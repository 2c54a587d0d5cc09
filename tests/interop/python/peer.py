"""The plain dialect with confluent-kafka: a client and a service on one loop. Lines of JSON in and out, as ../peer.py says."""

import json
import selectors
import sys
import time
import uuid
from typing import Any

from confluent_kafka import Consumer, Message, Producer

Outcome = dict[str, Any]


def headers_of(message: Message) -> dict[str, bytes]:
    return dict(message.headers() or [])


def answer(value: Any) -> tuple[bytes, Any]:
    """The reply's message-type and value."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "fail":
        return b"error", {"statusCode": 418, "message": "no coffee", "error": "Teapot"}
    if kind == "break":
        return b"error", {"statusCode": 500, "message": "on its own", "error": "InternalServerError"}
    if kind == "null":
        return b"response", None
    if kind == "text":
        return b"response", value["text"]
    return b"response", {"echo": value}


def outcome_of(message: Message) -> Outcome:
    value = json.loads(message.value())
    return {"error": value} if headers_of(message)["message-type"] == b"error" else {"data": value}


class Peer:
    def __init__(self, task: dict[str, str]) -> None:
        self.task = task
        self.producer = Producer({"bootstrap.servers": task["broker"], "linger.ms": 1})
        self.consumer = Consumer({"bootstrap.servers": task["broker"], "group.id": f"peer-{task['serves']}",
                                  "auto.offset.reset": "earliest", "enable.auto.commit": False})
        joined: list[bool] = []
        self.consumer.subscribe([task["serves"], task["replies"]], on_assign=lambda *_: joined.append(True))
        while not joined:
            self.consumer.poll(0.1)
        self.waiting: dict[bytes, Outcome | None] = {}

    def serve(self, message: Message) -> None:
        headers = headers_of(message)
        value = json.loads(message.value())
        if "reply-to" not in headers or (isinstance(value, dict) and value.get("type") == "silence"):
            return
        kind, reply = answer(value)
        self.producer.produce(headers["reply-to"].decode(), json.dumps(reply).encode(), message.key(),
                              headers=[("correlation-id", headers["correlation-id"]), ("message-type", kind)])

    def turn(self) -> None:
        """Takes what there is: requests to answer, and replies to what was asked."""
        for message in self.consumer.consume(1000, 0.02):
            assert message.error() is None, message.error()
            if message.topic() == self.task["serves"]:
                self.serve(message)
            elif headers_of(message).get("correlation-id") in self.waiting:
                self.waiting[headers_of(message)["correlation-id"]] = outcome_of(message)
        self.producer.poll(0)

    def ask(self, values: list[Any], timeout: int) -> list[Outcome]:
        ids = [str(uuid.uuid4()).encode() for _ in values]
        self.waiting = dict.fromkeys(ids)
        for correlation_id, value in zip(ids, values, strict=True):
            self.producer.produce(self.task["asks"], json.dumps(value).encode(),
                                  headers=[("correlation-id", correlation_id), ("reply-to", self.task["replies"].encode())])
        deadline = time.monotonic() + timeout / 1000
        while None in self.waiting.values() and time.monotonic() < deadline:
            self.turn()
        return [self.waiting[correlation_id] or {"timeout": True} for correlation_id in ids]


def say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def main() -> None:
    peer = Peer(json.loads(sys.stdin.readline()))
    say({"ready": True})
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            peer.turn()
            if not selector.select(0):
                continue
            line = sys.stdin.readline()
            if not line:
                break
            asked = json.loads(line)
            say({"outcomes": peer.ask(asked["values"], asked["timeout"])})
    peer.consumer.close()


main()
