"""E-mail addresses in the administration. An address is a way in: the mail for a forgotten password goes there.

allauth's own page would let staff give a superuser an address of their own, and one session that was taken over give one to
everyone.
"""

from typing import Any

from allauth.account.admin import EmailAddressAdmin as AllauthEmailAddressAdmin
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.admin.site import ask_again, may_touch
from accounts.models import User

admin.site.unregister(EmailAddress)


class EmailAddressForm(forms.ModelForm):  # type: ignore[type-arg]
    may_touch_superusers = False

    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if user.is_superuser and not self.may_touch_superusers:
            raise ValidationError("Only superusers change the addresses of superusers.")
        return user


@admin.register(EmailAddress)
class EmailAddressAdmin(AllauthEmailAddressAdmin):
    form = EmailAddressForm

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ask_again(request)
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ask_again(request)
        response: HttpResponse = super().changelist_view(request, *args, **kwargs)
        return response

    def get_form(self, request: HttpRequest, obj: EmailAddress | None = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.may_touch_superusers = request.user.is_superuser
        return form

    def has_change_permission(self, request: HttpRequest, obj: EmailAddress | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj and obj.user)

    def has_delete_permission(self, request: HttpRequest, obj: EmailAddress | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj and obj.user)

    @admin.action(description="Mark selected email addresses as verified", permissions=["change"])
    def make_verified(self, request: HttpRequest, queryset: QuerySet[EmailAddress]) -> None:
        others = queryset if request.user.is_superuser else queryset.exclude(user__is_superuser=True)
        super().make_verified(request, others)
