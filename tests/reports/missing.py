"""Reports about pages for failures. The kind: a page that is shown when something is missing needed something itself, or
was Django's own.
"""

from typing import Final

# Where nothing is, or nothing that the reader may see: all of them show the same page.
NOTHING_THERE: Final = (
    "/nothing",
    "/nothing/",
    "/rooms/no-such-room/",
    "/rooms/no-such-room/people",
    "/rooms/UPPER CASE/",
    "/rooms/%F0%9F%A9%B7/",
    "/rooms//",
    "/attachments/nope/x.txt",
    "/invitations/nope/x",
    "/join/nope",
    "/settings/tokens/99999/nothing",
    "/accounts/nothing/",
    "/accounts/password/reset/key/nothing",
    "/admin/nothing/",
    "/admin/chat/nothing/1/",
    "/ws",
)
# Addresses where static files lie, and none is: with DEBUG, the library that serves them raised.
NO_FILES: Final = (
    "/static/nothing.js",
    "/static/",
    "/static/chat",
    "/static/chat/css/",
    "/static/chat/css/nothing.css?v=1",
    "/static/chat/css/base.css/",
    "/static/%F0%9F%A9%B7.svg",
    "/static/../config/settings.py",
    "/static/%2e%2e/manage.py",
    "/static/admin",
    "/static//",
)
# Pages that stand alone: what the others need may be what has failed.
STANDALONE: Final = ("500.html", "503.html")
STYLES: Final = ("chat/css/tokens.css", "chat/css/base.css", "chat/css/forms.css", "chat/css/plain.css")
