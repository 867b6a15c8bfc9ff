"""HTTP for web push: a browser asks to be told, or not; and what it needs to be told: a service worker and a manifest."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from asgiref.sync import sync_to_async
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from msgspec import Meta, Struct

from accounts import push_subscriptions, vapid
from accounts.models import ENDPOINT_CHARS
from accounts.push_services import is_allowed
from accounts.push_subscriptions import Browser
from chat.access import Actor
from chat.http.tickets import credential_of, error_response
from chat.limits import rates
from chat.protocol.errors import ProtocolError, invalid, not_found, unauthorized
from chat.realtime.database import in_database
from chat.server.opening import Refusal

_BODY_BYTES: Final = 4096
_KEY_CHARS: Final = 100
_AUTH_BYTES: Final = 16
# It loads nothing but the icon of a notification.
_WORKER_POLICY: Final = "default-src 'none'; img-src 'self'; frame-ancestors 'none'"
_ICONS: Final = (("icon-192", 192, "any"), ("icon-512", 512, "any"), ("icon-maskable-512", 512, "maskable"))
_WORKER: Final = Path("static/chat/js/service-worker.js")


class _Keys(Struct):
    p256dh: Annotated[str, Meta(max_length=_KEY_CHARS)]
    auth: Annotated[str, Meta(max_length=_KEY_CHARS)]


class _Subscription(Struct):
    """What `PushSubscription.toJSON()` makes; browsers put more into it, which we need not know."""

    endpoint: Annotated[str, Meta(max_length=ENDPOINT_CHARS)]
    keys: _Keys


_decoder = msgspec.json.Decoder(_Subscription)


@csrf_exempt  # credential_of checks it
@require_http_methods(["POST", "DELETE"])
@never_cache
async def push_subscription(request: HttpRequest) -> HttpResponse:
    """POST: tell this browser when its person is away. DELETE: do not. Either belongs to the sign-in that asks."""
    try:
        credential = await credential_of(request)
        if credential.kind != "session":
            raise unauthorized("Only a browser that is signed in can be told.")
        rates.take(Actor.by(credential), rates.NOTIFICATIONS)
        if request.method == "DELETE":
            await in_database(push_subscriptions.unsubscribe, credential)
        elif vapid.offered_key() is None:
            raise not_found("web push here")
        else:
            await in_database(push_subscriptions.subscribe, credential, _browser_in(request.body))
    except Refusal as refusal:
        return error_response(refusal.error, refusal.status)
    except ProtocolError as error:
        return error_response(error)
    return HttpResponse(status=204)


def _browser_in(body: bytes) -> Browser:
    """Return the browser that a request describes. Raises VALIDATION_ERROR."""
    if len(body) > _BODY_BYTES:
        raise invalid(f"At most {_BODY_BYTES} bytes.", "$")
    try:
        shown = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise invalid("This is no push subscription.", "$") from error
    if not is_allowed(shown.endpoint):
        raise invalid("This push service is not allowed here.", "$.endpoint")
    return Browser(shown.endpoint, _point(shown.keys.p256dh), _secret(shown.keys.auth))


def _point(text: str) -> str:
    """Return a browser's public key in the one form that we keep: what is no point could not be encrypted for."""
    try:
        raw = vapid.from_base64url(text)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError as error:
        raise invalid("This is no public key on P-256.", "$.keys.p256dh") from error
    if raw[0] != 4:
        raise invalid("The public key must be an uncompressed point.", "$.keys.p256dh")
    return vapid.to_base64url(raw)


def _secret(text: str) -> str:
    try:
        raw = vapid.from_base64url(text)
    except ValueError as error:
        raise invalid("This is no base64url.", "$.keys.auth") from error
    if len(raw) != _AUTH_BYTES:
        raise invalid(f"The secret has {_AUTH_BYTES} bytes.", "$.keys.auth")
    return vapid.to_base64url(raw)


@require_safe
async def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve the service worker. Not by its hashed name: it must keep its address, or old and new ones run side by side."""
    source = await sync_to_async((settings.BASE_DIR / _WORKER).read_bytes)()
    return HttpResponse(
        source,
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache", "Content-Security-Policy": _WORKER_POLICY},
    )


@require_safe
async def manifest(request: HttpRequest) -> HttpResponse:
    """Say how Parley stands on a home screen, where phones want it before they show its notifications."""
    icons = [
        {"src": static(f"chat/img/{name}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for name, size, purpose in _ICONS
    ]
    facts = {
        "id": "/",
        "name": "Parley",
        "short_name": "Parley",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fdfcfa",
        "theme_color": "#17685a",
        "icons": icons,
    }
    return JsonResponse(facts, content_type="application/manifest+json", headers={"Cache-Control": "no-cache"})
