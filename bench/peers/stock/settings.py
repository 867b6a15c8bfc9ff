"""Settings of the stock chat: LAYER (memory, core, pubsub), REDIS_URL, STORE and DATABASE choose its variant."""

import os

SECRET_KEY = "signs nothing: the stock chat has no sessions"
DEBUG = False
USE_TZ = True
INSTALLED_APPS = ["bench.peers.stock"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Whether each message is stored before it goes out.
STORE = os.environ.get("STORE") == "1"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", ":memory:"),
        # Not the tutorial's: what Parley uses, too. With SQLite's defaults each commit would wait for the disk.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}

# Not the default of 100: beyond it the layers drop messages without a word, and the generator would wait for them.
_CAPACITY = 10_000
# With redis-py 8's default time-outs channels-redis loses its connections after some idle seconds.
_HOSTS = [{"address": os.environ.get("REDIS_URL", ""), "socket_timeout": None, "socket_connect_timeout": 5}]
_LAYERS = {
    "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": _CAPACITY}},
    "core": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": _HOSTS, "capacity": _CAPACITY},
    },
    "pubsub": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": _HOSTS}},
}
CHANNEL_LAYERS = {"default": _LAYERS[os.environ.get("LAYER", "memory")]}
