"""The administration's jQuery may run; nothing else is allowed, and nowhere else."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from config.admin_csp import admin_csp_middleware

HEADER = "Content-Security-Policy"


def directives(response: HttpResponse) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in response.headers[HEADER].split(";"))
    return {name: value for name, _, value in parts}


def test_only_the_rule_about_trusted_types_is_dropped_and_only_there(as_root: Client) -> None:
    admin, page = directives(as_root.get("/admin/")), directives(as_root.get("/settings/"))  # type: ignore[arg-type]
    assert page.pop("require-trusted-types-for") == "'script'"
    assert admin == page
    assert "unsafe" not in str(admin)


@pytest.mark.parametrize("path", ["/accounts/login/", "/admin/login/"])
def test_the_way_in_keeps_the_whole_policy(path: str, db: None) -> None:
    response = Client().get(path, follow=True)
    assert "require-trusted-types-for" in directives(response)  # type: ignore[arg-type]


def test_what_a_view_asked_for_itself_is_kept() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        request.resolver_match = resolve("/admin/")
        response = HttpResponse()
        response._csp_replace = {"img-src": ["'none'"]}  # type: ignore[attr-defined]
        return response

    response = admin_csp_middleware(view)(RequestFactory().get("/admin/"))
    assert response._csp_replace == {"img-src": ["'none'"], "require-trusted-types-for": None}


async def test_it_also_serves_without_a_thread() -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        request.resolver_match = resolve("/admin/")
        return HttpResponse()

    response = await admin_csp_middleware(view)(RequestFactory().get("/admin/"))
    assert response._csp_replace == {"require-trusted-types-for": None}
