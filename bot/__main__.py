"""The command line: `python -m bot run`, `demo` and `healthcheck`.

A health check runs all the time and the worker imports this module again, so what only the service
needs is imported when it is served.
"""

import argparse
import signal
import sys

from bot.health import alive
from core.errors import ModelFault, SettingsError
from core.settings import load_settings

BAD_SETTING = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; the exit code: 2 for a wrong setting, 1 for a fault."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Atelier, a Discord bot.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="the service; needs ATELIER_DISCORD_TOKEN")
    commands.add_parser("demo", help="the service with a playground in the browser; needs nothing")
    commands.add_parser("healthcheck", help="exit code 0 when a service with these settings lives")
    command = parser.parse_args(arguments).command
    try:
        settings = load_settings()
        if command == "healthcheck":
            return 0 if alive(settings) else 1
        from bot.service import run

        return run(settings, demo=command == "demo")
    except (SettingsError, ModelFault) as error:
        print(error, file=sys.stderr)
        return BAD_SETTING


if __name__ == "__main__":
    # The first process of a container is ended by no signal that it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    sys.exit(main())
