"""Keys and times of records of every kind, and the topics that patterns leave alone."""

import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker import Kafka
from confluent_kafka import Producer, TopicPartition
from conftest import StartRouter
from support.asker import new_id
from support.cluster import Cluster, Headers, client_properties, committed_records, unique
from support.kafkajs import MODULES
from support.router import Scripts, environment, moonroute
from support.variants import OBEYS
from support.wait import until

pytestmark = pytest.mark.timeout(120)

PARTITIONS, FEWER = 12, 5
KEYS = ["", "\x00", "\u00e9", "a", "ab", "abc", "abcd", "customer-7", "k" * 300, "\U0001f600", "key\x00behind", "0"]


def murmur2(data: bytes) -> int:
    """As in org.apache.kafka.common.utils.Utils."""
    mask, factor = 0xFFFFFFFF, 0x5BD1E995
    value = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for (part,) in struct.iter_unpack("<I", data[:whole]):
        part = part * factor & mask
        part = (part ^ part >> 24) * factor & mask
        value = value * factor & mask ^ part
    if len(data) > whole:
        value = (value ^ int.from_bytes(data[whole:], "little")) * factor & mask
    value = (value ^ value >> 13) * factor & mask
    return value ^ value >> 15


def java(key: bytes, partitions: int = PARTITIONS) -> int:
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def node(script: str, task: dict) -> None:
    done = subprocess.run(["node", "-e", script], input=json.dumps(task), capture_output=True, text=True, timeout=60, check=False,
                          env=environment({"NODE_PATH": str(MODULES)}))
    assert done.returncode == 0, done.stderr


KAFKAJS = """
const { Kafka, Partitioners, logLevel } = require("kafkajs");
const task = JSON.parse(require("fs").readFileSync(0));
const producer = new Kafka({ brokers: [task.broker], logLevel: logLevel.ERROR }).producer({ createPartitioner: Partitioners.DefaultPartitioner });
producer.connect().then(() => producer.send(task.batch)).then(() => producer.disconnect()).catch((e) => { console.error(e); process.exit(1); });
"""


def send_by_kafkajs(kafka: Kafka, topic: str, messages: list[dict]) -> None:
    node(KAFKAJS, {"broker": kafka.bootstrap, "batch": {"topic": topic, "messages": messages}})


class Shop:
    """One router for all that records are asked here."""

    def __init__(self, kafka: Kafka, cluster: Cluster, scripts: Scripts, start: StartRouter) -> None:
        self.kafka, self.cluster = kafka, cluster
        self.keyed = {delivery: cluster.create_topic(unique("keyed"), PARTITIONS) for delivery in DELIVERIES}
        self.topics = {delivery: cluster.create_topic(unique("orders"), PARTITIONS) for delivery in DELIVERIES}
        self.small = {f"{topic}-{end}": cluster.create_topic(f"{topic}-{end}", FEWER) for topic in self.topics.values() for end in ("dlq", "retry")}
        self.replies = cluster.create_topic(unique("replies"), PARTITIONS)
        self.asked = cluster.create_topic(unique("asked"), PARTITIONS)
        cluster.create_topic(f"{self.asked}-responses")
        self.times = cluster.create_topic(unique("times"))
        self.stamped = cluster.create_topic(unique("stamped"), **{"message.timestamp.type": "LogAppendTime"})
        for topic in (self.times, self.stamped):
            cluster.create_topic(f"{topic}-retry", **{"message.timestamp.type": "LogAppendTime"})
            scripts.write(topic, TELLS % cluster.create_topic(f"{topic}-seen"))
        self.asking = cluster.create_topic(unique("asking"))
        for topic in (self.asking, *self.topics.values()):
            scripts.write(topic, OBEYS)
        routes = [f'["{topic}"] = {{ delivery = "{delivery}", group_id = "{unique("group")}", retry = {{ mode = "topic" }} }}'
                  for delivery, topic in self.topics.items()]
        self.router = start(scripts, brokers=kafka.bootstrap, config=f"""return {{
            rpc = {{ drop_expired = true }},
            defaults = {{ retry = {{ max = 2, base = 20, jitter = 0, mode = "topic", requests = true }} }},
            routes = {{ {", ".join(routes)} }} }}\n""")
        self.workers = self.router.workers()

    def send(self, topic: str, messages: list[tuple]) -> None:
        """Values, keys, headers, partitions and times."""
        producer = Producer(client_properties(self.cluster.bootstrap, partitioner="murmur2_random"))
        for value, key, headers, partition, timestamp in messages:
            producer.produce(topic, json.dumps(value), key, partition, headers=headers, **({"timestamp": timestamp} if timestamp else {}))
        assert producer.flush(20) == 0


