"""Where everything is."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from accounts import second_steps, views

urlpatterns = [
    path("admin/", admin.site.urls),
    # These do more than those of django-allauth, which they stand before.
    path("accounts/reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("accounts/sessions/", views.sessions, name="usersessions_list"),
    path("accounts/password/reset/", views.reset_password, name="account_reset_password"),
    path("accounts/password/change/", views.change_password, name="account_change_password"),
    path("accounts/password/set/", views.set_password, name="account_set_password"),
    path("accounts/2fa/totp/activate/", second_steps.activate_app, name="mfa_activate_totp"),
    path("accounts/2fa/totp/deactivate/", second_steps.deactivate_app, name="mfa_deactivate_totp"),
    path("accounts/2fa/recovery-codes/", second_steps.view_codes, name="mfa_view_recovery_codes"),
    path("accounts/2fa/recovery-codes/download/", second_steps.download_codes, name="mfa_download_recovery_codes"),
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", second_steps.remove_passkey, name="mfa_remove_webauthn"),
    path("accounts/2fa/webauthn/keys/<int:pk>/edit/", second_steps.rename_passkey, name="mfa_edit_webauthn"),
    path(
        "accounts/2fa/webauthn/reauthenticate/",
        second_steps.reauthenticate_passkey,
        name="mfa_reauthenticate_webauthn",
    ),
    path("accounts/", include("allauth.urls")),
    # Browsers ask for it on their own on pages that name no icon, as the administration's do.
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("chat/img/favicon.svg"))),
    path("", include("accounts.urls")),
    path("", include("chat.urls")),
]

handler429 = "accounts.views.too_many_requests"
