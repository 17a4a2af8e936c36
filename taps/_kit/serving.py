"""A web server in a thread that goes at once when it is told to. It needs the extra `sandbox` (uvicorn)."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import uvicorn


class Serving(uvicorn.Server):
    """uvicorn on a loopback port, 0 for any that is free, woken when it is to end.

    Its own loop looks ten times a second whether to end and then waits once more: a fifth of a second for each simulator of a test.
    """

    def __init__(self, application: Any, port: int = 0) -> None:
        super().__init__(
            uvicorn.Config(application, host="127.0.0.1", port=port, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `leave`. A port that is taken ends it at once; whoever started it sees that it never came up."""
        with suppress(SystemExit):
            super().run(sockets)

    def leave(self) -> None:
        """End, from another thread."""
        self.should_exit = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        """Until `leave`."""
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        if not self.should_exit:
            await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what listens, then what is connected."""
        del sockets
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # the turn in which they are closed
        if self.server_state.tasks:
            await asyncio.wait(list(self.server_state.tasks), timeout=self.config.timeout_graceful_shutdown)