DELIVERIES = ("at-least-once", "at-most-once", "exactly-once")

# Tells of each attempt, fails twice and is rejected then.
TELLS = """
local router = require "moonroute"
function handleMessage(_topic, message, _headers, context)
    router.publish("%s", { n = message.n, attempt = context.attempt, timestamp = context.timestamp, deadline = context.deadline })
    if message.publish then
        local done, problem = pcall(router.publish, message.publish, message.n, { timestamp = message.timestamp })
        return { done = done, problem = tostring(problem) }
    end
    if message.fails == false then return message.n end
    if context.attempt <= 2 then error("again") end
    router.reject("at the end")
end
"""


@pytest.fixture(scope="module")
def shop(kafka: Kafka, cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[Shop]:
    yield Shop(kafka, cluster, shared_scripts, start_shared_router)


def assert_java(shop: Shop, topic: str, count: int, partitions: int = PARTITIONS) -> None:
    """All that is there lies where Java's client would put it."""
    until(lambda: len(committed_records(shop.cluster, topic)) >= count, f"{count} records in {topic}")
    records = committed_records(shop.cluster, topic)
    assert len(records) == count
    assert {record.key: record.partition for record in records} == {record.key: java(record.key, partitions) for record in records}


def test_kafkajs_and_this_test_agree(shop: Shop) -> None:
    assert (murmur2(b"foobar") - (1 << 32), murmur2(b"21") - (1 << 32), murmur2(b"abc")) == (-790332482, -973932308, 479470107)
    topic = shop.cluster.create_topic(unique("kafkajs"), PARTITIONS)
    send_by_kafkajs(shop.kafka, topic, [{"key": key, "value": "1"} for key in KEYS if key])
    assert_java(shop, topic, len(KEYS) - 1)


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_what_is_published_by_key_lies_where_java_puts_it(shop: Shop, delivery: str) -> None:
    publishes = [{"to": shop.keyed[delivery], "value": key, "options": {"key": key}} for key in KEYS]
    publishes += [{"to": shop.keyed[delivery], "value": {name: key}} for name, key in (("id", 7), ("id", 9007199254740993), ("messageId", "m-1"))]
    shop.send(shop.topics[delivery], [({"n": 1, "publish": publishes}, None, None, 0, None)])
    assert_java(shop, shop.keyed[delivery], len(publishes))


def test_replies_by_key_lie_where_java_puts_them(shop: Shop) -> None:
    plain = [("correlation-id", new_id()), ("reply-to", shop.replies.encode())]
    spring = [("kafka_correlationId", bytes(16)), ("kafka_replyTopic", shop.replies.encode())]
    messages = [({"n": 1}, key.encode(), headers, 3, None) for key in KEYS for headers in (plain, spring)]
    shop.send(shop.topics["at-least-once"], messages)
    assert_java(shop, shop.replies, len(messages))


def test_what_is_asked_lies_where_java_puts_it(shop: Shop) -> None:
    message = {"n": 1, "ask": shop.asked, "timeout": 60000}
    shop.send(shop.asking, [(message, None, None, 0, None)] * 5)
    assert_java(shop, shop.asked, 5)


@pytest.mark.parametrize("end", ["dlq", "retry"])
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_what_its_topic_has_no_such_partition_for_lies_where_java_puts_it(shop: Shop, delivery: str, end: str) -> None:
    topic = shop.topics[delivery]
    message = {"n": 1, "reject": True} if end == "dlq" else {"n": 1, "raise": 10}
    shop.send(topic, [(message, key.encode(), None, PARTITIONS - 1, None) for key in KEYS if key])
    assert_java(shop, f"{topic}-{end}", len(KEYS) - 1, FEWER)


def test_what_the_command_publishes_lies_where_java_puts_it(shop: Shop) -> None:
    topic = shop.cluster.create_topic(unique("commands"), PARTITIONS)
    for key in KEYS:
        if "\x00" not in key:
            assert moonroute("publish", topic, "1", "--brokers", shop.kafka.bootstrap, "--key", key).returncode == 0
    assert_java(shop, topic, len([key for key in KEYS if "\x00" not in key]))


# Times.

MOST, LEAST = 2**63 - 1, -(2**63)
TIMES = {1: 1, 2: 1000, 3: MOST, 4: MOST - 1, 5: 9_999_999_999_999, 6: 2**53 + 1}


def seen(shop: Shop, topic: str) -> list[dict]:
    return [json.loads(record.value) for record in committed_records(shop.cluster, f"{topic}-seen")]


def letters(shop: Shop, topic: str) -> dict[int, bytes]:
    return {json.loads(record.value)["n"]: record.header("original-timestamp") for record in committed_records(shop.cluster, f"{topic}-dlq")}


def test_a_time_is_kept_through_a_retry_topic_that_has_its_own(shop: Shop) -> None:
    shop.send(shop.times, [({"n": n}, None, None, 0, time) for n, time in TIMES.items()])
    send_by_kafkajs(shop.kafka, shop.times, [{"key": "k", "value": '{"n":0}', "timestamp": "0"}])
    until(lambda: letters(shop, shop.times).keys() >= {0, *TIMES}, "they are dead letters")
    assert letters(shop, shop.times) == {n: str(time).encode() for n, time in ({0: 0} | TIMES).items()}
    told = {(each["n"], each["attempt"], each["timestamp"]) for each in seen(shop, shop.times)}
    assert told >= {(n, attempt, time) for n, time in ({0: 0} | TIMES).items() if time < 2**53 for attempt in (1, 2, 3)}  # a Lua number


def test_the_broker_s_time_is_kept_through_a_retry_topic(shop: Shop) -> None:
    shop.send(shop.stamped, [({"n": 1}, None, None, 0, 5)])
    until(lambda: letters(shop, shop.stamped), "it is a dead letter")
    (time,) = {each["timestamp"] for each in seen(shop, shop.stamped)}
    assert time > 1_700_000_000_000
    assert letters(shop, shop.stamped) == {1: str(time).encode()}


def test_headers_that_are_no_times_harm_nobody(shop: Shop) -> None:
    """In a retry topic, where anybody may write."""
    texts = [b"", b"abc", b"-5", b"1e3", b"99999999999999999999", str(LEAST).encode(), None]
    names = ("retry-timestamp", "retry-count", "original-timestamp", "original-partition", "original-offset", "timestamp", "timeout")
    messages = [({"n": 100 + number, "fails": False}, None, [(name, text)], 0, None)
                for number, (name, text) in enumerate((name, text) for name in names for text in texts)]
    shop.send(f"{shop.times}-retry", messages)
    wanted = {message["n"] for message, *_ in messages}
    until(lambda: {each["n"] for each in seen(shop, shop.times)} >= wanted, "they are handled")
    assert shop.router.workers() == shop.workers


def request(shop: Shop, headers: Headers) -> Headers:
    return [("correlation-id", new_id()), ("reply-to", shop.replies.encode()), *headers]


FAR = str(10**18 - 1).encode()  # the largest time-out of 18 digits
OPEN: list[tuple[Headers, int | None]] = [
    ([("timestamp", str(MOST).encode())], None),
    ([("timestamp", b"999999999999999"), ("timeout", FAR)], None),
    ([("timeout", FAR)], None),
    ([("timeout", FAR)], 1),
    ([], MOST),
    ([("timeout", FAR)], MOST),
    ([("timeout", b"0")], MOST),
    ([("timestamp", b"99999999999999999999")], None),  # no number: the record's own time counts
    ([("timestamp", str(LEAST).encode()), ("timeout", b"10000")], None),  # no time either
]
OVER: list[tuple[Headers, int | None]] = [
    ([("timestamp", b"1"), ("timeout", b"1")], None),
    ([("timestamp", b"1"), ("timeout", b"0")], MOST),
    ([("timestamp", b"1600000000000"), ("timeout", str(LEAST).encode())], None),
    ([], 1),
]


def test_deadlines_at_the_ends_of_time_are_compared_right(shop: Shop) -> None:
    cases = [*OPEN, *OVER]
    shop.send(shop.times, [({"n": 1000 + n, "fails": False}, None, request(shop, headers), 0, time) for n, (headers, time) in enumerate(cases)])
    shop.send(shop.times, [({"n": 1999, "fails": False}, None, None, 0, None)])
    until(lambda: 1999 in {each["n"] for each in seen(shop, shop.times)}, "the last is handled")
    handled = {each["n"] for each in seen(shop, shop.times) if 1000 <= each["n"] < 1999}
    assert handled == {1000 + n for n in range(len(OPEN))}


@pytest.mark.parametrize("time", [MOST, 1, 0, -5, LEAST, 1.5, 1e300])
def test_a_time_that_is_published_is_the_record_s_or_refused(shop: Shop, time: float) -> None:
    topic = shop.cluster.create_topic(unique("published"))
    replies = shop.cluster.create_topic(unique("replies"))
    headers = [("correlation-id", new_id()), ("reply-to", replies.encode())]
    shop.send(shop.times, [({"n": 2000, "publish": topic, "timestamp": time}, None, headers, 0, None)])
    until(lambda: shop.cluster.count(replies), "it is answered")
    (reply,) = shop.cluster.records(replies)
    answer = json.loads(reply.value)
    reader = shop.cluster.reader()
    reader.assign([TopicPartition(topic, 0, 0)])
    message = reader.poll(2 if answer["done"] else 0.1)
    reader.close()
    assert answer["done"] == (message is not None)
    assert message is None or message.timestamp()[1] == time
    assert shop.router.workers() == shop.workers


# Topics that a pattern leaves.


def test_a_pattern_takes_the_retry_topics_of_nobody(kafka: Kafka, cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    stem, group, other = unique("p"), unique("group"), unique("group")
    taken = ["b", "only-free-retry", "only-late-retry"]
    left = ["a-retry", "a-dlq", "b-retry", "d-retry", "e-retry", "g.dead", "g-retry", "h-later"]
    own = ["a", "d", "e", "f", "f-retry", "g", "h"]
    for name in [*taken, *left, *own, "only-late"]:
        cluster.create_topic(f"{stem}-{name}")
    for name in own[:-1]:
        scripts.write(f"{stem}-{name}", OBEYS)
    scripts.write("all", OBEYS)
    config = f"""return {{ kafka = {{ group_id = "{group}" }}, create_topics = false, routes = {{
        ["^{stem}-[a-h]"] = {{ script = "all.lua" }},
        ["^{stem}-only-.*-retry$"] = {{ script = "all.lua" }},
        ["{stem}-d"] = {{ group_id = "{other}" }},
        ["{stem}-e"] = {{ retry = {{ mode = "topic" }} }},
        ["{stem}-g"] = {{ dlq = {{ topic = "{{topic}}.dead" }}, retry = {{ max = 0 }} }},
        ["{stem}-h"] = {{ script = "all.lua", dlq = {{ topic = "{{base}}-later" }} }},
    }} }}\n"""
    router = start_router(scripts, config=config, env={"KAFKA_GROUP_ID": group})

    def served(of: str) -> set[str]:
        return {topic.removeprefix(f"{stem}-") for topic, _ in cluster.assigned(of)}

    wanted = {*taken, *own, "e-retry"} - {"d"}
    until(lambda: served(group) == wanted, f"it serves {wanted}", 15)
    assert served(other) == {"d"}
    scripts.write(f"{stem}-only-late", OBEYS)
    router.reload()
    router.await_log("reload_done")
    until(lambda: served(group) == wanted - {"only-late-retry"} | {"only-late"}, "the one that is somebody's now is given back", 15)
    scripts.remove(f"{stem}-only-late")
    router.reload()
    until(lambda: served(group) == wanted, "and taken again", 15)
    replies = cluster.create_topic(unique("replies"))
    producer = Producer(client_properties(cluster.bootstrap))
    for name in [*taken, *left, *own]:
        producer.produce(f"{stem}-{name}", json.dumps({"answer": name}), headers=[("correlation-id", b"1"), ("reply-to", replies.encode())])
    assert producer.flush(20) == 0
    until(lambda: cluster.count(replies) >= len(wanted) + 1, "they are answered")
    assert sorted(json.loads(record.value) for record in cluster.records(replies)) == sorted({*wanted, "d"})


# Deliveries of one group.

MIXES = {
    "defaults, and one that says otherwise": ('defaults = { delivery = "exactly-once" }, routes = { b = { delivery = "at-least-once" } }', True),
    "at most once beside exactly once": ('routes = { a = { delivery = "exactly-once" }, b = { delivery = "at-most-once" } }', True),
    "a pattern": ('routes = { ["^z"] = { script = "a.lua", delivery = "exactly-once" } }', True),
    "a named group that is the default one": ('kafka = { group_id = "g" }, routes = { a = { delivery = "exactly-once", group_id = "g" } }', True),
    "the client's name is the group": ('kafka = { client_id = "c" }, routes = { a = { delivery = "exactly-once", group_id = "c" } }', True),
    "two of a group that is not the default one": ('routes = { a = { group_id = "x", delivery = "exactly-once" }, b = { group_id = "x" } }', True),
    "a group of its own": ('routes = { a = { group_id = "x", delivery = "exactly-once" } }', False),
    "all exactly once": ('defaults = { delivery = "exactly-once" }', False),
    "at most once beside at least once": ('routes = { a = { delivery = "at-most-once" } }', False),
    "each in a group of its own": ('routes = { a = { group_id = "x", delivery = "exactly-once" }, b = { group_id = "y" } }', False),
}


def checked(folder: Path, config: str, env: dict[str, str] | None = None) -> str:
    for name in "ab":
        Scripts(folder / "scripts").write(name, "function handleMessage() end\n")
    (folder / "moonroute.lua").write_text(f"return {{ {config} }}\n")
    done = moonroute("check", "--config", "moonroute.lua", folder=folder, env=env)
    assert done.returncode == 0, done
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", MIXES)
def test_check_warns_of_deliveries_that_do_not_go_together(tmp_path: Path, name: str) -> None:
    config, warned = MIXES[name]
    said = checked(tmp_path, config)
    assert ("warning" in said and "group_id" in said) == warned, said


def test_check_warns_of_what_the_environment_makes_one_group(tmp_path: Path) -> None:
    config = 'routes = { a = { delivery = "exactly-once", group_id = "shared" } }'
    assert "warning" not in checked(tmp_path, config)
    assert "warning" in checked(tmp_path, config, {"KAFKA_GROUP_ID": "shared"})
    config = 'routes = { b = { delivery = "at-least-once" } }'
    assert "warning" in checked(tmp_path, config, {"MOONROUTE_DEFAULTS_DELIVERY": "exactly-once"})
