"""Every knob of Parley, read from the environment (or `.env`); one laptop process needs none of them.

`.env.example` lists the ones that people set; docs/deployment.md explains them. Names carry their units, and 0 means
"no limit" wherever a limit is set.
"""

import os
import re
import sys
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import __version__
from config.prices import LISTED, priced

VERSION = __version__

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
# Tests and checks name another file: what stands in this machine's .env must not decide whether they pass.
env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))

# --- The two settings that decide how strict the rest is ----------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not DEBUG:
        # A guessable key lets anyone forge sessions and socket tickets.
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Set it in the environment or in .env "
            "(python -c 'import secrets; print(secrets.token_urlsafe(50))'), or set DEBUG=1 on your own machine."
        )
    SECRET_KEY = "debug-only-key-that-signs-nothing-of-value-on-a-laptop"  # noqa: S105

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])

# The beginning of links in mails and invitations; empty: the host that the request named, if it is allowed.
PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
if not re.fullmatch(r"(https?://[^/?#@\s]+)?", PUBLIC_URL):
    raise ImproperlyConfigured(
        f"PUBLIC_URL is {PUBLIC_URL!r}; it must be like https://chat.example.org, without a path."
    )

# TLS is ended by the proxy in front of us (docs/deployment.md). In debug there is none.
TLS = env.bool("TLS", default=not DEBUG)

# --- Applications -------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # First, so that `runserver` speaks ASGI; elsewhere it would only make every start slower.
    *(["daphne"] if "runserver" in sys.argv else []),
    "accounts",
    "chat",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "channels",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.static.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.admin_csp.admin_csp_middleware",
    "config.addresses.address_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SessionActivityMiddleware",
    "accounts.middleware.TimeZoneMiddleware",
    *(["config.not_found.NotFoundMiddleware"] if DEBUG else []),
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# --- Database -----------------------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASE_THREADS = env.int("DATABASE_THREADS", default=4)
# Requests for pages that one process works on at the same time (config.admission). Each may hold a connection.
PAGES_AT_ONCE = env.int("PAGES_AT_ONCE", default=6)
# The threads that use the database beside these: one that stores messages, one that checks access, four for web push.
_OTHER_DATABASE_THREADS = 6

_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["CONN_MAX_AGE"] = None
    _database["OPTIONS"] = {
        # Without IMMEDIATE a transaction that reads and then writes fails with "database is locked" at once.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # SQLite forgets a connection's page cache when another connection has written: those that read profit from a
        # large one within a query only, and its pages, coming and going, leave gaps in the heap. The writer has a larger
        # one (`chat.realtime.database`).
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-200;",
        # Prepared statements that each connection keeps; Python's own number is 128. Those take 1.3 MB more for each thread,
        # and save nothing that can be measured: what is used all the time is among 32.
        "cached_statements": 32,
    }
    # Tests need a file: an in-memory database is invisible to the other threads and processes that take part.
    _database["TEST"] = {"NAME": str(BASE_DIR / "db.test.sqlite3")}
elif _database["ENGINE"] == "django.db.backends.postgresql":
    _database["CONN_MAX_AGE"] = 0  # the pool keeps them open
    _database["OPTIONS"] = {
        "pool": {
            "min_size": 1,
            # One for each thread that may want one, so none ever waits for another.
            "max_size": env.int(
                "DATABASE_POOL_SIZE", default=DATABASE_THREADS + PAGES_AT_ONCE + _OTHER_DATABASE_THREADS
            ),
            "timeout": 5,
        },
        "connect_timeout": 5,
        # Where the database's host vanishes, the system would wait for its response for a quarter of an hour.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,  # milliseconds
        # No connection waits for a lock for long: each would get it after the one before, and keep it. Processes that serve
        # also give up a transaction that stands still (`chat.realtime.database`).
        "options": "-c lock_timeout=4s",
        **_database.get("OPTIONS", {}),  # what DATABASE_URL says itself
    }

# --- Redis or Valkey: joins several server processes --------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                # redis-py 8 would close an idle subscription after its default socket time-out of some seconds.
                "hosts": [{"address": REDIS_URL, "socket_timeout": None, "socket_connect_timeout": 5}],
                "prefix": env.str("REDIS_PREFIX", default="parley"),
            },
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "accounts.cache.RedisOrMemoryCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": env.str("REDIS_PREFIX", default="parley"),
            # A frozen Redis may delay a sign-in, never hang it.
            "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # Django's own number is 300: a third of the counts of failed sign-ins is dropped as soon as there are more.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

# --- The socket ---------------------------------------------------------------------------------------------

