"""Cards of the library: versions, files for other tools, files that were taken in."""

from dataclasses import replace
from datetime import UTC, datetime

from bot.ui.card import Blob
from bot.ui.cards import concepts, exports, pictures, status
from core.domain.concepts import Concept, ConceptKind, ConceptVersion, Origin, StackEntry
from core.domain.exports import ExportedFile, ExportForm
from core.domain.images import Image, Manifest
from core.domain.jobs import Job, JobState
from core.domain.requests import (
    EvaluateRequest,
    ExportRequest,
    ImagineRequest,
    ImportRequest,
    Purpose,
    TrainRequest,
)
from tests.evaluations import scores_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NASTY = "a`*_@everyone_.safetensors"
ENTRY = StackEntry(
    concept_id=1, version_id=2, name="xyz", class_noun="temple", kind=ConceptKind.SUBJECT,
    artifact="cd" * 32, number=2, weights="aa",
)  # fmt: skip


def version(number=1, recipe='{"method":"dreambooth-lora","steps":300}', parents=()):
    return ConceptVersion(
        id=number, concept_id=1, number=number, artifact=f"{number:02d}" * 32, model="pocket",
        pictures=("p",) * 5, samples=("s",) * 4, parents=parents, recipe=recipe, seconds=100.0,
        job_id=number, created_at=NOW,
    )  # fmt: skip


def concept(latest):
    return Concept(1, 7, 8, "xyz", "temple", ConceptKind.SUBJECT, NOW, None, latest)


def taken_in(**changes):
    facts = {"file_name": NASTY, "file": "ab" * 32, "form": "kohya", "rank": 16, "vectors": 0}
    return version(recipe=Origin(**facts | changes).model_dump_json())


def test_versions_say_what_made_them_and_which_is_in_use():
    """Number, recipe, seconds, parents and hash; the one in use is marked."""
    one, two = version(1), version(2, parents=(5, 6))
    text = concepts.shown(concept(one), [two, one], None).embed.description
    assert "**v2** · 5 pictures · dreambooth-lora · 300 steps · 2 min · on 2 others" in text
    assert "**v1** ← in use · 5 pictures" in text
    assert "`020202020202`" in text
    many = [version(number) for number in range(20, 0, -1)]
    assert "and 12 older ones" in concepts.shown(concept(many[0]), many, None).embed.description


def test_the_version_that_is_looked_at_is_told_in_full():
    """Its line however old it is, its sheet, its scores in short, and its recipe."""
    many = [version(number) for number in range(20, 1, -1)]
    evaluation = EvaluateRequest(purpose=Purpose.CONCEPT, prompts=("a",), seeds=(1,))
    scored = replace(version(1), scores=scores_of(evaluation))
    taught_by = TrainRequest(
        concept_id=1, name="xyz", class_noun="temple", concept_kind=ConceptKind.SUBJECT,
        pictures=("p",) * 5, settings={"rank": 8}, seed=7,
    )  # fmt: skip
    look = concepts.Look(scored, Blob("v1.png", b""), taught_by)
    card = concepts.shown(concept(many[0]), [*many, scored], look)
    assert card.embed.description.splitlines()[-2].startswith("**v1** · 5 pictures")
    assert card.embed.description.splitlines()[-1] == "and 11 older ones"
    assert [blob.name for blob in card.files] == ["v1.png"]
    told = {field.name: field.value for field in card.embed.fields}
    assert "1 prompt on 1 seed, scored by pocket;" in told["How good is v1?"]
    assert told["Recipe of v1"].startswith(
        "`method:dreambooth-lora steps:300 settings:rank=8, seed=7`"
    )
    bare = concepts.Look(taken_in(), Blob("v1.png", b""))
    card = concepts.shown(concept(taken_in()), [taken_in()], bare)
    assert [field.name for field in card.embed.fields] == ["How to use it"]


def test_a_concept_without_a_version_says_why():
    """One is on its way, or its training came to nothing: in the list as on its own card."""
    learned, failed = replace(concept(None), in_training=True), concept(None)
    for one, says in ((learned, "being learned"), (failed, "failed or was cancelled; train it")):
        assert says in concepts.library([one]).embed.description
        card = concepts.shown(one, [], None)
        assert says in card.embed.description
        assert card.rows == ()


