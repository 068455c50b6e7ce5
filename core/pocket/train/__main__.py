"""`python -m core.pocket.train STAGE --out DIR`: makes the pocket models, stage by stage.

Every stage is seeded, writes its result under DIR, resumes from its checkpoint there, and does
nothing when its result exists. `all` runs them in order. With `--init WEIGHTS` the tokenizer and
the VAE's encoder are taken from a finished folder of weights, and all else starts from what is
there; without it everything is trained from nothing.
"""

import argparse
import logging
from pathlib import Path

import torch

from core.pocket.train.stages import STAGES, Workshop


def main() -> None:
    """Runs the stages that the command line names."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    torch.set_num_threads(arguments.threads)
    shop = Workshop(
        out=arguments.out,
        init=arguments.init,
        steps=arguments.steps,
        examples=arguments.examples,
        workers=arguments.workers,
    )
    for name in STAGES if arguments.stage == "all" else (arguments.stage,):
        STAGES[name](shop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core.pocket.train", description=__doc__)
    parser.add_argument("stage", choices=["all", *STAGES])
    parser.add_argument("--out", type=Path, required=True, help="folder for results")
    parser.add_argument("--init", type=Path, help="weights folder to start from")
    parser.add_argument("--steps", type=int, help="training steps, for one stage alone")
    parser.add_argument("--examples", type=int, default=48000, help="pictures to train on")
    parser.add_argument("--threads", type=int, default=1, help="processor threads")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw and encode")
    return parser


if __name__ == "__main__":
    main()
