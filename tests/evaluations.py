"""What a worker would say about an evaluate job, made up for tests of everything around it."""

from collections.abc import Callable
from dataclasses import replace

from core.dispatch.messages import Evaluated, MadeImage, Trained
from core.domain.concepts import StackEntry
from core.domain.evaluation import (
    Closest,
    Estimate,
    Likeness,
    Measure,
    Rank,
    Report,
    Scores,
    after_training,
    scenes_of,
)
from core.domain.images import Manifest
from core.domain.jobs import Job
from core.domain.requests import EvaluateRequest, ImagineRequest, Purpose, TrainRequest

SIDE_PX = 64
CLOSEST = Closest(image=1, picture=0, cosine=0.93)


def evaluated(job: Job, request: EvaluateRequest, key: Callable[[str], str]) -> Evaluated:
    """Each prompt on each seed, then what it is held to; `key` keeps a picture for a text."""

    def one(prompt: str, seed: int, stack: tuple[StackEntry, ...] = ()) -> MadeImage:
        wish = ImagineRequest(prompt=prompt, seeds=(seed,), stack=stack)
        manifest = Manifest(
            request=wish, index=0, model="pocket", device="cpu", dtype="float32", versions={}
        )
        return MadeImage(key(f"{job.id} {prompt} {seed}"), SIDE_PX, SIDE_PX, manifest)

    if request.scene is not None:
        strip = tuple(
            one(scene.prompt, seed, scene.stack)
            for scene in scenes_of(request)
            for seed in scene.seeds
        )
        return Evaluated(job.id, job.attempt, Report(), strip, 2.0)
    made = [one(prompt, s, request.stack) for prompt in request.prompts for s in request.seeds]
    made += [one(prompt, 0) for prompt in _compared(request)]
    made += [one("plain", seed) for seed in request.controls for _ in request.prompts]
    return Evaluated(job.id, job.attempt, _report(request), tuple(made), 2.0)


def and_scored(
    trained: Trained, job: Job, request: TrainRequest, key: Callable[[str], str]
) -> Trained:
    """A training's end with its scores and the images that go with them."""
    found = evaluated(job, after_training(request, trained.artifact), key)
    return replace(trained, scores=found.report.scores, images=found.images)


def scores_of(request: EvaluateRequest, *, value: float = 0.7, copies: int = 0) -> Scores:
    """Scores whose figures are all `value` between 0.3 and 0.8."""
    raw = Estimate(value=value, low=value - 0.1, high=value + 0.05)
    figure = Measure(raw=raw, floor=0.3, ceiling=0.8)
    return Scores(
        scorer="pocket",
        prompts=len(request.prompts),
        seeds=len(request.seeds),
        likeness=tuple(
            Likeness(
                name=entry.name,
                fidelity=figure,
                nearest=Estimate(value=0.9),
                copies=copies,
                closest=CLOSEST if any(request.pictures) else None,
            )
            for entry in request.stack
        ),
        alignment=figure,
        asked=figure if len(request.prompts) > 1 else None,
        diversity=figure,
        vendi=Estimate(value=2.5),
        drift=figure if request.purpose is Purpose.CONCEPT else None,
    )


def _compared(request: EvaluateRequest) -> tuple[str, ...]:
    if request.purpose is Purpose.CONCEPT:
        return request.prompts
    if request.purpose is Purpose.STACK:
        return (*request.prompts, *(entry.token for entry in request.stack))
    return ()


def _report(request: EvaluateRequest) -> Report:
    if request.purpose is Purpose.SEEDS:
        return Report(ranks=tuple(Rank(fidelity=0.8, alignment=0.5) for _ in request.seeds))
    return Report(scores=None if request.purpose is Purpose.BLIND else scores_of(request))
