"""Prints, as JSON, what a process of Parley has been set to."""

import json
import os
from pprint import pformat


def main() -> None:
    import django
    from django.conf import settings
    from django.core.cache import caches
    from django.db import connections

    django.setup()
    database = connections["default"].settings_dict  # this completes what DATABASES says
    # width=1: sets are sorted only where they are broken into lines
    told = {name: pformat(getattr(settings, name), width=1) for name in sorted(dir(settings)) if name.isupper()}
    told["the database"] = pformat(database)
    told["the cache"] = repr(type(caches["default"]))
    told["the environment"] = " ".join(sorted(os.environ))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
