"""Two nodes in network namespaces of their own, and the line between them.

Needs root and iproute2. Where the kernel has no netem, the line is a pair of TUN
devices joined by this process, which delays and loses packets itself; for TCP that is
the same.
"""

import asyncio
import contextlib
import fcntl
import os
import random
import shutil
import struct
import subprocess
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from trial.nodes import Place

_TUNSETIFF = 0x400454CA
_TUN_NO_INFO = 0x1001


def run(*words: str) -> None:
    """Run a command; its failure is an error with its own words."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")


def why_no_namespaces() -> str:
    """Return why namespaces cannot be made here; empty if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need iproute2"
    name = f"tallyprobe{os.getpid()}"
    try:
        run("ip", "netns", "add", name)
    except OSError as error:
        return str(error)
    run("ip", "netns", "del", name)
    return ""


@dataclass
class Sides:
    """Two namespaces with a line between them.

    Attributes:
        by: Where BY's node runs.
        ru: Where RU's does.
        means: How the line is made.
    """

    by: Place
    ru: Place
    means: str
    names: tuple[str, str]
    devices: tuple[str, str]
    tun: "TunLine | None" = None

    def cut(self) -> None:
        """Let nothing through; nobody is told."""
        self._set("down")

    def mend(self) -> None:
        """Let everything through."""
        self._set("up")

    def slow(self, delay_ms: int, loss: float) -> None:
        """Delay everything, each way, and lose a share of it."""
        if self.tun is not None:
            self.tun.delay_s, self.tun.loss = delay_ms / 1000, loss
            return
        for name, device in zip(self.names, self.devices, strict=True):
            words = ("tc", "qdisc", "replace", "dev", device, "root", "netem")
            how = ("delay", f"{delay_ms}ms", "loss", f"{loss * 100:g}%")
            run("ip", "netns", "exec", name, *words, *how)

    def _set(self, state: str) -> None:
        if self.tun is not None:
            self.tun.is_cut = state == "down"
            return
        run("ip", "-n", self.names[0], "link", "set", self.devices[0], state)


class TunLine:
    """Two TUN devices; packets of one come out of the other, late or never.

    Attributes:
        delay_s: How long a packet takes.
        loss: Share of packets that are lost.
        is_cut: Whether all are.
    """

    def __init__(self, names: tuple[str, str]) -> None:
        """Make the devices."""
        self.delay_s = self.loss = 0.0
        self.is_cut = False
        self._random = random.Random(3)
        self._files = [self._made(name) for name in names]

    @staticmethod
    def _made(name: str) -> int:
        file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(file, _TUNSETIFF, struct.pack("16sH", name.encode(), _TUN_NO_INFO))
        return file

    def open(self) -> None:
        """Begin to carry packets."""
        loop = asyncio.get_running_loop()
        one, two = self._files
        loop.add_reader(one, self._carry, one, two)
        loop.add_reader(two, self._carry, two, one)

    def close(self) -> None:
        """End; the devices go with it."""
        loop = asyncio.get_running_loop()
        for file in self._files:
            loop.remove_reader(file)
            os.close(file)
        self._files = []

    def _carry(self, source: int, to: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = os.read(source, 65_536)
                if self.is_cut or self._random.random() < self.loss:
                    continue
                loop = asyncio.get_running_loop()
                loop.call_later(self.delay_s, self._put, to, packet)

    def _put(self, to: int, packet: bytes) -> None:
        if not self.is_cut and to in self._files:
            with contextlib.suppress(OSError):
                os.write(to, packet)


@contextlib.asynccontextmanager
async def two_namespaces() -> AsyncGenerator[Sides]:
    """Make two namespaces with a line; all is taken away at the end."""
    tag = f"{os.getpid() % 100_000}{random.randint(0, 99):02}"
    names = (f"tally{tag}b", f"tally{tag}r")
    net = f"10.{random.randint(128, 250)}.{random.randint(0, 250)}"
    tun: TunLine | None = None
    try:
        for side, name in enumerate(names):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
            here, there = f"tc{tag}{side}", f"ts{tag}{side}"
            run(
                *("ip", "link", "add", here, "type", "veth", "peer", "name", there),
                *("netns", name),
            )
            run("ip", "addr", "add", f"{net}.{8 * side + 1}/30", "dev", here)
            run("ip", "link", "set", here, "up")
            inside = ("ip", "-n", name)
            run(*inside, "addr", "add", f"{net}.{8 * side + 2}/30", "dev", there)
            run(*inside, "link", "set", there, "up")
        devices = (f"tl{tag}0", f"tl{tag}1")
        means, tun = _line(names, devices)
        for side, (name, device) in enumerate(zip(names, devices, strict=True)):
            own, other = f"{net}.{129 + side}", f"{net}.{130 - side}"
            address = ("addr", "add", own, "peer", other, "dev", device)
            run("ip", "-n", name, *address)
            run("ip", "-n", name, "link", "set", device, "up")
        if tun is not None:
            tun.open()
        places = [
            Place(
                (f"{net}.{8 * side + 2}", 8080),
                (f"{net}.{129 + side}", 7443),
                before=("ip", "netns", "exec", name),
            )
            for side, name in enumerate(names)
        ]
        yield Sides(places[0], places[1], means, names, devices, tun)
    finally:
        if tun is not None:
            tun.close()
        for name in names:
            with contextlib.suppress(OSError):
                run("ip", "netns", "del", name)


def _line(
    names: tuple[str, str], devices: tuple[str, str]
) -> "tuple[str, TunLine | None]":
    """Make the line: veth where netem can slow it, TUN otherwise."""
    pair = ("type", "veth", "peer", "name", devices[1], "netns", names[1])
    run("ip", "link", "add", devices[0], "netns", names[0], *pair)
    try:
        netem = ("tc", "qdisc", "add", "dev", devices[0], "root", "netem", "delay")
        run("ip", "netns", "exec", names[0], *netem, "0ms")
    except OSError:
        run("ip", "-n", names[0], "link", "del", devices[0])
        tun = TunLine(devices)
        for name, device in zip(names, devices, strict=True):
            run("ip", "link", "set", device, "netns", name)
        return "tun", tun
    return "netem", None
