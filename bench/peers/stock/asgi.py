"""The ASGI application, as the tutorial routes it; without its AuthMiddlewareStack, since no one signs in here."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.stock.settings")
django_application = get_asgi_application()

from bench.peers.stock.consumers import ChatConsumer  # noqa: E402 - Django must be set up before models are imported

application = ProtocolTypeRouter(
    {"http": django_application, "websocket": URLRouter([path("ws", ChatConsumer.as_asgi())])}
)
