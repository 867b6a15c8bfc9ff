"""Pages about oneself that django-allauth does not bring, and two of its own that do more here."""

from collections.abc import Callable
from functools import wraps

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.usersessions.views import list_usersessions as allauth_sessions
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import resolve
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import credentials, proof, push_subscriptions, vapid
from accounts.adapter import MAIL_FAILED, has_mail_failed
from accounts.forms import ProfileForm, TokenForm
from accounts.models import ApiToken, User
from accounts.sign_in_forms import TOKENS_REVOKED

# allauth's decorator, for what is sent: to look takes no proof.
_proved_lately: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]] = reauthentication_required(
    enabled=lambda request: request.method == "POST"
)


class SignedInRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """Show and change one's display name; the page from which the other settings are reached."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        # Every room that one is in is told of a new name, with the list of who is there.
        if form.has_changed() and not ratelimit.consume(request, action="change_name", user=request.user):
            request.user.refresh_from_db(fields=["display_name"])  # the form has set it already
            form.add_error("display_name", "You have changed your name too often. Try again in an hour.")
        else:
            if form.has_changed():
                form.save()
            messages.success(request, "Profile saved.")
            return redirect("accounts_profile")
    push_key = vapid.offered_key()
    context = {
        "form": form,
        "second_steps": _second_steps(request.user),
        "token_count": request.user.api_tokens.count(),
        "push_key": push_key,
        "push_endpoint": push_key and _push_endpoint(request),
    }
    return render(request, "accounts/profile.html", context)


def _push_endpoint(request: HttpRequest) -> str:
    """Return where this sign-in's browser is told, or ""."""
    browser = push_subscriptions.browser_of(request.session.session_key)
    return "" if browser is None else browser.endpoint


def _second_steps(user: User) -> str:
    """Say in a few words what protects the account beside its password."""
    kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    passkeys = kinds.count(Authenticator.Type.WEBAUTHN)
    parts = [f"{passkeys} passkey{'s' if passkeys > 1 else ''}"] if passkeys else []
    if Authenticator.Type.TOTP in kinds:
        parts.append("authenticator app")
    return ", ".join(parts).capitalize() or "Off"


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@_proved_lately
def tokens(request: SignedInRequest) -> HttpResponse:
    """List one's API tokens; create one and show its secret in this response, the only one that ever holds it.

    Creating asks for the password or second step again: a token would outlive a session that was taken over.
    """
    # After the proof this is reached from its page, and would not know its own name.
    request.resolver_match = resolve(request.path_info)
    form = TokenForm(request.user, request.POST or None)
    issued, secret = None, None
    if request.method == "POST":
        with transaction.atomic():
            # Forms that are sent at the same time must not all find one token too few.
            User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
            if form.is_valid():
                issued, secret = ApiToken.issue(request.user, form.cleaned_data["name"], form.expires_at)
    if issued is not None:
        get_adapter().send_notification_mail("accounts/email/token_created", request.user, {"token": issued})
        form = TokenForm(request.user)
    owned = ApiToken.objects.filter(user=request.user)
    return render(request, "accounts/tokens.html", {"form": form, "tokens": owned, "issued": issued, "secret": secret})


@login_required
@require_POST
def revoke_token(request: SignedInRequest, token_id: int) -> HttpResponse:
    """Delete one of one's own tokens; whatever uses it is signed out."""
    token = get_object_or_404(ApiToken, pk=token_id, user=request.user)
    name = token.name
    token.delete()
    messages.success(request, f"Token “{name}” revoked.")
    return redirect("accounts_tokens")


@login_required
@require_POST
def revoke_tokens(request: SignedInRequest) -> HttpResponse:
    """Delete all of one's own tokens."""
    request.user.api_tokens.all().delete()
    messages.success(request, TOKENS_REVOKED)
    return redirect("accounts_tokens")


@login_required
def sessions(request: SignedInRequest) -> HttpResponseBase:
    """List where one is signed in. Signing out everywhere else can revoke the API tokens, too."""
    if request.method == "POST" and request.POST.get("revoke_tokens"):
        request.user.api_tokens.all().delete()
        messages.success(request, TOKENS_REVOKED)
    response: HttpResponseBase = allauth_sessions(request)
    if isinstance(response, TemplateResponse) and response.context_data is not None:
        response.context_data["token_count"] = request.user.api_tokens.count()
    return response


@login_required
def reauthenticate(request: SignedInRequest) -> HttpResponseBase:
    """Ask for the password again, or lead on to the second step of a person who has one: then that is what counts."""
    first = get_adapter().get_reauthentication_methods(request.user)[:1]
    if first and first[0]["id"] != "reauthenticate":
        query = request.META.get("QUERY_STRING", "")
        return redirect(f"{first[0]['url']}?{query}" if query else first[0]["url"])
    response: HttpResponseBase = allauth_views.reauthenticate(request)
    return response


def _keeping_notifications(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Have the browser in which a person sets a new password told of messages as before: its sign-in goes on.

    To the server it is a new session, and what belonged to the old one ends with it.
    """

    @wraps(view)
    def kept(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        before = request.session.session_key
        browser = push_subscriptions.browser_of(before) if request.method == "POST" else None
        response = view(request, *args, **kwargs)
        if browser is not None and request.session.session_key != before:
            request.session.save()  # a subscription whose session holds no sign-in yet could be taken for one that has ended
            credential = credentials.from_request(request)
            if credential is not None:
                push_subscriptions.subscribe(credential, browser)
        return response

    return kept


class ResetPasswordView(allauth_views.PasswordResetView):
    """Shows the form again when no mail could be sent; the next page says that one is on its way."""

    def form_valid(self, form: Form) -> HttpResponseBase:
        response: HttpResponseBase = super().form_valid(form)
        if not has_mail_failed(self.request):
            return response
        form.add_error(None, MAIL_FAILED)
        again: HttpResponseBase = self.form_invalid(form)
        return again


reset_password: Callable[..., HttpResponseBase] = ResetPasswordView.as_view()

change_password = _keeping_notifications(allauth_views.password_change)


@login_required
def set_password(request: SignedInRequest) -> HttpResponse:
    """Give an account of passkeys a password.

    allauth asks for nothing here: a session that was taken over would get a password, and with it everything.
    """
    proof.demand(request, holds_password=True)
    return _keeping_notifications(allauth_views.password_set)(request)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that someone tried too often."""
    return render(request, "accounts/too_many_requests.html", status=429)


def not_staff(request: HttpRequest) -> HttpResponse:
    """Say that the administration is not for this account."""
    return render(request, "accounts/not_staff.html", status=403)
