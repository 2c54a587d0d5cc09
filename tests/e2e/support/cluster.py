"""The cluster as an administrator sees it: topics, their ends, their records and what groups have committed."""

import dataclasses
import time
import uuid
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupState, ElectionType, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic

from .wait import until

Headers = list[tuple[str, bytes | None]]


@dataclasses.dataclass(frozen=True)
class Record:
    """One record as it lies in Kafka; headers in order, names as written."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: str) -> bytes | None:
        """The last header of exactly this name."""
        found = [value for key, value in self.headers if key == name]
        assert found, f"no header {name} in {self.headers}"
        return found[-1]

    def header_names(self) -> list[str]:
        return sorted(name for name, _ in self.headers)


def record_of(message) -> Record:
    assert message.error() is None, message.error()
    return Record(message.topic(), message.partition(), message.offset(), message.key(), message.value(),
                  list(message.headers() or []))


def unique(stem: str) -> str:
    """A name that no other test uses."""
    return f"{uuid.uuid4().hex[:8]}-{stem}"


def client_properties(bootstrap: str, **more: Any) -> dict[str, Any]:
    """What all clients of the tests have in common: they are silent about brokers that come and go."""
    return {"bootstrap.servers": bootstrap, "log_level": 0} | {name.replace("_", "."): value for name, value in more.items()}


def java_hash(text: str) -> int:
    """What Kafka chooses a coordinator by: String.hashCode without its sign."""
    value = 0
    for unit in text.encode():  # names are ASCII
        value = (31 * value + unit) & 0xFFFFFFFF
    return value & 0x7FFFFFFF


class Cluster:
    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient(client_properties(bootstrap))
        self._reader = self.reader()
        self._group_readers: dict[str, Consumer] = {}  # for their committed offsets; they never join

    def close(self) -> None:
        for reader in [self._reader, *self._group_readers.values()]:
            reader.close()

    def reader(self, group: str = "e2e-reader", **more: Any) -> Consumer:
        """A consumer to be assigned by hand; it neither joins the group nor commits."""
        return Consumer(client_properties(self.bootstrap, group_id=group, enable_auto_commit=False, fetch_wait_max_ms=20, **more))

    def create_topic(self, name: str, partitions: int = 1, replicas: int = -1, **config: str) -> str:
        """On as many brokers as theirs is the default, unless said otherwise."""
        new = NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=config)
        until(lambda: self._created(new), f"topic {name} is created")
        until(lambda: len(self.partitions(name)) == partitions, f"topic {name} has {partitions} partitions")
        return name

    def provide_topic(self, name: str, partitions: int) -> None:
        """Creates the topic unless somebody else does so meanwhile, who may give it another number of partitions."""
        until(lambda: self._created(NewTopic(name, partitions)), f"topic {name} is created")
        until(lambda: self.partitions(name), f"topic {name} is there")

    def _created(self, new: NewTopic) -> bool:
        """False if it is to be asked again: the client has dropped the broker it asked, which it knew by its address alone; or the brokers
        have been late with their own heartbeats, are fenced for a moment, and count as none."""
        again = KafkaError._DESTROY_BROKER, KafkaError.INVALID_REPLICATION_FACTOR
        try:
            self._admin.create_topics([new])[new.topic].result(15)
        except TimeoutError:
            return False
        except KafkaException as error:
            if error.args[0].code() not in (*again, KafkaError.TOPIC_ALREADY_EXISTS):
                raise
            return error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
        return True

    def create_led_topic(self, name: str, *replicas: list[int]) -> str:
        """A partition per list of its brokers' numbers, of which the first leads it while it is there."""
        self._admin.create_topics([NewTopic(name, len(replicas), replica_assignment=list(replicas))])[name].result(15)
        until(lambda: self.leaders(name) == [each[0] for each in replicas], f"topic {name} has its leaders")
        return name

    def create_topics(self, names: list[str], partitions: int = 1) -> list[str]:
        """Many at once."""
        for future in self._admin.create_topics([NewTopic(name, num_partitions=partitions) for name in names]).values():
            future.result(60)
        until(lambda: self.topics() >= set(names), f"{len(names)} topics", 60)
        return names

    def grow_topic(self, name: str, partitions: int) -> None:
        self._admin.create_partitions([NewPartitions(name, partitions)])[name].result(15)
        until(lambda: len(self.partitions(name)) == partitions, f"topic {name} has {partitions} partitions")

    def delete_topic(self, name: str) -> None:
        self._admin.delete_topics([name])[name].result(15)

    def topic_id(self, name: str) -> str | None:
        """Of the topic that has the name now, None if there is none."""
        try:
            return str(self._admin.describe_topics(TopicCollection([name]))[name].result(15).topic_id)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
            return None

    def end_topic(self, name: str) -> None:
        """Deletes the topic. Somebody else may have made another one of its name by then."""
        before = self.topic_id(name)
        self.delete_topic(name)
        until(lambda: self.topic_id(name) != before, f"topic {name} is gone")

    def recreate_topic(self, name: str, partitions: int = 1, **config: str) -> str:
        """Deletes the topic and makes a new one of the same name, which begins at offset 0 in every partition."""
        self.delete_topic(name)
        until(lambda: name not in self.topics(), f"topic {name} is gone")
        return self.create_topic(name, partitions, **config)

    def delete_records(self, topic: str, before: dict[int, int]) -> None:
        """Deletes what each of these partitions has before an offset; -1 is its end."""
        asked = [TopicPartition(topic, partition, offset) for partition, offset in before.items()]
        for future in self._admin.delete_records(asked).values():
            future.result(15)

    def change(self, topic: str, **config: str | None) -> None:
        """Changes these of the topic's settings (underscores for dots) and leaves the others; None takes one back to its default."""
        entries = [ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET if value is not None
                               else AlterConfigOpType.DELETE) for name, value in config.items()]
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        self._admin.incremental_alter_configs([resource])[resource].result(15)

    def setting(self, topic: str, name: str) -> str:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        return self._admin.describe_configs([resource])[resource].result(15)[name].value

    def configure(self, topic: str, **config: str) -> None:
        """Sets these of the topic's settings, and those alone."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=config)
        self._admin.alter_configs([resource])[resource].result(15)

    def assigned(self, group: str) -> set[tuple[str, int]]:
        """The partitions that the group's members have."""
        members = self._admin.describe_consumer_groups([group])[group].result(15).members
        return {(each.topic, each.partition) for member in members for each in member.assignment.topic_partitions}

    def instances(self, group: str) -> list[str]:
        """The names of the group's static members; "" for one that is none."""
        members = self._admin.describe_consumer_groups([group])[group].result(15).members
        return sorted(member.group_instance_id or "" for member in members)

    def members(self, group: str) -> tuple[int, bool]:
        """How many the group has, and whether they have their partitions."""
        described = self._admin.describe_consumer_groups([group])[group].result(15)
        return len(described.members), described.state == ConsumerGroupState.STABLE

    def topics(self) -> set[str]:
        return set(self._admin.list_topics(timeout=15).topics)

    def partitions(self, topic: str) -> list[int]:
        found = self._admin.list_topics(topic, timeout=15).topics.get(topic)
        return sorted(found.partitions) if found and found.error is None else []

    def leaders(self, topic: str) -> list[int]:
        """The number of the broker that leads each partition, -1 for none."""
        found = until(lambda: self._partitions_now(topic), f"a broker knows {topic}", 60)
        return [found[partition].leader for partition in sorted(found)]

    def _partitions_now(self, topic: str) -> dict[int, Any]:
        """Asked by a client of its own, which knows none but brokers that answer: others may be held up."""
        try:
            return AdminClient(client_properties(self.bootstrap)).list_topics(topic, timeout=5).topics[topic].partitions
        except KafkaException as error:
            if error.args[0].code() not in (KafkaError._TIMED_OUT, KafkaError._TRANSPORT):
                raise
            return {}

    def coordinator(self, kind: str, name: str) -> int:
        """The number of the broker that coordinates a group (kind "group") or a transactional id ("transaction"), -1 for none."""
        leaders = self.leaders({"group": "__consumer_offsets", "transaction": "__transaction_state"}[kind])
        return leaders[java_hash(name) % len(leaders)]

    def described_coordinator(self, group: str) -> int:
        """The same for a group that exists, as the coordinator itself says."""
        return self._admin.describe_consumer_groups([group])[group].result(15).coordinator.id

    def restore_leaders(self, topic: str, leaders: list[int]) -> None:
        """Gives each partition back to the first of its brokers, which are these: a change of leaders while all live."""
        until(lambda: self._elect(topic) == leaders, f"these lead {topic} again: {leaders}", 60, every=0.5)

    def _elect(self, topic: str) -> list[int]:
        """Refused while a broker is not in step yet."""
        places = [TopicPartition(topic, partition) for partition in self.partitions(topic)]
        self._admin.elect_leaders(ElectionType.PREFERRED, places).result(15)
        return self.leaders(topic)

    def whole(self) -> bool:
        """True while every partition has a leader and every replica of it is in step."""
        topics = self._admin.list_topics(timeout=15).topics.values()
        partitions = [partition for topic in topics for partition in topic.partitions.values()]
        return bool(partitions) and all(each.leader >= 0 and len(each.isrs) == len(each.replicas) for each in partitions)

    def ends(self, topic: str) -> dict[int, int]:
        """The offset each partition's next record will get."""
        return {partition: self._end(topic, partition) for partition in self.partitions(topic)}

    def begins(self, topic: str) -> dict[int, int]:
        """The offset of each partition's first record that is not deleted."""
        return {partition: self._reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)[0]
                for partition in self.partitions(topic)}

    def count(self, topic: str) -> int:
        """How many records were ever written to the topic (by producers without transactions)."""
        return sum(self.ends(topic).values())

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The group's committed offset of each partition, 0 where there is none."""
        asked = [TopicPartition(topic, partition) for partition in self.partitions(topic)]
        if group not in self._group_readers:
            self._group_readers[group] = self.reader(group)
        answer = self._group_readers[group].committed(asked, timeout=15)
        return {each.partition: max(each.offset, 0) for each in answer}

    def lag(self, group: str, topic: str) -> int:
        try:
            return self.count(topic) - sum(self.committed(group, topic).values())
        except KafkaException:
            return -1  # the group is being moved; ask again

    def await_committed(self, group: str, topic: str, seconds: float = 30.0) -> None:
        """Waits until the group is through with everything that is in the topic."""
        until(lambda: self.lag(group, topic) == 0, f"group {group} has committed all of {topic}", seconds, every=0.05)

    def records(self, topic: str) -> list[Record]:
        """Everything in the topic."""
        ends = self.ends(topic)
        reader = self.reader()
        try:
            reader.assign([TopicPartition(topic, partition, 0) for partition in ends])
            return _read(reader, sum(ends.values()))
        finally:
            reader.close()

    def await_records(self, topic: str, count: int, seconds: float = 20.0) -> list[Record]:
        """Waits until the topic has that many records, and returns all it has."""
        until(lambda: self.count(topic) >= count, f"{count} records in {topic}", seconds)
        return self.records(topic)

    def _end(self, topic: str, partition: int) -> int:
        """Asked again if a broker does not know yet that it leads the partition, or that there is one: the topic is new then."""
        (end,) = until(lambda: self._end_now(topic, partition), f"the end of {topic} [{partition}]")
        return end

    def _end_now(self, topic: str, partition: int) -> tuple[int, ...]:
        try:
            return self._reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)[1:]
        except KafkaException as error:
            if error.args[0].code() not in (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError._UNKNOWN_PARTITION):
                raise
            return ()


def committed_records(cluster: Cluster, topic: str) -> list[Record]:
    """All that a reader of committed records sees, to the end of each partition."""
    partitions = cluster.partitions(topic)
    reader = cluster.reader(enable_partition_eof=True, isolation_level="read_committed")
    try:
        reader.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        records: list[Record] = []
        ended: set[int] = set()
        deadline = time.monotonic() + 60
        while len(ended) < len(partitions):
            assert time.monotonic() < deadline, f"read {len(records)} records of {topic}"
            for message in reader.consume(1000, 0.2):
                if message.error() and message.error().code() == KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
                else:
                    records.append(record_of(message))
        return records
    finally:
        reader.close()


def _read(reader: Consumer, count: int) -> list[Record]:
    records: list[Record] = []
    deadline = time.monotonic() + 30
    while len(records) < count:
        assert time.monotonic() < deadline, f"read {len(records)} of {count} records"
        records += [record_of(message) for message in reader.consume(count - len(records), 0.2)]
    return records
