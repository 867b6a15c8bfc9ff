"""Where people reach this installation: the beginning of every link that leaves a page, in a mail or to be passed on.

A request says itself which host it was sent to, and anyone can send one. ALLOWED_HOSTS compares the name and takes any
port, so that a link made of it could lead to another program on the same host: a forgotten password would be set there.
"""

from functools import partial
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host


def is_allowed_host(host: str) -> bool:
    """Whether a Host header names this installation, by the rule that Django has for pages."""
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def public_origin(request: HttpRequest) -> str:
    """Return PUBLIC_URL or, without one, the allowed host of the request with no port but the one that we listen on.

    Raises DisallowedHost.
    """
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    domain, port = split_domain_port(request.get_host())
    # Behind TLS a proxy listens, and not on our port. People who reach it on another one than 443 set PUBLIC_URL.
    is_own = not settings.TLS and port == request.META.get("SERVER_PORT")
    return f"{request.scheme}://{domain}{f':{port}' if port and is_own else ''}"


def make_links_public(request: HttpRequest) -> None:
    """Have `request.build_absolute_uri` make links that begin with the public origin, for every caller."""
    request.build_absolute_uri = partial(_public_uri, request)  # type: ignore[method-assign]


def _public_uri(request: HttpRequest, location: str | None = None) -> str:
    built = urlsplit(HttpRequest.build_absolute_uri(request, location))
    if built.netloc != request.get_host():
        return urlunsplit(built)  # a link to elsewhere
    public = urlsplit(public_origin(request))
    return urlunsplit(built._replace(scheme=public.scheme, netloc=public.netloc))
