"""`manage.py run_replies`: a process of its own for Claude's replies, beside the server processes."""

import asyncio
import contextlib
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chat.claude.run import consumer
from chat.claude.run.runner import Runner
from chat.realtime.database import bound_idle_transactions
from chat.realtime.hub import Hub
from chat.realtime.layer import publishing
from chat.server import garbage, heap


class Command(BaseCommand):
    help = "Runs Claude's replies. While it lives, the server processes run none. Stop it with SIGTERM or Ctrl+C."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError(
                "REDIS_URL is not set: without Redis this process could not reach the tabs. "
                "The server process runs replies on its own; run_replies is for several processes."
            )
        heap.keep_small()
        garbage.keep_collections_short()
        bound_idle_transactions()
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        hub = Hub()
        await hub.start()
        publishing.attach(loop, hub)
        runner = Runner(hub, is_dedicated=True)
        hub.spawn(consumer.listen(hub, runner), "claude consumer")
        runner.start()
        self.stdout.write("Running replies. Ctrl+C stops.")
        self.stdout.flush()
        await ended.wait()
        await runner.drain()
        await asyncio.sleep(0.2)  # the layer sender's last events
        publishing.detach(hub)
        await hub.stop()
