"""Machines that share nothing but this one: network namespaces, each with a cable of its own to here.

    with Network(["a", "b"]) as network:
        ...  # network.address is here, seen from each; network.machines["a"].address is there, seen from here

They do not see each other, nor anything else: what they know of one another goes through what listens on network.address.
Needs root. Names and addresses are random, so that two runs on one machine do not meet.
"""

import contextlib
import ctypes
import dataclasses
import ipaddress
import os
import random
import secrets
import subprocess
from collections.abc import Iterable

BLOCKS = ipaddress.ip_network("198.18.0.0/15")  # set aside for the testing of networks (RFC 2544)
BLOCK_PREFIX = 28
CLONE_NEWUTS = 0x04000000


class NetworkError(Exception):
    """A namespace or its cable could not be made or taken away; the message is that of ip."""


def enter_own_names() -> None:
    """From now on a change of the host name holds for this process and its children alone (unshare(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUTS) != 0:
        raise OSError(ctypes.get_errno(), f"no host name of its own: {os.strerror(ctypes.get_errno())}")


@dataclasses.dataclass(frozen=True)
class Machine:
    namespace: str
    address: str

    @property
    def wrapper(self) -> list[str]:
        """What a command begins with that is to run there; it becomes the command, and no process of its own."""
        return ["ip", "netns", "exec", self.namespace]


class Network:
    def __init__(self, names: Iterable[str]) -> None:
        here, *there = free_block().hosts()
        self._stem = f"mr{secrets.token_hex(4)}"  # a link's name has 15 letters at most
        self._undo = contextlib.ExitStack()
        self.address = str(here)
        self.machines = {name: Machine(f"{self._stem}-{name}", str(address)) for name, address in zip(names, there, strict=False)}

    def __enter__(self) -> "Network":
        with self._undo:
            for machine in self.machines.values():
                self._make(machine)
            self._undo = self._undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _make(self, machine: Machine) -> None:
        cable = machine.namespace
        ip("netns", "add", machine.namespace)
        self._undo.callback(ip, "netns", "delete", machine.namespace)
        ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", machine.namespace)
        self._undo.callback(ip, "link", "delete", cable)
        ip("address", "add", self.address, "peer", machine.address, "dev", cable)
        ip("link", "set", cable, "up")
        ip("-n", machine.namespace, "address", "add", machine.address, "peer", self.address, "dev", "eth0")
        ip("-n", machine.namespace, "link", "set", "eth0", "up")
        ip("-n", machine.namespace, "link", "set", "lo", "up")


def free_block() -> ipaddress.IPv4Network:
    """A few addresses that lead nowhere on this machine."""
    routes = [line.split()[0] for line in ip("-4", "route", "show").splitlines()]
    taken = [ipaddress.ip_network(route) for route in routes if route[0].isdigit()]
    count = 2 ** (BLOCK_PREFIX - BLOCKS.prefixlen)
    for _ in range(1000):
        base = int(BLOCKS.network_address) + random.randrange(count) * 2 ** (32 - BLOCK_PREFIX)
        block = ipaddress.IPv4Network((base, BLOCK_PREFIX))
        if not any(block.overlaps(each) for each in taken):
            return block
    raise NetworkError(f"all of {BLOCKS} is in use")


def ip(*arguments: str) -> str:
    command = ["ip", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NetworkError(f"{' '.join(command)}: there is no such command (Debian: iproute2)") from None
    if done.returncode != 0:
        raise NetworkError(f"{' '.join(command)}: {done.stderr.strip()} (this test makes network namespaces, and has to be root)")
    return done.stdout
