"""Teach the decoder alone, over what the encoder has heard once: cheap, and good for translation.

    python -m core.pocket.speech.polish CORPUS RUN POLISHED --batches 900 --rounds 5

Reads RUN's last checkpoint and writes POLISHED as a run that export takes. The encoder's states
of some batches are kept in memory and gone over several times; a step costs a fifth of a full one.
"""

import argparse
import math
import random
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.pocket.speech.batches import Batch, Batches
from core.pocket.speech.export import load_run, save_run
from core.pocket.speech.losses import attention_loss
from core.pocket.speech.model import Decoder, Heard, Whisper

SPANISH_WEIGHT = 4.0
ATTENTION_WEIGHT = 0.05
Memory = list[tuple[Heard, Batch]]


@torch.no_grad()
def remember(whisper: Whisper, batches: Batches, *, count: int) -> Memory:
    """What the encoder makes of `count` batches, in bfloat16; the spectrograms are let go."""
    memory: Memory = []
    for step in range(count):
        batch = batches.batch(step, strength=1.0)
        with torch.autocast("cpu", torch.bfloat16):
            heard = whisper.encoder(batch.mel)
        states = heard.states.to(torch.bfloat16)
        kept = replace(batch, mel=batch.mel[:0])
        memory.append((Heard(states, states[:0], heard.bias), kept))
    return memory


def decoder_loss(decoder: Decoder, heard: Heard, batch: Batch) -> Tensor:
    """Cross-entropy of the transcript and a little of where the decoder should look."""
    learned = batch.weights > 0
    with torch.autocast("cpu", torch.bfloat16):
        written, looked = decoder(batch.tokens, heard)
        logits = decoder.logits(written[learned])
    weights = batch.weights[learned]
    each = functional.cross_entropy(logits.float(), batch.targets[learned], reduction="none")
    attention = attention_loss(looked, batch.windows, batch.phonemes.shape[1])
    return (each * weights).sum() / weights.sum() + ATTENTION_WEIGHT * attention


def polish(whisper: Whisper, memory: Memory, *, rounds: int, rate: float, seed: int) -> None:
    """Go over the memory `rounds` times in a new order each; the rate falls to nothing."""
    decoder = whisper.decoder
    optimizer = torch.optim.AdamW(
        decoder.parameters(), betas=(0.9, 0.98), weight_decay=0.02, fused=True
    )
    rng = random.Random(seed)
    steps = rounds * len(memory)
    for turn in range(rounds):
        started, total = time.monotonic(), 0.0
        order = rng.sample(range(len(memory)), len(memory))
        for number, index in enumerate(order, turn * len(memory)):
            for group in optimizer.param_groups:
                warm = min(1.0, (number + 1) / 100)
                group["lr"] = rate * warm * 0.5 * (1 + math.cos(math.pi * number / steps))
            loss = decoder_loss(decoder, *memory[index])
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            total += loss.item()
        seconds = (time.monotonic() - started) / len(memory)
        print(f"round {turn + 1} loss {total / len(memory):.3f} {seconds:.3f} s/step", flush=True)


def main() -> None:
    """Polish a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("polished", type=Path)
    parser.add_argument("--batches", type=int, default=900)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--seed", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    whisper, vocabulary = load_run(arguments.run)
    batches = Batches(
        arguments.corpus,
        vocabulary,
        seed=arguments.seed,
        size=16,
        spanish_weight=SPANISH_WEIGHT,
    )
    memory = remember(whisper, batches, count=arguments.batches)
    print(f"{len(memory)} batches heard", flush=True)
    polish(whisper, memory, rounds=arguments.rounds, rate=arguments.rate, seed=arguments.seed)
    save_run(whisper, vocabulary, arguments.polished)


if __name__ == "__main__":
    main()
