"""Work that waits: handlers that burn CPU, backlogs written at once, and routes in groups of their own."""

import json
import time
from collections.abc import Iterable

from confluent_kafka import Producer

from .cluster import Cluster, client_properties

# Burns `cost` milliseconds of CPU, the message's own or else COST, and answers with the message's number.
BURNS = """
local clock = os.clock
function handleMessage(_topic, message)
    local ends = clock() + (message.cost or COST) / 1000
    while clock() < ends do end
    return { number = message.number }
end
"""


def burning(cost: float) -> str:
    """A script whose handler burns that many milliseconds of CPU."""
    return BURNS.replace("COST", str(cost))


def fill(cluster: Cluster, topic: str, count: int, first: int = 0, keys: int = 0, **fields: object) -> float:
    """Writes `count` events numbered from `first` as fast as Kafka takes them, and returns the seconds it took.

    Without keys they lie in every partition alike; with some, in the order in which they were sent.
    """
    started = time.monotonic()
    properties = client_properties(cluster.bootstrap, linger_ms=20, batch_num_messages=10_000, queue_buffering_max_messages=2_000_000,
                                   enable_idempotence=True, sticky_partitioning_linger_ms=0)
    refused: list[object] = []
    producer = Producer(properties)
    for number in range(first, first + count):
        value = json.dumps({"number": number} | fields).encode()
        key = b"%d" % (number % keys) if keys else None
        producer.produce(topic, value, key, on_delivery=lambda error, _message: error and refused.append(error))
        if number % 1000 == 0:
            producer.poll(0)
    assert producer.flush(120) == 0, f"cannot fill {topic}"
    assert not refused, refused[:3]
    return time.monotonic() - started


def groups_of(groups: dict[str, str], route: str = "", more: str = "") -> str:
    """A configuration in which each topic is served by the group that is named for it.

    `route` are further settings of every route, `more` further keys of the configuration, both as Lua text.
    """
    routes = [f'["{topic}"] = {{ group_id = "{group}", {route} }}' for topic, group in groups.items()]
    return "return {{\n    routes = {{\n        {}\n    }},\n    {}\n}}\n".format(",\n        ".join(routes), more)


def in_groups(stem: str, topics: Iterable[str]) -> dict[str, str]:
    """A group of its own for each topic, as groups_of wants them."""
    return {topic: f"{stem}-{number}" for number, topic in enumerate(topics)}
