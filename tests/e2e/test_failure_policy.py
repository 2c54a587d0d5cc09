"""The failure policy on a real Kafka: every row of its table, dead letters to the byte, retries across a restart."""

import json
import os
import time

import pytest
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, Headers, Record, unique
from support.router import Router, Scripts
from support.wait import until

pytestmark = pytest.mark.timeout(180)

# Raises what it is told to, at every attempt up to the one that it is told to succeed at.
FAILING = """
local router = require "moonroute"
function handleMessage(_topic, message, _headers, context)
    router.publish("TRACE", { id = message.id, attempt = context.attempt }, { key = message.id })
    if message.succeeds and context.attempt >= message.succeeds then return context.attempt end
    if message.raise == "string" then error("it failed") end
    if message.raise == "mistake" then return undefined_function() end
    if message.raise == "no JSON" then return print end
    error(message.raise)
end
"""
QUICK = 'defaults = { retry = { max = 2, base = 50, cap = 200, jitter = 0 } }'


class Service:
    """A topic with a failing handler, its dead letters and the trace of its attempts."""

    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter, more: str = "", partitions: int = 2) -> None:
        stem = unique("orders")
        self.cluster = cluster
        self.topic = cluster.create_topic(f"{stem}-commands", partitions=partitions)
        self.dead = cluster.create_topic(f"{stem}-dlq", partitions=partitions)
        self.trace = cluster.create_topic(f"{stem}-trace")
        scripts.write(self.topic, FAILING.replace("TRACE", self.trace))
        self.router: Router = start(scripts, config=f"return {{ {QUICK} {more.replace('TOPIC', self.topic)} }}\n")

    def attempts(self, key: str) -> int:
        return len([record for record in self.cluster.records(self.trace) if record.key == key.encode()])

    def dead_letters(self, key: str) -> list[Record]:
        return [record for record in self.cluster.records(self.dead) if ("id", key.encode()) in record.headers]

    def await_done(self) -> None:
        self.cluster.await_committed(self.router.group, self.topic)

    def metric(self, line: str) -> float:
        """The value of the line that begins so, behind the service's name."""
        for each in self.router.get("/metrics")[1].splitlines():
            if line in each and not each.startswith("#"):
                return float(each.rpartition(" ")[2])
        return 0.0


ROWS = [  # what is raised; of a request its status, attempts and dead letters, of an event its attempts and dead letters
    ("client's fault", {"statusCode": 404, "message": "no"}, (404, 1, 0), (1, 1)),
    ("service's fault", {"statusCode": 503, "message": "no"}, (503, 1, 0), (3, 1)),
    ("later", {"retry_after": 20, "message": "no"}, (503, 3, 1), (3, 1)),
    ("later, with a status", {"retry_after": 20, "statusCode": 429, "message": "no"}, (429, 3, 1), (3, 1)),
    ("never", {"retryable": False, "message": "no"}, (500, 1, 1), (1, 1)),
    ("never, with a status", {"retryable": False, "statusCode": 422, "message": "no"}, (422, 1, 1), (1, 1)),
    ("an error", "string", (500, 1, 1), (3, 1)),
    ("an undefined global", "mistake", (500, 1, 1), (1, 1)),
    ("a reply that is no JSON", "no JSON", (500, 1, 1), (1, 1)),
]


def test_every_row_of_the_table(cluster: Cluster, scripts: Scripts, start_router: StartRouter, asker: Asker) -> None:
    service = Service(cluster, scripts, start_router)
    ids: dict[str, bytes] = {}
    for name, raised, _request, _event in ROWS:
        for kind in ("request", "event"):
            key = f"{name}, {kind}"
            ids[key] = new_id()
            headers: Headers = [("id", key.encode()), *(asker.plain(ids[key]) if kind == "request" else [])]
            asker.send(service.topic, {"id": key, "raise": raised}, headers)
    service.await_done()
    for name, _raised, (_status, attempts, dead), (event_attempts, event_dead) in ROWS:
        assert (service.attempts(f"{name}, request"), len(service.dead_letters(f"{name}, request"))) == (attempts, dead), name
        assert (service.attempts(f"{name}, event"), len(service.dead_letters(f"{name}, event"))) == (event_attempts, event_dead), name
    replies = [record for record in cluster.records(asker.replies) if record.headers]
    for name, _raised, (status, _attempts, _dead), _event in ROWS:
        mine = [record for record in replies if ("correlation-id", ids[f"{name}, request"]) in record.headers]
        assert [record.header("status-code") for record in mine] == [str(status).encode()], name
        assert not [record for record in replies if ("correlation-id", ids[f"{name}, event"]) in record.headers]


