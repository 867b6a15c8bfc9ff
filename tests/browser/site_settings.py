"""The settings of sites that browsers open over and over: as in production, a browser keeps the static files.

With DEBUG each page asks again for every one of a hundred modules, which is half of what opening it costs.
"""

from config.settings import *  # noqa: F403

SERVESTATIC_MAX_AGE = 3600
