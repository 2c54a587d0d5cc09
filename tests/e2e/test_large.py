"""Large messages: the largest that a broker takes come through whole, what is larger is a failure with a name, and a backlog of them
takes no more memory than any other."""

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import Kafka, Settings
from confluent_kafka import KafkaError, KafkaException, Producer
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, Headers, client_properties, unique
from support.memory import peak_memory
from support.router import PROGRAM, Scripts
from support.wait import until

PROMISED = 192  # MiB, of a worker: docs/GUARANTEES.md, "Bounds"
ECHO = "function handleMessage(_topic, message) return message end\n"
REPLY_HEADERS: Headers = [("padding", b"x" * 100)]  # a request with them is larger than its reply
MIB = 2**20
SANITIZED = b"__asan_init" in Path(PROGRAM).read_bytes()  # which keeps what is freed, and a shadow of everything


def text_of(size: int) -> bytes:
    """A JSON string of so many bytes, no two parts of which are alike."""
    return b'"' + random.Random(size).randbytes(size // 2).hex().encode()[: size - 2].ljust(size - 2, b"x") + b'"'


def is_taken(bootstrap: str, topic: str, value: bytes, headers: Headers) -> bool:
    """Whether the broker takes such a record."""
    errors: list[KafkaError] = []
    producer = Producer(client_properties(bootstrap, message_max_bytes=100_000_000))
    producer.produce(topic, value, headers=headers, on_delivery=lambda error, _message: error and errors.append(error))
    assert producer.flush(20) == 0
    assert [error.code() for error in errors] in ([], [KafkaError.MSG_SIZE_TOO_LARGE]), errors
    return not errors


def largest(cluster: Cluster, most: int, headers: Headers) -> int:
    """Bytes of the largest value that the broker, which takes batches of `most` bytes, takes with these headers."""
    topic = cluster.create_topic(unique("probe"))
    low, high = most - 1024, most
    while high - low > 1:
        middle = (low + high) // 2
        taken = is_taken(cluster.bootstrap, topic, b"x" * middle, headers)
        low, high = (middle, high) if taken else (low, middle)
    return low


def test_the_largest_message_that_the_broker_takes_is_echoed_whole(asker: Asker, cluster: Cluster, scripts: Scripts,
                                                                  start_router: StartRouter) -> None:
    topic = cluster.create_topic(unique("large"))
    scripts.write(topic, ECHO)
    start_router(scripts)
    headers = [*asker.plain(new_id()), *REPLY_HEADERS]
    size = largest(cluster, 1_048_588, headers)
    assert size > 1_048_000
    asker.send(topic, text_of(size), headers)
    assert asker.reply_to(headers[0][1]).value == text_of(size)
    with pytest.raises((AssertionError, KafkaException), match="MSG_SIZE_TOO_LARGE"):
        asker.send(topic, text_of(size + 1), headers)


@pytest.fixture(scope="module")
def roomy() -> Iterator[Kafka]:
    """A broker that takes messages of 10 MiB."""
    with Kafka(Settings(properties={"message.max.bytes": str(10 * MIB)})) as kafka:
        yield kafka


@pytest.mark.parametrize("properties", ["", '["message.max.bytes"] = 10485760',
                                        '["message.max.bytes"] = 10485760, ["fetch.max.bytes"] = 10485760, ["queued.max.messages.kbytes"] = 1024'],
                         ids=["no property", "the largest message", "and the largest fetch"])
def test_a_broker_and_a_router_for_ten_megabytes_echo_them_whole(roomy: Kafka, scripts: Scripts, start_router: StartRouter,
                                                                 properties: str) -> None:
    with contextlib.closing(Cluster(roomy.bootstrap)) as cluster, contextlib.closing(Asker(cluster)) as asker:
        topic = cluster.create_topic(unique("large"))
        scripts.write(topic, ECHO)
        start_router(scripts, brokers=roomy.bootstrap, config=f"return {{ kafka = {{ properties = {{ {properties} }} }} }}")
        headers = [*asker.plain(new_id()), *REPLY_HEADERS]
        size = largest(cluster, 10 * MIB, headers)
        for value in b'"small"', text_of(size), b'"small again"':
            asker.send(topic, value, headers)
            assert asker.reply_to(headers[0][1]).value == value


def test_a_reply_too_large_for_the_broker_is_a_dead_letter_with_that_name_and_the_others_go_on(
        asker: Asker, cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topic = cluster.create_topic(unique("large"))
    scripts.write(topic, """
        local noise = {} -- too large when it is compressed, too
        for i = 1, 1600000 do noise[i] = string.char(math.random(48, 122)) end
        noise = table.concat(noise)
        function handleMessage(_topic, message) return message.times > 1 and noise or message.text end
    """)
    router = start_router(scripts)
    for number in range(30):
        asker.send(topic, {"text": "x" * 1000, "times": 1100 if number % 10 == 5 else 1}, asker.plain(b"%d" % number), key=b"one")
    answered = [asker.next_reply().header("correlation-id") for _ in range(27)]
    assert answered == [b"%d" % number for number in range(30) if number % 10 != 5]
    letters = cluster.await_records(f"{topic}-dlq", 3)
    assert [(letter.header("correlation-id"), json.loads(letter.value)["times"]) for letter in letters] == [(b"%d" % n, 1100) for n in (5, 15, 25)]
    assert all(b"too large" in letter.header("error").lower() for letter in letters), letters[0].header("error")
    cluster.await_committed(router.group, topic)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("partitions", [1, 20])
@pytest.mark.parametrize("size", [1_000_000, 10_000])
def test_a_backlog_of_200_megabytes_takes_no_more_memory_than_is_promised(
        cluster: Cluster, scripts: Scripts, start_router: StartRouter, note: Callable[[str], None], size: int, partitions: int) -> None:
    topic, replies = cluster.create_topic(unique("large"), partitions), cluster.create_topic(unique("replies"), partitions)
    scripts.write(topic, ECHO)
    count = 200_000_000 // size
    producer = Producer(client_properties(cluster.bootstrap, message_max_bytes=2_000_000, queue_buffering_max_kbytes=300_000))
    for number in range(count):
        producer.produce(topic, text_of(size), partition=number % partitions, headers=[("correlation-id", b"x"), ("reply-to", replies.encode())])
    assert producer.flush(60) == 0
    router = start_router(scripts)
    until(lambda: cluster.count(replies) == count, f"{count} replies", 120)
    (worker,) = router.workers()
    peak = peak_memory(worker)
    note(f"{peak:.0f} MiB")
    assert SANITIZED or peak <= PROMISED
    cluster.await_committed(router.group, topic)
