"""A hundred Parley processes in one: the real hubs, feeds and presence over a Redis that only counts.

It checks the arithmetic of docs/scaling.md (arithmetic.py) against what the real code sends:

    python -m bench.simulation --processes 100
"""

import os

import django
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("ENV_FILE", os.devnull)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
