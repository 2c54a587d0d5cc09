"""Exactly once while the coordinator of transactions is away: that is told, and the same worker goes on, also if its transaction timed out meanwhile."""

import contextlib
import json
from collections import Counter
from pathlib import Path

import proxy
import pytest
from broker import Settings
from confluent_kafka import TopicPartition
from proxy import Fate, ProxiedKafka, Request
from support.asker import Asker, new_id
from support.cluster import Cluster, committed_records, unique
from support.router import Router, Scripts
from support.wait import until
from test_batches import send_at_once

SERVE = """
local router = require "moonroute"
function handleMessage(_topic, message)
    router.publish("EFFECTS", message)
    return message
end
"""
CONFIG = """return { defaults = { delivery = "exactly-once" },
    kafka = { client_id = "under-test", properties = { ["transaction.timeout.ms"] = 2000 } } }
"""
QUICK = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "500"}

pytestmark = pytest.mark.timeout(240)


class Coordinator:
    """Away or not, for the router alone."""

    def __init__(self) -> None:
        self.away = False

    async def __call__(self, request: Request) -> Fate | None:
        asked = request.key in (proxy.INIT_PRODUCER_ID, proxy.ADD_PARTITIONS_TO_TXN, proxy.ADD_OFFSETS_TO_TXN, proxy.END_TXN)
        return Fate.CUT if self.away and asked and request.client == "under-test" else None


def ended(cluster: Cluster, topic: str) -> bool:
    """No transaction is open on the topic, and some record is there."""
    reader, committed = cluster.reader(), cluster.reader(isolation_level="read_committed")
    try:
        last, stable = (each.get_watermark_offsets(TopicPartition(topic, 0), timeout=15)[1] for each in (reader, committed))
        return last == stable
    finally:
        reader.close()
        committed.close()


def test_a_transaction_that_timed_out_is_no_other_owner(scripts: Scripts, tmp_path: Path) -> None:
    coordinator = Coordinator()
    with ProxiedKafka([coordinator], Settings(properties=QUICK)) as kafka, contextlib.closing(Cluster(kafka.direct)) as cluster, \
            contextlib.closing(Asker(cluster)) as asker:
        topic, effects, replies = (cluster.create_topic(unique(stem)) for stem in ("in", "effects", "replies"))
        scripts.write(topic, SERVE.replace("EFFECTS", effects))
        router = Router(kafka.bootstrap, scripts, tmp_path / "router", config=CONFIG)
        with contextlib.closing(router):
            router.start()
            workers = router.workers()
            assert asker.ask_data(topic, "first") == "first"
            send_at_once(cluster, topic, [(number, [("correlation-id", new_id()), ("reply-to", replies.encode())]) for number in range(2000)])
            until(lambda: cluster.count(effects) > 100, "it is amid the work")
            coordinator.away = True
            until(lambda: "transactions_stalled" in router.log_text(), "the log says so", 15)
            until(lambda: router.get("/health")[0] == 503 and "transactions_stalled" in str(router.get("/health")[1]), "health says so")
            until(lambda: ended(cluster, effects), "the transaction has timed out", 30)
            coordinator.away = False
            until(lambda: sum(cluster.committed(router.group, topic).values()) == 2001, "all is committed", 60)
            seen = Counter(json.loads(record.value) for record in committed_records(cluster, effects))
            assert seen == Counter(["first", *range(2000)])
            assert Counter(json.loads(record.value) for record in committed_records(cluster, replies)) == Counter(range(2000))
            assert router.workers() == workers
            assert "producer_fenced" not in router.log_text()
            until(lambda: router.get("/health")[0] == 200, "health is well again")
