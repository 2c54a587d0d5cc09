"""Topics that are deleted, or deleted and created again, under a router that serves them."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from broker import Kafka, Settings
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, unique
from support.router import Router, Scripts
from support.wait import until

ECHO = "function handleMessage(_topic, message) return message end\n"

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def strict() -> Iterator[Cluster]:
    """A broker that creates nothing because it is asked for it."""
    with Kafka(Settings(auto_create_topics=False)) as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        yield cluster


@pytest.fixture
def strict_asker(strict: Cluster) -> Iterator[Asker]:
    with contextlib.closing(Asker(strict)) as asker:
        yield asker


def events(router: Router, event: str) -> list[dict[str, Any]]:
    return [line for line in router.log() if line["event"] == event]


def delete(cluster: Cluster, topic: str) -> None:
    cluster.delete_topic(topic)
    until(lambda: topic not in cluster.topics(), f"{topic} is gone")


def test_a_script_whose_topic_is_gone_can_be_removed(strict: Cluster, strict_asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    """Its group ends in the background, and the others are served."""
    old, kept = (strict.create_topic(unique(stem), partitions=2) for stem in ("old-commands", "kept-commands"))
    for topic in (old, kept):
        scripts.write(topic, ECHO)
    config = f'return {{ routes = {{ ["{old}"] = {{ group_id = "{old}" }} }} }}\n'
    router = start_router(scripts, config=config, brokers=strict.bootstrap)
    for topic in (old, kept):
        assert strict_asker.ask_data(topic, {"n": 1}) == {"n": 1}
    processes = [router.pid, *router.workers()]
    delete(strict, old)
    until(lambda: strict.assigned(old) == set(), "the group has no partition", 60)
    (router.folder / "moonroute.lua").write_text("return {}\n")
    scripts.remove(old)
    router.reload()
    router.await_log('"event":"reload_done"')
    for number in range(20):
        assert strict_asker.ask_data(kept, {"n": number}) == {"n": number}
    assert [router.pid, *router.workers()] == processes
    router.stop(5)


def test_a_router_whose_topic_is_gone_stops_at_once(strict: Cluster, strict_asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    topic = strict.create_topic(unique("orders"), partitions=2)
    scripts.write(topic, ECHO)
    router = start_router(scripts, brokers=strict.bootstrap)
    assert strict_asker.ask_data(topic, {"n": 1}) == {"n": 1}
    delete(strict, topic)
    router.stop(5)