HEARTBEAT_INTERVAL_SECONDS = env.float("HEARTBEAT_INTERVAL_SECONDS", default=30)
HEARTBEAT_TIMEOUT_SECONDS = env.float("HEARTBEAT_TIMEOUT_SECONDS", default=10)
SSE_KEEPALIVE_SECONDS = env.float("SSE_KEEPALIVE_SECONDS", default=30)
SOCKET_ALLOWED_ORIGINS = env.list("SOCKET_ALLOWED_ORIGINS", default=[])
SOCKET_TICKET_SECONDS = 60
SOCKETS_PER_USER = env.int("SOCKETS_PER_USER", default=20)
SOCKETS_PER_ADDRESS = env.int("SOCKETS_PER_ADDRESS", default=200)
# Proxies in front of us, whose X-Forwarded-For is believed when we count connections per address.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
FRAMES_PER_SECOND = env.float("FRAMES_PER_SECOND", default=50)
FRAMES_BURST = env.int("FRAMES_BURST", default=200)
MESSAGES_PER_MINUTE = env.int("MESSAGES_PER_MINUTE", default=300)
# What one person may do, in each process: half of it at once. Those who run the installation may create, add and change
# more (docs/limits.md).
ROOMS_PER_HOUR = env.int("ROOMS_PER_HOUR", default=60)
MEMBERS_ADDED_PER_HOUR = env.int("MEMBERS_ADDED_PER_HOUR", default=400)
INVITATIONS_PER_HOUR = env.int("INVITATIONS_PER_HOUR", default=60)
CHANGES_PER_MINUTE = env.int("CHANGES_PER_MINUTE", default=300)
SAVES_PER_MINUTE = env.int("SAVES_PER_MINUTE", default=600)
TYPING_PER_MINUTE = env.int("TYPING_PER_MINUTE", default=300)
SEARCHES_PER_MINUTE = env.int("SEARCHES_PER_MINUTE", default=60)
# Whether people are asked before another person adds them to a room: strangers, always or never.
ASK_BEFORE_ADDING = env.str("ASK_BEFORE_ADDING", default="strangers")
if ASK_BEFORE_ADDING not in ("strangers", "always", "never"):
    raise ImproperlyConfigured(f"ASK_BEFORE_ADDING is {ASK_BEFORE_ADDING!r}; it must be strangers, always or never.")
# What one person, room or message may have.
ROOMS_CREATED_PER_USER = env.int("ROOMS_CREATED_PER_USER", default=1000)
ROOMS_PER_USER = env.int("ROOMS_PER_USER", default=2000)
MEMBERS_PER_ROOM = env.int("MEMBERS_PER_ROOM", default=5000)
INVITATIONS_PER_ROOM = env.int("INVITATIONS_PER_ROOM", default=50)
INVITATIONS_PER_USER = env.int("INVITATIONS_PER_USER", default=200)
DRAFTS_PER_USER = env.int("DRAFTS_PER_USER", default=200)
REACTIONS_PER_MESSAGE = env.int("REACTIONS_PER_MESSAGE", default=1000)
# Days between the request to delete a room and its end; until then its owners can restore it.
ROOM_DELETION_DAYS = env.float("ROOM_DELETION_DAYS", default=7)
# At least 12 for each of CONTENT_CHARS and 24000 more (chat.E001), or a legal message would end its connection.
FRAME_BYTES = env.int("FRAME_BYTES", default=264_000)
CONTENT_CHARS = env.int("CONTENT_CHARS", default=20000)
OUTBOX_BYTES = env.int("OUTBOX_BYTES", default=1_000_000)
REQUESTS_IN_FLIGHT = env.int("REQUESTS_IN_FLIGHT", default=64)
# How often each process compares its rooms with the database, and its connections with their credentials.
HEAD_CHECK_SECONDS = env.float("HEAD_CHECK_SECONDS", default=3)
ACCESS_CHECK_SECONDS = env.float("ACCESS_CHECK_SECONDS", default=30)
# Presence: how often a process says that it lives, and when the others stop believing it.
PRESENCE_BEAT_SECONDS = env.float("PRESENCE_BEAT_SECONDS", default=3)
PRESENCE_EXPIRY_SECONDS = env.float("PRESENCE_EXPIRY_SECONDS", default=10)
# Rows that a recovery may bring before the client is told to start afresh.
RECOVERY_ROWS = env.int("RECOVERY_ROWS", default=500)
# Bytes of the messages in one response: a page, a recovery of one room or of several, found messages.
PAGE_BYTES = env.int("PAGE_BYTES", default=400_000)
DRAIN_SECONDS = env.float("DRAIN_SECONDS", default=5)

# --- Claude -------------------------------------------------------------------------------------------------

