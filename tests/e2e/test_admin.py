"""The admin listener: health, metrics, status."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from typing import NamedTuple

import psutil
import pytest
from conftest import StartRouter
from prometheus_client.parser import text_string_to_metric_families
from support.asker import Asker, new_id
from support.cluster import Cluster, unique
from support.router import Router, Scripts, http_get
from support.wait import until

MIXED = """
local router = require "moonroute"
function handleMessage(_topic, message)
    if message.type == "fail" then router.fail(400, "no") end
    if message.type == "publish" then router.publish(message.to, { id = 1 }) end
    return { fine = true }
end
"""

COUNTERS = ["messages_received_total", "messages_processed_total", "retry_attempts_total", "messages_sent_total", "dlq_messages_total"]
GAUGES = ["active_consumers", "active_producers", "uptime_seconds"]
HISTOGRAMS = ["message_processing_duration_seconds", "message_publish_duration_seconds"]


class Shop(NamedTuple):
    topic: str
    router: Router


@pytest.fixture
def shop(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> Iterator[Shop]:
    topic = cluster.create_topic(unique("shop"), partitions=2)
    scripts.write(topic, MIXED)
    yield Shop(topic, start_router(scripts, workers=2, env={"MOONROUTE_SERVICE": "shop"}))


class Metrics:
    """What /metrics says, read by the parser of Prometheus' own client."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name that have these labels."""
        return sum(sample.value for family in self.families.values() for sample in family.samples
                   if sample.name == name and labels.items() <= sample.labels.items())

    def samples(self, name: str) -> list:
        return [sample for family in self.families.values() for sample in family.samples if sample.name == name]


def metrics(router: Router) -> Metrics:
    status, text = router.get("/metrics")
    assert status == 200
    return Metrics(text)


def test_the_ten_metrics_have_type_and_help_before_any_traffic(shop: Shop) -> None:
    families = metrics(shop.router).families
    kinds = {name.removesuffix("_total"): "counter" for name in COUNTERS} | dict.fromkeys(GAUGES, "gauge") | dict.fromkeys(HISTOGRAMS, "histogram")
    for name, kind in kinds.items():
        assert families[f"shop_{name}"].type == kind
        assert families[f"shop_{name}"].documentation


def test_metrics_count_what_happened(cluster: Cluster, asker: Asker, shop: Shop) -> None:
    events = cluster.create_topic(unique("events"))
    for number in range(12):
        asker.ask_data(shop.topic, {"type": "fine"}, key=b"%d" % number)
    for number in range(5):
        asker.ask_error(shop.topic, {"type": "fail"}, key=b"%d" % number)
    for _ in range(3):
        asker.ask_data(shop.topic, {"type": "publish", "to": events})
    cluster.await_committed(shop.router.group, shop.topic)
    until(lambda: metrics(shop.router).value("shop_messages_sent_total") == 23, "20 replies and 3 events are counted")
    now = metrics(shop.router)
    assert now.value("shop_messages_received_total") == 20
    assert now.value("shop_messages_processed_total", topic=shop.topic, status="success") == 15
    assert now.value("shop_messages_processed_total", topic=shop.topic, status="error") == 5
    assert now.value("shop_messages_processed_total") == 20
    assert now.value("shop_message_processing_duration_seconds_count") == 20
    assert now.value("shop_message_publish_duration_seconds_count") == 23
    assert 0 < now.value("shop_message_processing_duration_seconds_sum") < 20
    assert now.value("shop_active_consumers") >= 2
    assert now.value("shop_active_producers") == 2
    assert now.value("shop_uptime_seconds") > 0
    assert now.value("shop_dlq_messages_total") == 0
    assert now.value("shop_retry_attempts_total") == 0


def test_histogram_buckets_grow_and_end_at_the_count(asker: Asker, shop: Shop) -> None:
    asker.ask_data(shop.topic, {})
    for name in HISTOGRAMS:
        buckets = metrics(shop.router).samples(f"shop_{name}_bucket")
        assert buckets
        for labels in {tuple(sorted((key, value) for key, value in sample.labels.items() if key != "le")) for sample in buckets}:
            series = [sample for sample in buckets if set(labels) <= set(sample.labels.items())]
            values = [sample.value for sample in sorted(series, key=lambda sample: float(sample.labels["le"]))]
            assert values == sorted(values)
            assert any(sample.labels["le"] == "+Inf" for sample in series)


def test_counters_survive_the_death_of_a_worker(asker: Asker, cluster: Cluster, shop: Shop) -> None:
    for number in range(10):
        asker.ask_data(shop.topic, {}, key=b"%d" % number)
    cluster.await_committed(shop.router.group, shop.topic)
    workers = shop.router.workers()
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    until(lambda: len(set(shop.router.workers()) - set(workers)) == 2, "the workers are replaced")
    assert metrics(shop.router).value("shop_messages_received_total") == 10


def test_health_is_json_and_well(shop: Shop) -> None:
    for path in "/health", "/health/live", "/health/ready":
        status, body = shop.router.get(path)
        assert status == 200, body
        json.loads(body)


def test_status_is_json_and_names_workers_and_topics(asker: Asker, shop: Shop) -> None:
    asker.ask(shop.topic, {})
    status, body = shop.router.get("/status")
    assert status == 200
    json.loads(body)
    assert shop.topic in body
    assert all(str(pid) in body for pid in shop.router.workers())


@pytest.mark.parametrize("path", ["/nothing", "/healthy", "/metrics/x", "/%00", "/..%2f..%2fetc%2fpasswd"])
def test_other_paths_are_404(shop: Shop, path: str) -> None:
    assert shop.router.get(path)[0] == 404


def test_bytes_that_are_no_http_harm_nobody(asker: Asker, shop: Shop) -> None:
    for garbage in b"\x00" * 1000, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"x" * 100_000, b"POST /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n":
        with socket.create_connection(("127.0.0.1", shop.router.port), timeout=5) as connection:
            connection.sendall(garbage)
    assert shop.router.get("/health")[0] == 200
    assert asker.ask_data(shop.topic, {}) == {"fine": True}


def test_clients_that_say_nothing_do_not_keep_others_from_an_answer(shop: Shop) -> None:
    silent = [socket.create_connection(("127.0.0.1", shop.router.port), timeout=5) for _ in range(50)]
    try:
        assert shop.router.get("/health")[0] == 200
    finally:
        for connection in silent:
            connection.close()


def test_nothing_listens_but_the_admin_address(shop: Shop) -> None:
    connections = psutil.Process(shop.router.pid).net_connections("tcp")
    listening = {(each.laddr.ip, each.laddr.port) for each in connections if each.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", shop.router.port)}


def test_an_admin_port_that_is_taken_ends_run_with_a_word(scripts: Scripts, shop: Shop, start_router: StartRouter) -> None:
    taken = start_router(scripts, ready=False, port=shop.router.port)
    assert taken.await_exit() not in (0, 70), "an operator's mistake, not an internal one"
    assert str(shop.router.port) in taken.log_text()
    assert http_get(shop.router.port, "/health")[0] == 200


def test_nil_replies_count_as_processed(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    topic = cluster.create_topic(unique("silent"))
    scripts.write(topic, "function handleMessage() return nil end\n")
    router = start_router(scripts, env={"MOONROUTE_SERVICE": "shop"})
    for headers in [], asker.plain(new_id()):
        asker.send(topic, {}, headers)
    until(lambda: metrics(router).value("shop_messages_processed_total", topic=topic, status="success") == 2, "two successes")
    assert metrics(router).value("shop_messages_sent_total") == 0
