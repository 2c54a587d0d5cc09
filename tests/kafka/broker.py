"""A real Apache Kafka for tests and benchmarks: one node in KRaft mode, on free ports of the loopback, data in a folder of its own.

    with Kafka() as kafka:
        ...  # kafka.bootstrap is "127.0.0.1:PORT"

Needs nothing beyond Python's standard library, a JDK 17 and Maven (for the first fetch). MR_KAFKA_VERSION chooses another version than pom.xml.
"""

import contextlib
import dataclasses
import hashlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VERSION = os.environ.get("MR_KAFKA_VERSION")
LIBS = ROOT / "build" / "kafka" / (f"libs-{VERSION}" if VERSION else "libs")
CLUSTER_ID = "bW9vbnJvdXRlLXRlc3RzMQ"  # 16 bytes in base64, as StorageTool wants them
START_SECONDS = 90.0
STOP_SECONDS = 30.0
# A broker with users checks access lists. Clients of `bootstrap` are above them; users may do nothing that no list allows.
GUARD = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.login.scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "listener.name.login.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
}


# The kernel ends a broker when the thread that started it is gone. This one stays until the interpreter ends.
_launcher = ThreadPoolExecutor(1, "kafka-launcher")


class KafkaError(Exception):
    """The broker could not be fetched, started or stopped; the message has the end of its log."""


