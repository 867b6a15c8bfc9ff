"""People in the administration.

Everything is saved row by row, never with `queryset.update()`: only a saved row says that access has changed.
"""

from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts import bans, proof
from accounts.admin.site import ask_again, may_touch
from accounts.ban_form import BanForm
from accounts.forms import checked_display_name
from accounts.models import User


class Standing(admin.SimpleListFilter):
    title = "ban"
    parameter_name = "banned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("yes", "Banned now"), ("over", "Ban is over"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        banned = queryset.exclude(banned_at=None)
        holds = bans.in_force("ban_ends_at")
        return {"yes": banned.filter(holds), "over": banned.exclude(holds)}.get(self.value() or "", queryset)


_PRIVILEGES: Final = ("is_staff", "is_superuser", "groups", "user_permissions")


class UserForm(UserChangeForm):  # type: ignore[type-arg]
    def clean_display_name(self) -> str:
        return checked_display_name(self.cleaned_data["display_name"], self.instance)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Search, look, deactivate. Only superusers hand out privileges or touch other superusers."""

    form = UserForm
    list_display = (
        "username",
        "display_name",
        "email",
        "is_active",
        "ban",
        "is_staff",
        "token_count",
        "last_login",
        "date_joined",
    )
    list_filter = ("is_active", Standing, "is_staff", "is_superuser", "groups", "date_joined", "last_login")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)
    date_hierarchy = "date_joined"
    readonly_fields = ("last_login", "date_joined", "ban")
    actions = ("deactivate", "activate", "ban_users", "lift_bans")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("display_name", "email")}),
        ("Access", {"fields": ("is_active", "ban", *_PRIVILEGES)}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request)
        return users.annotate(token_count=Count("api_tokens"))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ask_again(request)
        return super().changeform_view(request, *args, **kwargs)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        proof.demand(request, holds_password=True)
        return super().add_view(request, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        proof.demand(request, holds_password=True)
        response: HttpResponse = super().user_change_password(request, *args, **kwargs)
        return response

    @admin.display(description="tokens", ordering="token_count")
    def token_count(self, user: Any) -> int:
        return int(user.token_count)

    @admin.display(description="banned", ordering="banned_at")
    def ban(self, user: User) -> str:
        """Say until when and why; choose users in the list to ban them, or to lift a ban."""
        if not user.is_banned:
            return "-"
        return f"{bans.end_in_words(user.ban_ends_at).strip() or 'no end'}{user.ban_reason and f': {user.ban_reason}'}"

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        # Otherwise anyone with the right to edit users could make themselves a superuser.
        return fields if request.user.is_superuser else (*fields, *_PRIVILEGES)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    @admin.action(description="Deactivate selected users", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._set_active(request, queryset, active=False)

    @admin.action(description="Activate selected users", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._set_active(request, queryset, active=True)

    @admin.action(description="Ban selected users", permissions=["change"])
    def ban_users(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Ask for reason and end, then ban each of them; a second ban replaces the first."""
        affected, spared = _those_to_change(request, queryset)
        form = BanForm(request.POST if request.POST.get("confirmed") else None)
        if affected and form.is_valid():
            with transaction.atomic():  # together: a room of theirs must not go from one to the next
                for user in affected:
                    user.ban(form.cleaned_data["reason"], form.ends_at)
                    self.log_change(
                        request, user, f"Banned{bans.end_in_words(user.ban_ends_at)}. {user.ban_reason}".strip()
                    )
            self._say(request, affected, "banned")
            return None
        return self._ask(request, "Ban users", "ban_users", affected, spared, form)

    @admin.action(description="Lift the bans of selected users", permissions=["change"])
    def lift_bans(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        affected, spared = _those_to_change(request, queryset)
        affected = [user for user in affected if user.is_banned]
        if affected and request.POST.get("confirmed"):
            for user in affected:
                user.lift_ban()
                self.log_change(request, user, "Ban lifted.")
            self._say(request, affected, "may sign in again")
            return None
        return self._ask(request, "Lift bans", "lift_bans", affected, spared)

    def _say(self, request: HttpRequest, affected: list[User], done: str) -> None:
        self.message_user(request, f"{len(affected)} user{'s' if len(affected) > 1 else ''} {done}.", messages.SUCCESS)

    def _ask(
        self,
        request: HttpRequest,
        title: str,
        action: str,
        affected: list[User],
        spared: list[User],
        form: BanForm | None = None,
    ) -> HttpResponse:
        facts = {"title": title, "opts": self.opts, "action": action}
        context = {
            **self.admin_site.each_context(request),
            **facts,
            "affected": affected,
            "spared": spared,
            "form": form,
        }
        return TemplateResponse(request, "accounts/admin/ban.html", context)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[User], *, active: bool) -> HttpResponse | None:
        """Ask, then save each user who is not yet so."""
        free, spared = _those_to_change(request, queryset)
        affected = [user for user in free if user.is_active is not active]
        if request.POST.get("confirmed") and affected:
            with transaction.atomic():  # together, as bans
                for user in affected:
                    user.is_active = active
                    user.save(update_fields=["is_active"])
                    self.log_change(request, user, "Activated." if active else "Deactivated.")
            count = f"{len(affected)} user{'s' if len(affected) > 1 else ''}"
            self.message_user(request, f"{count} {'activated' if active else 'deactivated'}.", messages.SUCCESS)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Activate users" if active else "Deactivate users",
            "opts": self.model._meta,
            "active": active,
            "affected": affected,
            "spared": spared,
            "action": "activate" if active else "deactivate",
        }
        return TemplateResponse(request, "accounts/admin/confirm_active.html", context)


def _those_to_change(request: HttpRequest, queryset: QuerySet[User]) -> tuple[list[User], list[User]]:
    """Return the chosen users that may be kept out, and those that may not: oneself, and superusers unless one is one."""
    chosen = list(queryset)
    spared = [user for user in chosen if user == request.user or not may_touch(request, user)]
    return [user for user in chosen if user not in spared], spared
