"""A stop while a group joins for the first time: it ends soon, and the next router handles everything."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker import Kafka, Settings
from confluent_kafka import KafkaException
from conftest import routers_in
from support.asker import Asker
from support.cluster import Cluster, unique
from support.router import Router, Scripts
from support.wait import until

pytestmark = pytest.mark.timeout(180)

CONFIGS = {name: f'return {{ log = {{ level = "debug" }}, kafka = {{ {key} }} }}\n'
           for name, key in {"auto": "", "named": 'group_instance_id = "worker"', "dynamic": 'group_instance_id = ""'}.items()}


@pytest.fixture(scope="module")
def patient() -> Iterator[Kafka]:
    """A Kafka that lets the first member of a group wait 3 s for others, as it does by default."""
    with Kafka(Settings(properties={"group.initial.rebalance.delay.ms": "3000"})) as kafka:
        yield kafka


def has_become(router: Router, state: str) -> bool:
    return any(line.get("event") == "group_state" and line.get("to") == state for line in router.log())


def is_known(cluster: Cluster, group: str) -> bool:
    with contextlib.suppress(KafkaException):  # the first group's coordinator comes up meanwhile
        return cluster.members(group)[0] == 1
    return False


@pytest.mark.parametrize("kind", list(CONFIGS))
def test_a_stop_amid_the_first_join_ends_soon(patient: Kafka, tmp_path: Path, scripts: Scripts, kind: str) -> None:
    with contextlib.closing(Cluster(patient.bootstrap)) as cluster, contextlib.closing(Asker(cluster)) as asker, \
            routers_in(tmp_path, patient) as start:
        topic, group = cluster.create_topic(unique("orders")), unique("group")
        scripts.write(topic, "function handleMessage() return 1 end\n")
        router = start(scripts, config=CONFIGS[kind], env={"KAFKA_GROUP_ID": group}, ready=False)
        until(lambda: has_become(router, "joining"), "it joins")
        until(lambda: is_known(cluster, group), "the broker knows it")
        begun = time.monotonic()
        router.stop()
        assert time.monotonic() - begun < 1
        assert not has_become(router, "steady")
        router.start(ready=False)
        assert asker.ask_data(topic, {}) == 1
        router.stop()