def fetch() -> Path:
    """Copies Kafka's jars below build/ unless they are there already, and returns their folder."""
    stamp = LIBS.parent / f"{LIBS.name}.stamp"
    wanted = hashlib.sha256((HERE / "pom.xml").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return LIBS
    print("kafka: fetching Apache Kafka", file=sys.stderr, flush=True)
    shutil.rmtree(LIBS, ignore_errors=True)
    command = ["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies",
               "-DincludeScope=runtime", f"-DoutputDirectory={LIBS}", *([f"-Dkafka.version={VERSION}"] if VERSION else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise KafkaError(f"cannot fetch Kafka:\n{done.stdout[-4000:]}")
    stamp.write_text(wanted)
    return LIBS


_given: set[int] = set()


def free_port(address: str = "127.0.0.1") -> int:
    """A port of that address that nothing listens on and that was not given before, from outside the range the kernel gives to connections.

    A port out of that range could be taken by any client's connection before its listener starts, or while it restarts.
    """
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        port = 10000 + int.from_bytes(os.urandom(2), "big") % max(low - 10000, 1000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            with contextlib.suppress(OSError):
                probe.bind((address, port))
                if port not in _given:
                    _given.add(port)
                    return port
    raise KafkaError("no free port")


@dataclasses.dataclass
class Settings:
    """What may differ between brokers."""

    auto_create_topics: bool = True
    fast_start: bool = True  # the JVM's first compiler only: starts sooner, but is slower under load
    outlives_us: bool = False  # otherwise the kernel ends the broker when the process that started it is gone
    heap: str = "512m"
    young: str | None = None  # how much of the heap new objects fill before the collector stops the broker (default: a third)
    address: str | None = None  # of this machine, to be reached from beyond its loopback too: Kafka.outside
    users: dict[str, str] = dataclasses.field(default_factory=dict)  # who may log in at Kafka.login, with their passwords; see GUARD
    properties: dict[str, str] = dataclasses.field(default_factory=dict)  # any more of server.properties


class Kafka:
    """One broker. Its port and data stay the same from one start() to the next, until close().

    In a cluster of more than one it has a `number`, and `controllers` are the controllers' ports by number, its own among them.
    """

    def __init__(self, settings: Settings | None = None, folder: Path | None = None, port: int | None = None, number: int = 1,
                 controllers: dict[int, int] | None = None) -> None:
        self.settings = settings or Settings()
        self.port = port or free_port()
        self.number = number
        self.controllers = controllers or {number: free_port()}
        self.outside = f"{self.settings.address}:{free_port(self.settings.address)}" if self.settings.address else None
        self.login = f"127.0.0.1:{free_port()}" if self.settings.users else None  # SASL without TLS, for settings.users
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="moonroute-kafka-"))
        self.log = self.folder / "kafka.log"
        self.process: subprocess.Popen | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> "Kafka":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts the broker and waits until it answers a metadata request."""
        self.launch()
        self.await_start()

    def launch(self) -> None:
        """Starts the broker and does not wait."""
        assert self.process is None, "Kafka runs already"
        libs = fetch()
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        if not properties.exists():
            properties.write_text(self._properties())
            self._format(libs, properties)
        with self.log.open("ab") as log:
            self.process = self._java(libs, log, "kafka.Kafka", str(properties))

    def check(self) -> None:
        """Fails where the broker was started and has ended by itself."""
        code = self.process.poll() if self.process is not None else None
        if code is not None:
            raise KafkaError(f"Kafka {self.number} has ended by itself (exit {code}):\n{self.log_tail()}")

    def answers(self) -> bool:
        """True where it answers a metadata request."""
        return answers(self.port)

    def await_start(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            code = self.process.poll()
            if code is not None:
                self.process = None
                raise KafkaError(f"Kafka ended while it started (exit {code}):\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise KafkaError(f"Kafka does not answer after {START_SECONDS:.0f} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends the broker as an operator would (SIGTERM); its data stay."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the broker as a power cut would (SIGKILL); its data stay."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Holds the broker up (SIGSTOP): its connections stay, and nobody answers. A client waits for its own socket.timeout.ms, 60 s."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a paused broker go on; harmless for one that runs."""
        self._signal(signal.SIGCONT)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Pauses the broker for a block of code."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def close(self) -> None:
        """Ends the broker and removes its data."""
        if self.process is not None:
            self.kill()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def _properties(self) -> str:
        voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in self.controllers.items())
        clients = f"PLAINTEXT://{self.bootstrap}" + (f",OUTSIDE://{self.outside}" if self.outside else "")
        clients += f",LOGIN://{self.login}" if self.login else ""
        table = {
            "process.roles": "broker,controller",
            "node.id": str(self.number),
            "controller.quorum.voters": voters,
            "listeners": f"{clients},CONTROLLER://127.0.0.1:{self.controllers[self.number]}",
            "advertised.listeners": clients,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "auto.create.topics.enable": str(self.settings.auto_create_topics).lower(),
            "num.partitions": "1",
            "default.replication.factor": "1",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "8",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "broker.heartbeat.interval.ms": "500",
            "broker.session.timeout.ms": "2000",  # after a kill the node may only come back when its old session is over
            **(self._guard() if self.settings.users else {}),
            **self.settings.properties,
        }
        return "".join(f"{name}={value}\n" for name, value in table.items())

    def _guard(self) -> dict[str, str]:
        users = " ".join(f'user_{name}="{password}"' for name, password in self.settings.users.items())
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        return GUARD | {"listener.name.login.plain.sasl.jaas.config": f"{module} required {users};"}

    def _format(self, libs: Path, properties: Path) -> None:
        with self.log.open("ab") as log:
            tool = self._java(libs, log, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(properties))
            code = tool.wait()
        if code != 0:
            properties.unlink()
            raise KafkaError(f"cannot format Kafka's storage (exit {code}):\n{self.log_tail()}")

    def _java(self, libs: Path, log: IO[bytes], *arguments: str) -> subprocess.Popen:
        leash = [] if self.settings.outlives_us else ["setpriv", "--pdeathsig", "KILL"]
        tuning = ["-XX:TieredStopAtLevel=1", "-Xshare:auto"] if self.settings.fast_start else []
        young = [f"-Xmn{self.settings.young}"] if self.settings.young else []
        command = [*leash, "java", f"-Xmx{self.settings.heap}", *young, "-XX:+UseSerialGC", *tuning,
                   "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{libs}/*", *arguments]
        return _launcher.submit(subprocess.Popen, command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True).result()

    def _signal(self, which: signal.Signals) -> None:
        assert self.process is not None, "Kafka does not run"
        self.process.send_signal(which)

    def _end(self, how: signal.Signals) -> None:
        self._signal(how)
        self.resume()  # a paused one would not obey SIGTERM
        process, self.process = self.process, None
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise KafkaError(f"Kafka did not end within {STOP_SECONDS:.0f} s:\n{self.log_tail()}") from None


def answers(port: int) -> bool:
    """True where a broker on this port answers a metadata request (version 1, no topics) and names a broker."""
    request = struct.pack(">hhih5si", 3, 1, 1, 5, b"tests", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            size = struct.unpack(">i", _receive(connection, 4))[0]
            _correlation, brokers = struct.unpack(">ii", _receive(connection, size)[:8])
            return brokers > 0
    except OSError:
        return False


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("closed")
        data += piece
    return data
