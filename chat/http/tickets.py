"""HTTP for programs: the socket ticket."""

from asgiref.sync import sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import credentials, tickets
from accounts.credentials import BEARER, Credential
from chat.protocol import frames
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.protocol.http import STATUS
from chat.realtime.database import in_database
from chat.server import opening
from chat.server.opening import Refusal
from chat.server.process import current

_JSON = "application/json"


@csrf_exempt  # checked below for cookies; a Bearer token does not travel on its own
@require_POST
@never_cache
async def socket_ticket(request: HttpRequest) -> HttpResponse:
    """Return a ticket for one opening of the socket, or the reason why there would be none.

    A page cannot see why a socket was refused, so it asks here first and is told.
    """
    try:
        credential = await credential_of(request)
        process = await current()
        opening.check_room_for_one_more(process, credential.user_id)
    except Refusal as refusal:
        return error_response(refusal.error, refusal.status)
    body = frames.to_json({"ticket": tickets.issue(credential), "expiresIn": 60})
    return HttpResponse(body, content_type=_JSON)


async def credential_of(request: HttpRequest) -> Credential:
    """Return who sends a request that changes something: by Bearer token, or by cookie and CSRF token. Raises Refusal."""
    if not request.headers.get("Authorization", "").startswith(BEARER):
        failure = await sync_to_async(CsrfViewMiddleware(lambda _: HttpResponse()).process_view)(
            request, lambda _: HttpResponse(), (), {}
        )
        if failure is not None:
            raise Refusal(403, ProtocolError(ErrorCode.UNAUTHORIZED, "The CSRF token is missing or wrong."))
    try:
        found = await in_database(credentials.from_request, request)
    except ProtocolError as error:
        raise Refusal(503, error) from error
    if found is None:
        raise opening.signed_out()
    return found


async def reader_of(request: HttpRequest) -> Credential | HttpResponse:
    """Return who asks for what a link leads to, or else the response: a program's token is no good, a person signs in first.

    Raises UNAVAILABLE.
    """
    credential = await in_database(credentials.from_request, request)
    if credential is not None:
        return credential
    if request.headers.get("Authorization", "").startswith(BEARER):
        return error_response(opening.signed_out().error, 401)
    return redirect_to_login(request.get_full_path())


def error_response(error: ProtocolError, status: int | None = None) -> HttpResponse:
    """Return the protocol's error envelope over HTTP. status: if it is not the one of the error's code."""
    body = frames.encode(frames.failure(error))
    response = HttpResponse(body, status=status or STATUS[error.code], content_type=_JSON)
    if error.retry_after is not None:
        response["Retry-After"] = str(max(1, error.retry_after // 1000))
    return response
