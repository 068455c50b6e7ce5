"""Teach the speech model from a corpus; stop and start again at will.

    python -m core.pocket.speech.train CORPUS RUN --steps 10000 [--warm FOLDER]

RUN holds the last checkpoint: weights, optimizer, step. The same corpus, seed and steps give the
same weights, whether the run was interrupted or not (one thread, same machine). `--warm` starts
from an exported model whose vocabulary may differ: words that both know keep their embeddings.
"""

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from core.pocket.speech.batches import Batches
from core.pocket.speech.ctranslate import read_folder
from core.pocket.speech.losses import Losses, Student
from core.pocket.speech.model import Whisper
from core.pocket.speech.starts import adopt, start_local
from core.pocket.speech.tokenizer import Vocabulary, build_tokenizer

WARM_UP_STEPS = 150
REPORT_EVERY = 100


@dataclass(frozen=True)
class Recipe:
    """How long and how: what a run depends on beside the corpus."""

    steps: int
    seed: int = 1
    batch_size: int = 16
    learning_rate: float = 2e-3
    strength_at_start: float = 0.1
    heads_first: int = 0
    checkpoint_every: int = 500

    def rate(self, step: int) -> float:
        """The learning rate of a step: warm-up, then a cosine to a fiftieth."""
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.learning_rate * min(1.0, (step + 1) / WARM_UP_STEPS) * (0.98 * cosine + 0.02)

    def strength(self, step: int) -> float:
        """How much the spectrograms are blurred: little at first, all from two fifths on."""
        return min(1.0, self.strength_at_start + 2.5 * step / self.steps)

    def aligned_weight(self, step: int) -> float:
        """The weight of the helpers that know times: it fades, for they have done their work."""
        return max(0.1, 1 - 2 * step / self.steps)

    def ctc_weight(self, step: int) -> float:
        """The weight of CTC."""
        return 0.5 if step < 0.4 * self.steps else 0.25


class Trainer:
    """One run: a student, its optimizer and the step it is at."""

    def __init__(self, student: Student, batches: Batches, recipe: Recipe) -> None:
        self.student, self.batches, self.recipe = student, batches, recipe
        self.optimizer = torch.optim.AdamW(
            student.parameters(), betas=(0.9, 0.98), weight_decay=0.02, fused=True
        )
        self.step = 0

    def train_step(self) -> Losses:
        """One optimizer step; its randomness depends on seed and step alone."""
        step, recipe = self.step, self.recipe
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        self.student.start_heads(step, steps=recipe.heads_first)
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate(step)
        losses: Losses = self.student(self.batches.batch(step, strength=recipe.strength(step)))
        total = losses.total(
            ctc_weight=recipe.ctc_weight(step), aligned_weight=recipe.aligned_weight(step)
        )
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        return losses

    def save(self, path: Path) -> None:
        """Write the checkpoint whole or not at all."""
        state = {
            "student": self.student.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.student.load_state_dict(state["student"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


def new_student(
    vocabulary: Vocabulary, *, phonemes: int, recipe: Recipe, warm: Path | None = None
) -> Student:
    """A student from nothing, or from an exported model."""
    torch.manual_seed(recipe.seed)
    whisper = Whisper(len(vocabulary))
    if warm is None:
        start_local(whisper.encoder)
    else:
        adopt(whisper, vocabulary, *read_folder(warm))
    return Student(whisper, text_size=vocabulary.text_size, phonemes=phonemes)


def run(trainer: Trainer, checkpoint: Path) -> None:
    """Train to the recipe's last step, with checkpoints on the way."""
    if checkpoint.exists():
        trainer.load(checkpoint)
        print(f"going on from step {trainer.step}", flush=True)
    started, seen = time.monotonic(), []
    while trainer.step < trainer.recipe.steps:
        losses = trainer.train_step()
        seen.append(torch.stack([value.detach().float() for value in vars(losses).values()]))
        if trainer.step % REPORT_EVERY == 0:
            figures = zip(vars(losses), torch.stack(seen).mean(0).tolist(), strict=True)
            text = " ".join(f"{name} {value:.3f}" for name, value in figures)
            seconds = (time.monotonic() - started) / len(seen)
            print(f"step {trainer.step} {text} {seconds:.3f} s/step", flush=True)
            started, seen = time.monotonic(), []
        if trainer.step % trainer.recipe.checkpoint_every == 0:
            trainer.save(checkpoint)
    trainer.save(checkpoint)


def main() -> None:
    """Train or go on training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--warm", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # so that a run can be repeated
    recipe = Recipe(
        arguments.steps,
        arguments.seed,
        learning_rate=arguments.rate,
        strength_at_start=0.5 if arguments.warm else 0.1,
        heads_first=150 if arguments.warm else 0,
    )
    arguments.run.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary(build_tokenizer())
    vocabulary.save(arguments.run)
    batches = Batches(arguments.corpus, vocabulary, seed=recipe.seed, size=recipe.batch_size)
    student = new_student(
        vocabulary, phonemes=len(batches.phonemes), recipe=recipe, warm=arguments.warm
    )
    print(f"{len(batches)} clips, {len(vocabulary)} tokens", flush=True)
    run(Trainer(student, batches, recipe), arguments.run / "checkpoint.pt")


if __name__ == "__main__":
    main()
