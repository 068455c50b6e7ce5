"""What a concept or a stack is worth: figures with intervals, and what to hold them to."""

from collections import Counter
from math import sqrt

from core.domain.concepts import ConceptKind, StackEntry, is_place, style_of
from core.domain.drawing import Stacking
from core.domain.frozen import Frozen
from core.domain.requests import EvaluateRequest, ImagineRequest, Purpose, TrainRequest, entry_of

_SUBJECT = (
    "a {} on a white background",
    "a {} on a beach",
    "a {} at night",
    "a {} in the mountains",
)
_PLACE = ("a photo of a {}", "a cat in a {}", "a house in a {}", "a boat in a {}")
_STYLE = ("a house in {}", "a cat in {}", "a tree in {}", "a boat in {}")


class Estimate(Frozen):
    """A figure, and the interval that holds it in 95 of 100 draws of other seeds.

    Without an interval it comes from too few seeds to tell one.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def within(self, floor: float, ceiling: float) -> "Estimate":
        """The same with its interval cut where such a figure ends."""
        if self.low is None or self.high is None:
            return self
        return Estimate(value=self.value, low=max(floor, self.low), high=min(ceiling, self.high))

    def joined(self, other: "Estimate") -> "Estimate":
        """This figure with the least interval that holds both."""
        lows = [low for low in (self.low, other.low) if low is not None]
        highs = [high for high in (self.high, other.high) if high is not None]
        return Estimate(
            value=self.value, low=min(lows, default=None), high=max(highs, default=None)
        )

    def shifted(self, by: float) -> "Estimate":
        """The same figure and interval, so much higher."""
        return Estimate(
            value=self.value + by,
            low=None if self.low is None else self.low + by,
            high=None if self.high is None else self.high + by,
        )

    def scaled(self, floor: float, ceiling: float) -> "Estimate":
        """The same on a scale on which `floor` is 0 and `ceiling` 1; nothing beyond the ends."""
        return Estimate(
            value=_between(self.value, floor, ceiling),
            low=None if self.low is None else _between(self.low, floor, ceiling),
            high=None if self.high is None else _between(self.high, floor, ceiling),
        )


class Measure(Frozen):
    """A raw figure of one scoring model beside what the same model says of two things we know.

    Cosines of one CLIP mean nothing for another, so people are shown `share`.
    """

    raw: Estimate
    floor: float | None = None
    """The figure where nothing was achieved, such as that of the plain class."""
    ceiling: float | None = None
    """The figure where all was achieved, such as that of the training pictures themselves."""

    @property
    def share(self) -> Estimate | None:
        """How far from floor to ceiling, 0 to 1; None where those two are too near to tell."""
        if self.floor is None or self.ceiling is None or self.ceiling - self.floor < APART:
            return None
        return self.raw.scaled(self.floor, self.ceiling)


class Closest(Frozen):
    """The image that is nearest to a training picture, and that picture."""

    image: int
    """Counted by prompt, and within a prompt by seed."""
    picture: int
    cosine: float


class Likeness(Frozen):
    """How much the images look like the pictures that one concept was taught from."""

    name: str
    fidelity: Measure
    """Mean cosine of an image to all training pictures."""
    clip: Measure | None = None
    """The same by the CLIP, where `fidelity` comes from another encoder."""
    nearest: Estimate
    """Cosine of an image to the training picture that is nearest to it."""
    closest: Closest | None = None
    """Of all images; None in older scores."""
    copies: int | None = None
    """Images that are training pictures over again; None where that cannot be told."""


class Named(Frozen):
    """In how many images the CLIP names what a concept is, among other classes."""

    name: str
    class_noun: str
    classes: int
    """How many there were to choose from."""
    share: Measure
    """The ceiling is that of the same prompts in plain words with nothing at work."""
    labels: tuple[str, ...] = ()
    """What each image was taken for, by prompt, and within a prompt by seed; none in older
    scores."""

    @property
    def tally(self) -> tuple[tuple[str, int], ...]:
        """How many images were taken for what, most first."""
        return tuple(Counter(self.labels).most_common())


class Scores(Frozen):
    """What was measured on images of one concept or stack."""

    scorer: str
    """The models that scored, as the operator named them; empty where none did."""
    prompts: int
    seeds: int
    likeness: tuple[Likeness, ...] = ()
    alignment: Measure | None = None
    """Cosine of an image to its own prompt with the class noun in the concept's place; None
    without a CLIP."""
    named: tuple[Named, ...] = ()
    copied: Estimate | None = None
    """Share of images that are a training picture over again; None where that cannot be told."""
    asked: Measure | None = None
    """Share of images to which of all prompts their own is nearest; None for one prompt."""
    diversity: Measure | None = None
    """Mean distance between images of one prompt; None for one seed."""
    vendi: Estimate | None = None
    """As how many wholly different images they count."""
    drift: Measure | None = None
    """Distance of the plain class without the concept from the plain class with it at work."""
    parents: tuple[Likeness, ...] = ()
    """Of concepts that it was taught on top of, each drawn together with it. Floor and ceiling are
    both in plain words, and the parent alone."""

    @property
    def images(self) -> int:
        """How many images were scored."""
        return self.prompts * self.seeds

    @property
    def copies(self) -> int:
        """Images that copy a training picture of any concept."""
        if self.copied is None:
            return sum(one.copies or 0 for one in self.likeness)
        return round(self.copied.value * self.images)

    @property
    def encoder(self) -> str:
        """The encoder of pictures that tells likeness; empty where the CLIP does."""
        return self.scorer.partition(AND)[2]

    @property
    def quality(self) -> float:
        """One number to choose by, 0 to 1: the mean likeness times how well the prompt is followed.

        A product, because an image has to be both.
        """
        kept = [_share(one.fidelity) for one in self.likeness]
        followed = self.asked or self.alignment
        return (sum(kept) / len(kept) if kept else 1.0) * (_share(followed) if followed else 1.0)


class Waypoint(Frozen):
    """What was measured at one checkpoint of a training; None where that was not."""

    step: int
    error: float | None = None
    """Of foretelling pictures, as the choice of a checkpoint has it."""
    likeness: float | None = None
    """Of previews to the training pictures, 0 to 1: from the plain class to the pictures' own."""
    alignment: float | None = None
    """How well previews follow their prompt, 0 to 1: from unrelated to the plain class."""
    kept: bool = False
    """This one is the version."""


