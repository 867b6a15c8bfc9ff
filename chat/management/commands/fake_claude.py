"""Starts a stand-in for Anthropic's API on this machine, to try Parley with it: also everything that can go wrong."""

import signal
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fake_claude import FakeClaude, by_hand

_PORT: Final = 8089
_PATIENCE_SECONDS: Final = 3600.0


class Command(BaseCommand):
    help = (
        "Serves a fake of Anthropic's Messages API on loopback until Ctrl+C. A prompt with a word like mode:stall in it "
        "gets a reply of that kind; the reply to any other prompt lists these words."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=_PORT, help=f"Where it listens (default {_PORT}).")
        parser.add_argument("--mode", default="normal", help="How it replies to prompts without such a word.")

    def handle(self, *_args: Any, port: int, mode: str, **_options: Any) -> None:
        default = by_hand.mode_called(mode)
        if default is None:
            raise CommandError(f"Unknown mode {mode!r}. The modes are: {', '.join(by_hand.names())}.")
        fake = FakeClaude(port=port, default=default, choose=by_hand.ByPrompt())
        try:
            fake.start()
        except (OSError, OverflowError) as error:
            raise CommandError(f"Port {port} cannot be used ({error}). Choose another one with --port.") from error
        # By default SIGTERM would end Python at once.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._serve(fake)
        except KeyboardInterrupt:
            self.stdout.write("")
        finally:
            fake.stop()

    def _serve(self, fake: FakeClaude) -> None:
        """Say where it is, and then each request as it comes."""
        self.stdout.write("The fake listens. Start Parley with these settings, and stop the fake with Ctrl+C:\n\n")
        self.stdout.write("ANTHROPIC_API_KEY=fake-key")
        self.stdout.write(f"ANTHROPIC_BASE_URL={fake.url}")
        self.stdout.write("CLAUDE_BACKEND=anthropic\n\n")
        self.stdout.flush()
        told = 0
        while True:
            fake.wait_until(lambda fake: len(fake.requests) > told, _PATIENCE_SECONDS)  # noqa: B023 - used at once
            for seen in fake.requests[told:]:
                self.stdout.write(f"POST /v1/messages, model {seen.body.get('model')}")
                self.stdout.flush()
                told += 1
