"""The ASGI application: pages through Django, sockets through Channels, and the process's runtime behind both."""

import os
from typing import Any

from chat.server import heap

heap.keep_small()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application  # noqa: E402 - after what it reads

_django = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402 - needs Django's applications to be loaded

from chat import system_checks  # noqa: E402
from chat.realtime.database import bound_idle_transactions  # noqa: E402
from chat.routing import socket_application  # noqa: E402
from chat.server import health, sse  # noqa: E402
from chat.server.process import current, stop  # noqa: E402
from config.admission import Admission  # noqa: E402
from config.body_limit import limited  # noqa: E402
from config.slow_readers import impatient  # noqa: E402

bound_idle_transactions()
# Daphne and other servers do not come by config/serve.py.
system_checks.refuse_to_start()

_pages = impatient(limited(Admission(_django)))


async def _with_runtime(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await current()  # a page may publish, so the hub must listen before the first of them
    if scope["path"] in health.PATHS:
        await health.application(scope, receive, send)
        return
    if scope["path"].startswith(sse.PREFIX):
        await sse.application(scope, receive, send)
        return
    await _pages(scope, receive, send)


async def _lifespan(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await current()
            await send({"type": "lifespan.startup.complete"})
        else:
            await stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


application = ProtocolTypeRouter({"http": _with_runtime, "websocket": socket_application, "lifespan": _lifespan})
