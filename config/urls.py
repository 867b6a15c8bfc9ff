"""Where everything is."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from accounts import views

urlpatterns = [
    path("admin/", admin.site.urls),
    # These do more than those of django-allauth, which they stand before.
    path("accounts/reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("accounts/sessions/", views.sessions, name="usersessions_list"),
    path("accounts/password/change/", views.change_password, name="account_change_password"),
    path("accounts/password/set/", views.set_password, name="account_set_password"),
    path("accounts/", include("allauth.urls")),
    # Browsers ask for it by themselves on pages that name no icon, as the administration's do.
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("chat/img/favicon.svg"))),
    path("", include("accounts.urls")),
    path("", include("chat.urls")),
]

handler429 = "accounts.views.too_many_requests"