ANTHROPIC_API_KEY = env.str("ANTHROPIC_API_KEY", default="")
ANTHROPIC_BASE_URL = env.str("ANTHROPIC_BASE_URL", default="https://api.anthropic.com")
# auto: the built-in demo model when there is no key.
CLAUDE_BACKEND = env.str("CLAUDE_BACKEND", default="auto")
if CLAUDE_BACKEND not in ("auto", "anthropic", "demo"):
    raise ImproperlyConfigured(f"CLAUDE_BACKEND is {CLAUDE_BACKEND!r}; it must be auto, anthropic or demo.")
CLAUDE_MODEL = env.str("CLAUDE_MODEL", default="claude-sonnet-5-5")
# Whether the cheapest model gives sessions that were begun without a name a title, after the first reply.
CLAUDE_TITLES = env.bool("CLAUDE_TITLES", default=True)
# What Claude is told in all rooms, after Parley's own words and before those of a room's owners.
CLAUDE_INSTRUCTIONS = env.str("CLAUDE_INSTRUCTIONS", default="", multiline=True).strip()
_INSTRUCTIONS_CHARS = 4000
if len(CLAUDE_INSTRUCTIONS) > _INSTRUCTIONS_CHARS:
    raise ImproperlyConfigured(
        f"CLAUDE_INSTRUCTIONS has {len(CLAUDE_INSTRUCTIONS):,} characters; it may have {_INSTRUCTIONS_CHARS:,}."
    )
_FILES_HOURS_AT_MOST = 90 * 24
# What one reply may read and write, in tokens.
CLAUDE_CONTEXT_TOKENS = env.int("CLAUDE_CONTEXT_TOKENS", default=100_000)
CLAUDE_REPLY_TOKENS = env.int("CLAUDE_REPLY_TOKENS", default=32_000)
CLAUDE_CONNECT_SECONDS = env.float("CLAUDE_CONNECT_SECONDS", default=5)
# A stream that brings nothing for so long has stalled.
CLAUDE_READ_SECONDS = env.float("CLAUDE_READ_SECONDS", default=60)
# Hours for which Anthropic keeps large pictures and PDFs, so that each is sent once; 0: they go with every call.
CLAUDE_FILES_HOURS = env.int("CLAUDE_FILES_HOURS", default=24)
if not 0 <= CLAUDE_FILES_HOURS <= _FILES_HOURS_AT_MOST:
    raise ImproperlyConfigured(
        f"CLAUDE_FILES_HOURS is {CLAUDE_FILES_HOURS}; it must be from 0 to {_FILES_HOURS_AT_MOST} (ninety days)."
    )
# The pace of the demo model; 0: as fast as it can.
DEMO_WORDS_PER_SECOND = env.float("DEMO_WORDS_PER_SECOND", default=25)
# Whether server processes run replies themselves when no `manage.py run_replies` does.
REPLIES_IN_WEB = env.bool("REPLIES_IN_WEB", default=True)
# Prompts of one room that Claude has not replied to yet.
PROMPTS_PER_ROOM = env.int("PROMPTS_PER_ROOM", default=30)
# Those of them that one person has asked.
PROMPTS_PER_PERSON = env.int("PROMPTS_PER_PERSON", default=10)
REPLIES_AT_ONCE = env.int("REPLIES_AT_ONCE", default=200)
# A runner that has not renewed its claim for so long is dead, and its reply interrupted.
REPLY_LEASE_SECONDS = env.float("REPLY_LEASE_SECONDS", default=5)
REPLY_POLL_SECONDS = env.float("REPLY_POLL_SECONDS", default=1.5)
REPLY_CHECKPOINT_SECONDS = 0.4
# Deltas are collected for so long; the first goes out at once.
REPLY_DELTA_SECONDS = 0.04

# --- Money --------------------------------------------------------------------------------------------------

# What Anthropic listed in November 2026. Check it against your own contract, and set CLAUDE_PRICES (JSON of the same shape)
# for what differs. A model that is not priced costs as much as the dearest.
CLAUDE_PRICES = priced(LISTED, env.str("CLAUDE_PRICES", default=""))
# What may be spent in a day and in a month (UTC) by one user, in one room, and altogether; in US dollars, 0 = no limit.
SPEND_USER_DAY_USD = env.float("SPEND_USER_DAY_USD", default=0)
SPEND_USER_MONTH_USD = env.float("SPEND_USER_MONTH_USD", default=0)
SPEND_ROOM_DAY_USD = env.float("SPEND_ROOM_DAY_USD", default=0)
SPEND_ROOM_MONTH_USD = env.float("SPEND_ROOM_MONTH_USD", default=0)
SPEND_DAY_USD = env.float("SPEND_DAY_USD", default=0)
SPEND_MONTH_USD = env.float("SPEND_MONTH_USD", default=0)

