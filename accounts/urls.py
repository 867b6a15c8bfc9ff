"""Where the pages about oneself are."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("settings/", views.profile, name="accounts_profile"),
    path("settings/tokens", views.tokens, name="accounts_tokens"),
    path("settings/tokens/revoke", views.revoke_tokens, name="accounts_revoke_tokens"),
    path("settings/tokens/<int:token_id>/revoke", views.revoke_token, name="accounts_revoke_token"),
]
