"""Joins two network interfaces by a slow cable: `slow_cable.py ONE OTHER DELAY_MS JITTER_MS LOSS`.

A packet takes between DELAY - JITTER and DELAY + JITTER milliseconds, and the share LOSS of them never arrives. Packets
that take different times overtake each other. The kernel's own means to that end (netem) is missing from many kernels.

Frames are carried with the header in which the kernel says what is still to be done about them (checksums, cutting into
segments), so that big ones get through as they are.
"""

import asyncio
import random
import socket
import sys
from contextlib import suppress

SOL_PACKET, IGNORE_OUTGOING, VNET_HDR = 263, 23, 15
EVERY_PROTOCOL = 3
FRAME_BYTES_MAX = 1 << 17


def end(interface: str) -> socket.socket:
    """Gets what comes out of an interface, and puts frames into it."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    raw.setsockopt(SOL_PACKET, VNET_HDR, 1)
    raw.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)
    raw.setblocking(False)
    raw.bind((interface, EVERY_PROTOCOL))
    return raw


async def carry(one: socket.socket, other: socket.socket, delay: float, jitter: float, loss: float) -> None:
    """Takes frames from one end to the other. Times in seconds."""
    loop = asyncio.get_running_loop()

    def put(frame: bytes) -> None:
        with suppress(OSError):  # a full buffer loses packets, too
            other.send(frame)

    while True:
        frame = await loop.sock_recv(one, FRAME_BYTES_MAX)
        if random.random() >= loss:
            loop.call_later(max(0.0, random.uniform(delay - jitter, delay + jitter)), put, frame)


async def join(one: str, other: str, delay_ms: float, jitter_ms: float, loss: float) -> None:
    """Until an interface is gone. Says so when it begins."""
    ends = end(one), end(other)
    print("ready", flush=True)
    ways = (ends, ends[::-1])
    with suppress(OSError):
        await asyncio.gather(*(carry(*way, delay_ms / 1000, jitter_ms / 1000, loss) for way in ways))


if __name__ == "__main__":
    asyncio.run(join(*sys.argv[1:3], *map(float, sys.argv[3:])))
