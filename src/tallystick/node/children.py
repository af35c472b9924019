"""Processes that a program starts, and that never outlive it."""

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable
from typing import Final

STOP_S: Final = 10.0
_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1


async def end(process: asyncio.subprocess.Process) -> None:
    """Let a process answer who waits, and end."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def following() -> Callable[[], None]:
    """Return what a child does first: it will be told to end when its parent is gone.

    Also where the parent was killed and could say nothing: the kernel does (Linux,
    prctl(2), PR_SET_PDEATHSIG; elsewhere only a parent that ends in good order is
    followed). The parent is the thread that starts the child; let it be the main one.
    """
    parent, prctl = os.getpid(), getattr(_LIBC, "prctl", None)

    def follow() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            # It was gone before it could be followed.
            os.kill(os.getpid(), signal.SIGTERM)

    return follow