class Rank(Frozen):
    """Figures of one image in a search for seeds: cosines to the pictures and to the prompt."""

    fidelity: float | None
    alignment: float


class Report(Frozen):
    """What an evaluation found; empty for a sheet that people judge."""

    scores: Scores | None = None
    ranks: tuple[Rank, ...] = ()
    """Of each image, best first, where seeds were searched."""


class Accepted(Frozen):
    """Votes on the images of one prompt; an empty prompt stands for images without any concept."""

    prompt: str
    versions: tuple[int, ...] = ()
    """Numbers of the versions of its concepts, in the order of the stack; 0 where not noted."""
    up: int
    down: int

    @property
    def rate(self) -> Estimate | None:
        """The share that was accepted with its Wilson interval; None without votes."""
        count = self.up + self.down
        return wilson(self.up / count, count) if count else None


USUAL_SEEDS = (50, 51, 52, 53)
"""Of a concept's evaluation: always the same, so that versions compare."""
AND = " + "
"""Between the names of a CLIP and of an encoder of pictures."""
NORMAL_95 = 1.959964
BAR = 0.75
"""The share of images that people have to accept for a concept to be good."""
APART = 0.02
"""Floor and ceiling that are nearer than this are one and the same for a scoring model."""


def evaluation_prompts(kind: ConceptKind, name: str, noun: str) -> tuple[str, ...]:
    """A concept's evaluation: a thing in four places, or four things in a place or style."""
    what, templates = f"<{name}> {noun}", _PLACE if is_place(noun) else _SUBJECT
    if kind is ConceptKind.STYLE:
        what, templates = style_of(what), _STYLE
    return tuple(template.format(what) for template in templates)


