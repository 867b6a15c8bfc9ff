"""Makes an API token on the server, for scripts and for the first use of a fresh installation."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.forms import NAME_CHARS
from accounts.models import ApiToken, User
from accounts.names import fold_display_name, refuse_hidden_characters


class Command(BaseCommand):
    help = "Creates an API token for USER and prints its secret, which cannot be shown again. Nothing else is printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="user name")
        parser.add_argument("--name", default="command line", help="what will use it (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        name = fold_display_name(options["name"])
        try:
            refuse_hidden_characters(name)
        except ValidationError as error:
            raise CommandError(f"--name: {error.message}") from error
        if not 1 <= len(name) <= NAME_CHARS:
            raise CommandError(f"--name: use 1 to {NAME_CHARS} characters.")
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user named {options['user']!r}.")
        if not user.is_active:
            raise CommandError(f"{user.username!r} is deactivated: a token would not work.")
        if user.is_banned:
            raise CommandError(f"{user.username!r} is banned: a token would not work.")
        _, secret = ApiToken.issue(user, name)
        self.stdout.write(secret)
