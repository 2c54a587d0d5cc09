"""A broker that advertises addresses at which nobody, or somebody else, answers: it is named, and no command takes that for another fault."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from broker import Kafka, Settings, free_port
from conftest import routers_in
from support.cluster import Cluster, unique
from support.router import Router, Scripts, moonroute
from support.variants import OBEYS
from support.wait import until

pytestmark = pytest.mark.timeout(120)

EXACTLY = 'return { defaults = { delivery = "exactly-once" } }\n'


@contextlib.contextmanager
def listening(answer: bytes) -> Iterator[int]:
    """A server that is no Kafka: gives its port. It answers everything so, or nothing at all if that is empty."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            kept = []
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    kept.append(connection)
                    if answer:
                        connection.recv(100)
                        connection.sendall(answer)
                        connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


class Odd:
    """A Kafka with a listener for each address that it advertises, which clients are not led to."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self.kafka = Kafka(Settings(heap="256m"))
        ports = {name: free_port() for name in addresses}
        self.brokers = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        own = f"PLAINTEXT://{self.kafka.bootstrap}"
        listeners = [own, *(f"{name.upper()}://{self.brokers[name]}" for name in addresses)]
        advertised = [own, *(f"{name.upper()}://{address}" for name, address in addresses.items())]
        (controller,) = self.kafka.controllers.values()
        self.kafka.settings.properties |= {
            "listeners": ",".join([*listeners, f"CONTROLLER://127.0.0.1:{controller}"]),
            "advertised.listeners": ",".join(advertised),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *map(str.upper, addresses))),
        }


NAMES = ("refused", "missing", "silent", "web", "six")
KINDS = [*((name, "") for name in NAMES), ("refused", EXACTLY)]


@pytest.fixture(scope="module")
def odd() -> Iterator[Odd]:
    with listening(b"") as silent, listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web:
        addresses = (f"127.0.0.1:{free_port()}", "no-such-broker.invalid:9092", f"127.0.0.1:{silent}", f"127.0.0.1:{web}", f"[::1]:{free_port()}")
        odd = Odd(dict(zip(NAMES, addresses, strict=True)))
        with odd.kafka:
            yield odd


@pytest.fixture(scope="module")
def topic(odd: Odd) -> Iterator[str]:
    with contextlib.closing(Cluster(odd.kafka.bootstrap)) as cluster:
        yield cluster.create_topic(unique("orders"))


@pytest.fixture(scope="module")
def routers(odd: Odd, topic: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Router]]:
    """All of them at once: each takes a while to find out."""
    folder = tmp_path_factory.mktemp("odd")
    scripts = Scripts(folder / "scripts")
    scripts.write(topic, OBEYS)
    with routers_in(folder, odd.kafka) as start:
        yield {(name, config): start(scripts, ready=False, brokers=odd.brokers[name], config=config or None)
               for name, config in KINDS}


@pytest.mark.parametrize(("name", "config"), KINDS, ids=lambda value: {"": "at least once", EXACTLY: "exactly once"}.get(value, value))
def test_the_router_names_the_address(odd: Odd, routers: dict[tuple[str, str], Router], name: str, config: str) -> None:
    router, address = routers[name, config], odd.addresses[name]
    until(lambda: address in router.get("/health/ready")[1], f"it names {address}: {router.get('/health/ready')}", 60)
    assert router.get("/health/ready")[0] == 503
    until(lambda: address in router.log_text(), "so does the log", 60)


COMMANDS = {"publish": ["publish"], "request": ["request", "--timeout", "20000"]}
SAID = [*(("publish", name) for name in NAMES), ("request", "refused"), ("request", "six")]


@pytest.fixture(scope="module")
def said(odd: Odd, topic: str, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[int, str]]:
    folder = tmp_path_factory.mktemp("commands")

    def run(key: tuple[str, str]) -> tuple[int, str]:
        command, name = key
        done = moonroute(*COMMANDS[command], "--brokers", odd.brokers[name], topic, "1", folder=folder,
                         env={"MOONROUTE_KAFKA_CONNECTION_TIMEOUT": "5000"})
        return done.returncode, done.stderr

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SAID, pool.map(run, SAID), strict=True))


@pytest.mark.parametrize(("command", "name"), SAID)
def test_a_command_names_the_address_and_ends_as_for_a_broker_that_is_away(odd: Odd, said: dict, command: str, name: str) -> None:
    code, text = said[command, name]
    assert code == 69, text
    assert odd.addresses[name] in text