def test_a_request_is_retried_if_its_route_says_so(cluster: Cluster, scripts: Scripts, start_router: StartRouter, asker: Asker) -> None:
    service = Service(cluster, scripts, start_router, ', routes = { ["TOPIC"] = { retry = { requests = true } } }')
    assert asker.ask_data(service.topic, {"id": "mended", "raise": "string", "succeeds": 3}) == 3
    correlation_id = new_id()
    asker.send(service.topic, {"id": "in vain", "raise": "string"}, [("id", b"in vain"), *asker.plain(correlation_id)])
    assert asker.reply_to(correlation_id).header("status-code") == b"500"
    service.await_done()
    assert (service.attempts("in vain"), len(service.dead_letters("in vain"))) == (3, 1)


def test_what_is_no_json_is_dead_and_told(cluster: Cluster, scripts: Scripts, start_router: StartRouter, asker: Asker) -> None:
    service = Service(cluster, scripts, start_router)
    correlation_id, value = new_id(), b'{"broken": \x00\xff'
    asker.send(service.topic, value, [("id", b"request"), *asker.plain(correlation_id)])
    asker.send(service.topic, value, [("id", b"event")])
    assert asker.reply_to(correlation_id).header("status-code") == b"400"
    service.await_done()
    assert [record.value for key in ("request", "event") for record in service.dead_letters(key)] == [value, value]


def test_a_dead_letter_is_what_came_and_what_became_of_it(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                          asker: Asker) -> None:
    service = Service(cluster, scripts, start_router, partitions=3)
    own: Headers = [("id", b"whole"), ("b", b"\x00\xff"), ("a", None), ("b", b"")]
    value = json.dumps({"id": "whole", "raise": "string", "padding": "x" * 1000}, indent=3).encode()
    before = time.time()
    asker.send(service.topic, value, own, key=b"\xfe\x01", partition=2)
    asker.send(service.topic, None, [("id", b"null")], key=None, partition=1)
    service.await_done()
    [record] = service.dead_letters("whole")
    assert (record.key, record.value, record.partition) == (b"\xfe\x01", value, 2)
    assert record.headers[:4] == own
    assert [name for name, _ in record.headers[4:]] == ["original-topic", "original-partition", "original-offset", "original-timestamp",
                                                        "error", "error-stack", "failed-at", "total-retries", "reason"]
    assert record.header("original-topic") == service.topic.encode()
    assert (record.header("original-partition"), record.header("original-offset")) == (b"2", b"0")
    assert before - 5 < int(record.header("original-timestamp")) / 1000 < time.time() + 5
    assert before - 5 < int(record.header("failed-at")) / 1000 < time.time() + 5
    assert record.header("error").endswith(b": it failed")
    assert b"stack traceback:" in record.header("error-stack")
    assert (record.header("total-retries"), record.header("reason")) == (b"2", b"error")
    [null] = service.dead_letters("null")
    assert (null.key, null.value, null.partition) == (None, None, 1)


def test_a_reply_that_cannot_be_delivered_is_a_dead_letter(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                           asker: Asker) -> None:
    service = Service(cluster, scripts, start_router, partitions=1)
    small = cluster.create_topic(unique("small"), **{"max.message.bytes": "300"})
    for key, reply_to in (("illegal", b"no topic!"), ("small", small.encode())):
        headers = [("id", key.encode()), ("correlation-id", os.urandom(400)), ("reply-to", reply_to)]  # too large when compressed, too
        asker.send(service.topic, {"id": key, "succeeds": 1}, headers)
    assert asker.ask_data(service.topic, {"id": "behind", "succeeds": 1}) == 1
    service.await_done()
    for key in ("illegal", "small"):
        [record] = service.dead_letters(key)
        assert record.header("error").startswith(b"the reply cannot be delivered"), key
        assert record.header("reason") == b"undeliverable", key
    assert service.attempts("small") == 1, "it is not retried"


