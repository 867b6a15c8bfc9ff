"""Writes the files that are made from the protocol's schema; with --check, says whether they are current."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.protocol.asyncapi import document
from chat.protocol.typescript import declarations


def protocol_files() -> dict[Path, str]:
    """Return the path and text of each generated file."""
    root = Path(settings.BASE_DIR)
    return {
        root / "docs/asyncapi.json": json.dumps(document(), indent=2, ensure_ascii=False) + "\n",
        root / "static/chat/js/protocol.d.ts": declarations(),
    }


class Command(BaseCommand):
    help = "Writes docs/asyncapi.json and static/chat/js/protocol.d.ts from chat/protocol."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when a file is not current.")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        for path, text in protocol_files().items():
            if path.exists() and path.read_text() == text:
                continue
            if check:
                raise CommandError(f"{path.name} is not current: run `manage.py protocol_files`.")
            path.write_text(text)
            self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
