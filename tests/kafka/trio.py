"""Three brokers that are one Kafka cluster, each a controller too: what a topic holds is on all three, and two of them are enough.

    with KafkaTrio() as trio:
        trio.brokers[0].kill()  # the two others go on
        trio.brokers[0].start()
"""

import shutil
import tempfile
from pathlib import Path

from broker import Kafka, Settings, free_port

NUMBERS = (1, 2, 3)
PROPERTIES = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "broker.session.timeout.ms": "3000",
}


class KafkaTrio:
    """Its brokers can be killed, stopped and started one by one; ports and data stay until close()."""

    def __init__(self, heap: str = "256m", properties: dict[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="moonroute-kafka-trio-"))
        controllers = {number: free_port() for number in NUMBERS}
        settings = Settings(heap=heap, properties=PROPERTIES | (properties or {}))
        self.brokers = [Kafka(settings, self.folder / str(number), number=number, controllers=controllers) for number in NUMBERS]

    @property
    def bootstrap(self) -> str:
        return ",".join(broker.bootstrap for broker in self.brokers)

    def broker(self, number: int) -> Kafka:
        """The one that Kafka's metadata call by this number."""
        return self.brokers[NUMBERS.index(number)]

    def __enter__(self) -> "KafkaTrio":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts those that were ended. They need each other to begin, so all are launched before one is waited for."""
        for broker in self.brokers:
            broker.check()
        missing = [broker for broker in self.brokers if broker.process is None]
        for broker in missing:
            broker.launch()
        for broker in missing:
            broker.await_start()

    def kill(self) -> None:
        """A power cut for all at once."""
        for broker in self.brokers:
            broker.kill()

    def close(self) -> None:
        for broker in self.brokers:
            broker.close()
        shutil.rmtree(self.folder, ignore_errors=True)
