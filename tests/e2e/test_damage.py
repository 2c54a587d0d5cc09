"""A batch whose bytes changed on the broker's disk is neither handled nor skipped."""

import json
from pathlib import Path

import pytest
from broker import Kafka
from confluent_kafka import Producer
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, client_properties, unique
from support.router import Router, Scripts
from support.wait import until

pytestmark = pytest.mark.timeout(180)


def produce(cluster: Cluster, topic: str, values: list[bytes], codec: str) -> None:
    """A batch for each value."""
    producer = Producer(client_properties(cluster.bootstrap, compression_codec=codec))
    for value in values:
        producer.produce(topic, value, partition=0)
        assert producer.flush(30) == 0


def log_of(kafka: Kafka, topic: str) -> Path:
    (path,) = Path(kafka.folder).rglob(f"{topic}-0/00000000000000000000.log")
    return path


def flip(path: Path, place: int) -> None:
    """Flips a bit of the file."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def reasons(router: Router) -> set[str]:
    return {each["reason"] for each in json.loads(router.get("/health")[1])["reasons"]}


@pytest.mark.parametrize("codec", ["none", "gzip"])
@pytest.mark.parametrize("last", [True, False], ids=["last", "followed"])
def test_a_damaged_batch_is_neither_handled_nor_skipped(kafka: Kafka, cluster: Cluster, asker: Asker, scripts: Scripts,
                                                        start_router: StartRouter, codec: str, last: bool) -> None:
    topic, other, out = cluster.create_topic(unique("orders")), cluster.create_topic(unique("other")), cluster.create_topic(unique("out"))
    scripts.write(topic, f"function handleMessage(_, message) require('moonroute').publish('{out}', message) end\n")
    scripts.write(other, "function handleMessage() return 1 end\n")
    values = [b'{"id":1}', b'{"id":2}'] if last else [b'{"id":1}', b'{"id":2}', b'{"id":3,"long":"' + b"x" * 500 + b'"}']
    produce(cluster, topic, values[:2], codec)
    log = log_of(kafka, topic)
    place = log.stat().st_size - 3  # within the value of the second batch
    flip(log, place)
    produce(cluster, topic, values[2:], codec)
    router = start_router(scripts)
    until(lambda: "partition_damaged" in reasons(router), "health says so")
    assert asker.ask_data(other, {}) == 1
    assert router.get("/health/ready")[0] == 200
    until(lambda: cluster.committed(router.group, topic) == {0: 1}, "the message before it is done with")
    assert [json.loads(record.value)["id"] for record in cluster.records(out)] == [1]
    assert len([line for line in router.log() if line["event"] == "partition_damaged"]) == 1
    assert cluster.committed(router.group, topic) == {0: 1}
    flip(log, place)
    assert [json.loads(record.value)["id"] for record in cluster.await_records(out, len(values))] == [1, 2, 3][:len(values)]
    until(lambda: reasons(router) == set(), "health is well again")
    router.stop()