def after_training(request: TrainRequest, artifact: str) -> EvaluateRequest:
    """What is asked of a version at the end of its training: as `/evaluate concept` asks it."""
    return EvaluateRequest(
        purpose=Purpose.CONCEPT,
        prompts=evaluation_prompts(request.concept_kind, request.name, request.class_noun),
        seeds=USUAL_SEEDS,
        stack=(entry_of(request, artifact),),
        pictures=(request.pictures,),
    )


def scores_a_version(request: EvaluateRequest, fresh: Scores, before: Scores | None) -> bool:
    """Whether an evaluation of one concept tells what its version is worth, from now on.

    It does drawn as people get it when they do not choose, on the usual prompts, which let versions
    be compared, and on no fewer seeds than before.
    """
    first = request.stack[0]
    usual = evaluation_prompts(first.kind, first.name, first.class_noun)
    if request.stacking is not Stacking.APART or request.prompts != usual:
        return False
    return before is None or before.prompts != len(usual) or fresh.seeds >= before.seeds


def wilson(share: float, count: int) -> Estimate:
    """A share of `count` things that do not hang together, with its interval.

    Source: Wilson, Probable inference (1927); Brown, Cai and DasGupta, Interval estimation for a
    binomial proportion (2001), section 3.1.1.
    """
    z = NORMAL_95
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return Estimate(value=share, low=middle - half, high=middle + half).within(0, 1)


def spelled_plainly(prompt: str, nouns: dict[str, str]) -> str:
    """The prompt with every `<name>` in the words of its class: "a <xyz> temple" → "a temple"."""
    for name, noun in nouns.items():
        prompt = prompt.replace(f"<{name}> {noun}", noun).replace(f"<{name}>", noun)
    return prompt


def scenes_of(request: EvaluateRequest) -> tuple[ImagineRequest, ...]:
    """What is drawn of a request's scene, where it has one: the same with other stacks."""
    if request.scene is None:
        return ()
    if request.purpose is Purpose.VERSIONS:
        return tuple(_at(request.scene, version) for version in request.stack)
    return taken_apart(request.scene)


def taken_apart(scene: ImagineRequest) -> tuple[ImagineRequest, ...]:
    """A scene with each concept of its stack alone, then as it is, then with none of them.

    Whatever is not at work is spelled as its class noun; all else stays as it is.
    """
    nouns = {entry.name: entry.class_noun for entry in scene.stack}
    alone = [
        _with(scene, (entry,), {name: noun for name, noun in nouns.items() if name != entry.name})
        for entry in scene.stack
    ]
    return (*alone, scene, _with(scene, (), nouns))


def _at(scene: ImagineRequest, version: StackEntry) -> ImagineRequest:
    """A scene with another version of one of its concepts, at the same weight."""
    stack = tuple(
        version.model_copy(update={"weight": entry.weight})
        if entry.concept_id == version.concept_id
        else entry
        for entry in scene.stack
    )
    return scene.model_copy(update={"stack": stack})


def _with(
    scene: ImagineRequest, stack: tuple[StackEntry, ...], absent: dict[str, str]
) -> ImagineRequest:
    said = {
        "prompt": spelled_plainly(scene.prompt, absent),
        "negative_prompt": spelled_plainly(scene.negative_prompt, absent),
    }
    return scene.model_copy(update={"stack": stack, **said})


def _share(measure: Measure) -> float:
    share = measure.share
    return max(0.0, min(1.0, measure.raw.value)) if share is None else share.value


def _between(value: float, floor: float, ceiling: float) -> float:
    return min(1.0, max(0.0, (value - floor) / (ceiling - floor)))
