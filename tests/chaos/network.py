"""A network for nodes that believe to be on three machines: a namespace each, joined by cables to one switch.

The switch is a bridge, whose own address is the clients'. A cable is a veth pair. To unplug one takes it from the
switch: nothing gets through, and nobody is told, as when a machine loses its power. A node that is deaf to another one
drops what comes from there by a routing rule of its own namespace; the sender does not notice. A slow cable leads
through `slow_cable.py`.

Everything is named for the process that made it, in the addresses that RFC 2544 keeps for tests of networks, so that
several networks can live side by side. What a process leaves that was killed the next one removes.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from small_disks import NotPermitted

PREFIX = "konik"
NETWORKS = 1 << 14
"""Rows of eight addresses in 198.18.0.0/15."""

RULES_FIRST, RULES_LOCAL = 10, 100
"""Order of the routing rules: what is dropped is looked at before what is for this node."""

SLOW_CABLE = (sys.executable, str(Path(__file__).parent / "slow_cable.py"))


class Network:
    """Use it as a context manager: nothing of it is left. Raises NotPermitted."""

    def __init__(self, nodes: Sequence[str]) -> None:
        pid = os.getpid()
        base = (198 << 24) + (18 << 16) + 8 * (pid % NETWORKS)
        self.switch = f"{PREFIX}{pid}"
        self.clients = _dotted(base + 6)
        """The address from which clients call."""
        self.hosts = {node: _dotted(base + number) for number, node in enumerate(nodes, 1)}
        self._cables = {node: f"{self.switch}-{number}" for number, node in enumerate(nodes, 1)}
        self._slow: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Network":
        remove_leftovers()
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in list(self._slow):
            self.fast(node)
        _remove(self.switch)

    def _build(self) -> None:
        _ip("link", "add", self.switch, "type", "bridge")
        _ip("address", "add", f"{self.clients}/29", "dev", self.switch)
        _ip("link", "set", self.switch, "up")
        for node, cable in self._cables.items():
            _ip("netns", "add", cable)
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", cable)
            _ip("link", "set", cable, "master", self.switch, "up")
            _ip("-n", cable, "address", "add", f"{self.hosts[node]}/29", "dev", "eth0")
            _ip("-n", cable, "link", "set", "eth0", "up")
            _ip("-n", cable, "link", "set", "lo", "up")
            _ip("-n", cable, "rule", "add", "pref", str(RULES_LOCAL), "lookup", "local")
            _ip("-n", cable, "rule", "delete", "pref", "0")

    def command(self, node: str) -> tuple[str, ...]:
        """What a command begins with that is to run on that node's machine. It becomes that command."""
        return ("ip", "netns", "exec", self._cables[node])

    def unplug(self, node: str) -> None:
        """Neither the other nodes nor clients reach it from now on."""
        _ip("link", "set", self._cables[node], "nomaster")

    def plug(self, node: str) -> None:
        _ip("link", "set", self._cables[node], "master", self.switch)

    def deafen(self, node: str, source: str) -> None:
        """What another node sends to it is dropped from now on; not what it sends itself."""
        _ip("-n", self._cables[node], *self._rule("add", source))

    def listen(self, node: str, source: str) -> None:
        """Ends that."""
        _ip("-n", self._cables[node], *self._rule("delete", source))

    def _rule(self, change: str, source: str) -> tuple[str, ...]:
        return ("rule", change, "pref", str(RULES_FIRST), "from", self.hosts[source], "blackhole")

    def slow(self, node: str, delay_ms: float, jitter_ms: float, loss: float) -> None:
        """From now on each packet to it and from it takes that long, more or less, or is lost."""
        outer, inner = f"{self._cables[node]}o", f"{self._cables[node]}i"
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        _ip("link", "set", inner, "up")
        figures = (str(delay_ms), str(jitter_ms), str(loss))
        carrying = [*SLOW_CABLE, inner, self._cables[node], *figures]
        self._slow[node] = relay = subprocess.Popen(carrying, stdout=subprocess.PIPE)
        assert relay.stdout is not None and relay.stdout.readline(), "the slow cable is there before the fast one goes"
        self.unplug(node)
        _ip("link", "set", outer, "master", self.switch, "up")

    def fast(self, node: str) -> None:
        """Ends that."""
        relay = self._slow.pop(node)
        _ip("link", "delete", f"{self._cables[node]}o")
        with relay:
            relay.kill()
        self.plug(node)


def remove_leftovers() -> None:
    """Removes networks of processes that are no more."""
    for link in json.loads(_ip("-json", "link", "show", "type", "bridge") or "[]"):
        made_by = re.fullmatch(rf"{PREFIX}(\d+)", link.get("ifname", ""))
        if made_by and not Path(f"/proc/{made_by[1]}").exists():
            _remove(made_by[0])


def _remove(switch: str) -> None:
    """Takes down all that bears this name, with the processes that still run there.

    Cables first: with its namespace one would go, too, but not at once, and the next network of this name finds it.
    """
    for link in json.loads(_ip("-json", "link", "show") or "[]"):
        if re.fullmatch(rf"{switch}(-\d+o?)?", link["ifname"]):
            _ip("link", "delete", link["ifname"])
    for namespace in json.loads(_ip("-json", "netns", "list") or "[]"):
        if namespace["name"].startswith(f"{switch}-"):
            for pid in _ip("netns", "pids", namespace["name"]).split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            _ip("netns", "delete", namespace["name"])


def _ip(*arguments: str) -> str:
    """Runs iproute2. Raises NotPermitted with what it complains about."""
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NotPermitted("needs `ip` of iproute2") from None
    if done.returncode:
        raise NotPermitted(f"needs network namespaces: `ip {' '.join(arguments)}`: {done.stderr.strip()}")
    return done.stdout


def _dotted(address: int) -> str:
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