def test_version_in_plain_words_has_no_markdown():
    """For the list that a person chooses from."""
    words = concepts.version_words(version(3))
    assert words == "v3 · 5 pictures · dreambooth-lora · 300 steps · 2 min · 030303030303"


def test_taken_in_files_are_named_harmlessly():
    """Their names are other people's words."""
    line = concepts.shown(concept(taken_in()), [taken_in()], None).embed.description
    assert r"from a\`\*\_\@everyone\_.safetensors" in line
    request = ImportRequest(
        concept_id=None, name="xyz", class_noun="temple", concept_kind=ConceptKind.STYLE,
        file="ab" * 32, file_name=NASTY,
    )  # fmt: skip
    for origin, words in (
        ({"rank": 16, "vectors": 0}, "an adapter of rank 16 in kohya's form"),
        ({"rank": 0, "vectors": 1, "form": "embedding"}, "a word of 1 vector."),
        ({"rank": 0, "vectors": 3, "form": "embedding"}, "a word of 3 vectors."),
    ):
        card = concepts.taken_in(request, taken_in(**origin), Blob("x.png", b""), 5)
        assert words in card.embed.description
        assert "`aˋ*_@everyone_.safetensors`" in card.embed.description
        assert ("stands for the class" in card.embed.description) == (origin["vectors"] == 0)
    job = Job(5, 1, 2, 3, JobState.QUEUED, request, 0, NOW)
    assert "taking in `<xyz>` (temple) from `aˋ*_@everyone_.safetensors`" in status.subject(job)


def exported(files, form=ExportForm.KOHYA, limit_bytes=100):
    request = ExportRequest(concept=ENTRY, number=2, taught_at=NOW, form=form)
    blobs = tuple(Blob(file.name, b"") for file in files if file.size_bytes <= limit_bytes)
    return exports.exported(request, files, blobs, limit_bytes=limit_bytes)


def test_exports_say_how_to_use_them():
    """For each tool in its own words, SDXL's two encoders too."""
    adapter = ExportedFile(name="xyz-v2.safetensors", key="ab" * 32, size_bytes=9, is_word=False)
    word = ExportedFile(name="xyz.safetensors", key="ef" * 32, size_bytes=9, is_word=True)
    kohya = exported([adapter, word])
    assert kohya.embed.title == "xyz v2 for A1111 and ComfyUI"
    assert "<lora:xyz-v2:1> xyz temple" in kohya.embed.fields[0].value
    assert [blob.name for blob in kohya.files] == ["xyz-v2.safetensors", "xyz.safetensors"]
    plain = exported([adapter, word], ExportForm.DIFFUSERS).embed.fields[0].value
    assert 'load_lora_weights("xyz-v2.safetensors")' in plain
    assert 'load_textual_inversion("xyz.safetensors", token="<xyz>")' in plain
    two = word.model_copy(update={"encoders": 2})
    xl = exported([two], ExportForm.DIFFUSERS).embed.fields[0].value
    assert 'word["clip_g"], token="<xyz>", text_encoder=pipe.text_encoder_2' in xl


def test_file_that_cannot_be_posted_is_told_with_its_place():
    """So that whoever runs the bot finds it."""
    big = ExportedFile(name="b.safetensors", key="ab" * 32, size_bytes=30 * 2**20, is_word=False)
    card = exported([big], limit_bytes=10 * 2**20)
    assert "larger than the 10 MiB" in card.embed.description
    assert f"`ab/{'ab' * 32}`" in card.embed.description
    assert card.files == ()


def drawn(weights):
    request = ImagineRequest(prompt="a <xyz> temple", seeds=(1,), stack=(ENTRY,))
    manifest = Manifest(
        request=request, index=0, model="pocket", weights=weights, device="cpu", dtype="float32",
        versions={},
    )  # fmt: skip
    job = Job(5, 1, 2, 3, JobState.SUCCEEDED, request, 1, NOW)
    image = Image(1, 5, 1, 2, 0, 1, "ab" * 32, 64, 64, manifest, NOW)
    return pictures.result(job, [image], Blob("x.png", b"")).content


def test_other_weights_of_the_model_are_told():
    """Only where both are known and they differ; the version is named in any case."""
    assert "`<xyz>` was taught on other weights" in drawn("bb")
    for same in ("aa", ""):
        assert "other weights" not in drawn(same)
    assert "`<xyz>` 1 (v2)" in drawn("aa")
