"""Response topics of requests of every kind that are deleted and made again: no reply that comes then is lost."""

import dataclasses
import json

import pytest
from broker import Kafka
from conftest import StartRouter
from support.cluster import Cluster, committed_records, unique
from support.router import Scripts
from support.variants import beyond_ci
from support.wait import until
from test_batches import send_at_once
from test_delivery_variants import plain, together

pytestmark = pytest.mark.timeout(180)


@dataclasses.dataclass(frozen=True)
class Inbox:
    settings: str = ""
    options: str = ""
    before: int = 2
    after: int = 2
    sleep: int = 0  # ms until a question is answered: the topic goes meanwhile


INBOXES = {
    "with more partitions": Inbox(after=5),
    "with fewer partitions": Inbox(before=5, after=1),
    "exactly once": Inbox('delivery = "exactly-once",'),
    "of a partition": Inbox(options='dialect = "nestjs"'),
    "by name": Inbox(options='reply_to = "%s"'),
    "while it is awaited": Inbox(sleep=4000),
}
ASKS = """
local router = require "moonroute"
function handleMessage(_topic, message) return router.request("%s", message, { timeout = 15000, %s }) end
"""
SERVES = """
local router = require "moonroute"
function handleMessage(_topic, message) if message.sleep then router.sleep(message.sleep) end return { n = message.n } end
"""


class Inboxes:
    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter) -> None:
        self.cluster = cluster
        self.asking = {name: cluster.create_topic(unique("asking")) for name in INBOXES}
        self.replies = {name: cluster.create_topic(unique("replies")) for name in INBOXES}
        self.topics: dict[str, str] = {}
        routes = []
        for name, inbox in INBOXES.items():
            served = cluster.create_topic(unique("served"))
            self.topics[name] = cluster.create_topic(f"{served}-{'answers' if name == 'by name' else 'responses'}", inbox.before)
            scripts.write(self.asking[name], ASKS % (served, inbox.options.replace("%s", self.topics[name])))
            scripts.write(served, SERVES)
            routes.append(f'["{self.asking[name]}"] = {{ {inbox.settings} group_id = "{unique("group")}" }}')
        self.router = start(scripts, brokers=cluster.bootstrap, config=f"""return {{
            create_topics = false, defaults = {{ concurrency = 500 }}, routes = {{ {", ".join(routes)} }} }}\n""")
        self.asked: dict[str, int] = dict.fromkeys(INBOXES, 0)

    def ask(self, name: str, count: int, sleep: int = 0) -> None:
        message = {"sleep": sleep} if sleep else {}
        first = self.asked[name]
        self.asked[name] += count
        send_at_once(self.cluster, self.asking[name], [({"n": first + n} | message, plain(self.replies[name])) for n in range(count)])

    def assert_answered(self) -> None:
        for name, count in self.asked.items():
            until(lambda name=name, count=count: len(committed_records(self.cluster, self.replies[name])) >= count, f"{name}: all are answered", 40)
            answers = [json.loads(record.value) for record in committed_records(self.cluster, self.replies[name])]
            assert sorted(each.get("n", -1) for each in answers) == list(range(count)), (name, answers[-3:])

    def recreate(self, noticed: bool) -> None:
        """If it is not noticed, the first sign may be that offsets end before those that were read."""
        for name, inbox in INBOXES.items():
            if inbox.sleep and not noticed:  # else they fail at once
                self.ask(name, 3, inbox.sleep)
        before = len(self.router.log_text())
        together(self.cluster.end_topic, self.topics.values())
        for topic in self.topics.values() if noticed else ():
            self.router.await_log(f'"response_topic_unavailable","topic":"{topic}"', before)
        for name, inbox in INBOXES.items():
            self.cluster.create_topic(self.topics[name], inbox.after)
        for topic in self.topics.values() if noticed else ():
            self.router.await_log(f'"response_topic_available","topic":"{topic}"', before, 30)


@beyond_ci
def test_replies_in_a_response_topic_that_is_made_again_are_read(guarded_kafka: Kafka, guarded_cluster: Cluster, scripts: Scripts,
                                                                 start_router: StartRouter) -> None:
    inboxes = Inboxes(guarded_cluster, scripts, start_router)
    for name in INBOXES:
        inboxes.ask(name, 40)
    inboxes.assert_answered()
    for noticed, count in ((False, 1), (True, 1), (True, 60)):
        inboxes.recreate(noticed)
        for name, inbox in INBOXES.items():
            if not inbox.sleep:
                inboxes.ask(name, count)
        inboxes.assert_answered()
    inboxes.router.stop()