def test_a_published_record_that_is_refused_later_fails_its_message(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                                    asker: Asker) -> None:
    service = Service(cluster, scripts, start_router, partitions=1)
    small = cluster.create_topic(unique("small"), **{"max.message.bytes": "300"})
    scripts.write(service.topic, f"""
        local router = require "moonroute"
        local noise = {{}} -- too large when it is compressed, too
        for i = 1, 1000 do noise[i] = string.char(math.random(48, 122)) end
        function handleMessage(_topic, message, _headers, context)
            router.publish("{small}", context.attempt < 2 and table.concat(noise) or "x")
            return context.attempt
        end""")
    service.router.reload()
    until(lambda: service.metric('reloads_total{result="ok"}') == 1, "the script is loaded")
    assert asker.ask_data(service.topic, {}) == 1
    service.await_done()
    assert cluster.count(small) == 1
    assert cluster.count(asker.replies) == 1, "the second attempt does not answer again"
    assert service.metric('messages_processed_total{topic="%s",status="success"}' % service.topic) == 1


def health(router: Router) -> tuple[int, str]:
    status, body = router.get("/health")
    return status, body


def test_its_partition_waits_while_a_dead_letter_cannot_be_written(cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                                   asker: Asker) -> None:
    stem = unique("blocked")
    topic = cluster.create_topic(stem, partitions=2)
    dead = cluster.create_topic(f"{stem}-dlq", partitions=2, **{"max.message.bytes": "200"})
    trace = cluster.create_topic(unique("trace"))
    scripts.write(topic, FAILING.replace("TRACE", trace))
    router = start_router(scripts, config=f"return {{ {QUICK} }}\n")
    refused = {"id": "refused", "raise": {"retryable": False, "message": "no"}, "padding": "x" * 500}
    asker.send(topic, refused, partition=0)
    until(lambda: health(router)[0] == 503 and "dead_letter_blocked" in health(router)[1], "health says so")
    behind, beside = new_id(), new_id()
    asker.send(topic, {"id": "behind", "succeeds": 1}, asker.plain(behind), partition=0)
    asker.send(topic, {"id": "beside", "succeeds": 1}, asker.plain(beside), partition=1)
    asker.reply_to(beside)
    assert cluster.committed(router.group, topic)[0] == 0
    cluster.configure(dead, **{"max.message.bytes": "1048588"})
    asker.reply_to(behind, 60)
    until(lambda: health(router)[0] == 200, "it has healed")
    [record] = cluster.records(dead)
    assert json.loads(record.value) == refused
    cluster.await_committed(router.group, topic)
    assert len([line for line in router.log() if line["event"] == "dead_letter_blocked"]) == 1
    assert len([line for line in router.log() if line["event"] == "dead_letter_unblocked"]) == 1


def test_a_topic_retry_survives_a_restart(cluster: Cluster, scripts: Scripts, start_router: StartRouter, asker: Asker) -> None:
    service = Service(cluster, scripts, start_router, ', routes = { ["TOPIC"] = { retry = { max = 2, base = 3000, cap = 3000, mode = "topic" } } }')
    own: Headers = [("id", b"restarted"), ("retry-count", b"its own")]
    asker.send(service.topic, {"id": "restarted", "raise": "string"}, own, key=b"k", partition=1)
    service.await_done()
    [waiting] = cluster.await_records(f"{service.topic}-retry", 1)
    assert (waiting.key, waiting.headers[:2]) == (b"k", own)
    assert (waiting.header("retry-count"), waiting.header("original-topic")) == (b"1", service.topic.encode())
    assert waiting.header("last-error").endswith(b": it failed")
    due = int(waiting.header("retry-timestamp")) / 1000
    service.router.stop()
    assert service.attempts("restarted") == 1
    service.router.start()
    until(lambda: service.attempts("restarted") == 2, "it is handled again", 40)
    assert time.time() >= due - 0.1
    until(lambda: service.dead_letters("restarted"), "it is a dead letter", 40)
    [record] = service.dead_letters("restarted")
    assert service.attempts("restarted") == 3
    assert [name for name, _ in record.headers] == ["id", "retry-count", "original-topic", "original-partition", "original-offset",
                                                    "original-timestamp", "error", "error-stack", "failed-at", "total-retries", "reason"]
    assert (record.header("original-topic"), record.header("original-partition"), record.header("original-offset")) == \
        (service.topic.encode(), b"1", b"0")
    assert (record.key, record.header("retry-count"), record.header("total-retries")) == (b"k", b"its own", b"2")
