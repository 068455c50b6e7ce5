"""`python -m bot.playground`: a playground on a port of its own, until it is interrupted."""

import argparse
import asyncio
import signal
from pathlib import Path

from bot.playground.config import PlaygroundConfig
from bot.playground.server import Playground


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bot.playground", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8800)
    parser.add_argument("--token", default=PlaygroundConfig.token)
    parser.add_argument("--no-answer-checks", action="store_true", help="check only the bot")
    parser.add_argument("--samples", type=Path, help="a folder of things to try")
    chosen = parser.parse_args()
    config = PlaygroundConfig(
        host=chosen.host,
        port=chosen.port,
        token=chosen.token,
        validate_answers=not chosen.no_answer_checks,
        samples=chosen.samples,
    )
    asyncio.run(serve(config))


async def serve(config: PlaygroundConfig) -> None:
    """Run a playground until a signal asks to stop."""
    playground = Playground(config)
    await playground.start()
    print(
        f"page {playground.url}  api {playground.api}  gateway {playground.gateway_url}", flush=True
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stopping.set)
    await stopping.wait()
    await playground.stop()


if __name__ == "__main__":
    main()