# --- Web push: off without a key ----------------------------------------------------------------------------

# By this key push services know us; `manage.py vapid_keys` makes one. The subject is whom they may ask about us.
VAPID_PRIVATE_KEY = env.str("VAPID_PRIVATE_KEY", default="")
VAPID_SUBJECT = env.str("VAPID_SUBJECT", default="")
# Where we may be sent to by a browser's subscription: nowhere else, or it could have us ask our own network.
PUSH_SERVICES = env.list(
    "PUSH_SERVICES",
    default=["fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"],
)
PUSH_INTERVAL_SECONDS = env.float("PUSH_INTERVAL_SECONDS", default=10)
PUSH_BROWSERS_PER_USER = env.int("PUSH_BROWSERS_PER_USER", default=10)

# --- Attachments and exports --------------------------------------------------------------------------------

MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "media")))
UPLOAD_BYTES = env.int("UPLOAD_BYTES", default=10_000_000)
# Of one picture, all its frames together: decoding takes up to 8 bytes of memory for each.
UPLOAD_PIXELS = env.int("UPLOAD_PIXELS", default=40_000_000)
UPLOADS_PER_MESSAGE = env.int("UPLOADS_PER_MESSAGE", default=5)
UPLOADS_PER_HOUR = env.int("UPLOADS_PER_HOUR", default=200)
# Of one person, in all rooms together.
UPLOADED_BYTES_PER_USER = env.int("UPLOADED_BYTES_PER_USER", default=5_000_000_000)
EXPORTS_PER_HOUR = env.int("EXPORTS_PER_HOUR", default=20)

# What a request's body, and the reading of a response, may take: this long, and a second more for each so many bytes.
BODY_SECONDS = env.float("BODY_SECONDS", default=30)
BODY_BYTES_PER_SECOND = env.int("BODY_BYTES_PER_SECOND", default=20_000)
# Bytes of all bodies over 64 KB that a process holds, in memory or on disk; one person may have a quarter of them.
BODIES_BYTES = env.int("BODIES_BYTES", default=200_000_000)

# --- Accounts -----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.SerialArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Requests that wait for their turn to hash a password: one takes some 0.12 s, and none waits longer than 10 s.
PASSWORDS_WAITING = env.int("PASSWORDS_WAITING", default=20)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", default="none")
# Signing up with an address does not tell whether it has an account, confirmed or not.
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_FORMS = {
    "signup": "accounts.sign_in_forms.SignupForm",
    "reset_password": "accounts.sign_in_forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.sign_in_forms.ResetPasswordKeyForm",
    "change_password": "accounts.sign_in_forms.ChangePasswordForm",
    "set_password": "accounts.sign_in_forms.SetPasswordForm",
}
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_USERNAME_VALIDATORS = "accounts.names.username_validators"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Parley] "
ACCOUNT_CHANGE_EMAIL = True
# A hijacked session must not be enough to change the address, and with it the password.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "change_name": "10/h/user"}
ACCOUNT_SIGNUP_OPEN = env.bool("SIGNUP_OPEN", default=True)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "activate_totp": "accounts.second_steps.ActivateAppForm",
    "add_webauthn": "accounts.passkeys.AddPasskeyForm",
    "signup_webauthn": "accounts.passkeys.SignupPasskeyForm",
    "login_webauthn": "accounts.passkeys.LoginPasskeyForm",
    "authenticate_webauthn": "accounts.passkeys.AuthenticatePasskeyForm",
    "reauthenticate_webauthn": "accounts.passkeys.ReauthenticatePasskeyForm",
}
# Where no one can confirm an address, to ask for that would keep everyone with an address from a second step.
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "none"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
MFA_TOTP_ISSUER = "Parley"
USERSESSIONS_TRACK_ACTIVITY = True

EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# A mail server that says nothing may delay a page, never hang it.
EMAIL_TIMEOUT = 10
# Tell people by mail what has changed about their ways in. Without a mail server it would only fill the log.
ACCOUNT_EMAIL_NOTIFICATIONS = "EMAIL_URL" in os.environ
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="parley@localhost")

# --- Pages --------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.static.ModuleStaticFilesStorage"
    },
}
SERVESTATIC_USE_MANIFEST = not DEBUG

# --- Security headers ---------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["parley-sanitised", "parley-service-worker", "parley-highlighter"],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
if TLS:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=True)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- Logs ---------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_JSON = env.bool("LOG_JSON", default=not DEBUG)
LOGGING_CONFIG = "config.logs.configure"
LOGGING = {"level": LOG_LEVEL, "json": LOG_JSON}
