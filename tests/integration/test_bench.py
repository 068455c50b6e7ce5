"""The engine's benchmarks run, in their tiny way: a figure that cannot be measured is no figure."""

import pytest
import torch

from tests.bench import _speeds, engine, engine_large, engine_wait, training_time
from tests.bench._engine import watched
from tests.small_pocket import small_pocket

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def one_thread():
    """And logging as it was."""
    import logging

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    logging.disable(logging.NOTSET)


async def test_embedded_model_against_diffusers(capsys):
    """Every dtype that the processor has, and the pictures of both ways agree in float32."""
    await engine.run(tiny=True)
    told = capsys.readouterr().out
    assert told.count("2 waiting") == len(engine.dtypes())
    gaps = [float(line.split()[-1]) for line in told.splitlines() if line.startswith("Largest")]
    assert gaps[0] < 1e-4


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_large_shapes(capsys):
    """Every table for both families, from the same code that a GPU runs."""
    await engine_large.run(tiny=True)
    told = capsys.readouterr().out
    for family in ("sd1", "sdxl"):
        assert f"{family}, 4 requests" in told
        assert f"{family}, one request" in told
        assert f"{family}, concepts in the library" in told
        settings = _rows(told, f"{family}, settings")
        assert set(settings) == set(_speeds.TINY)
        assert float(settings["channels-last"][-1]) > 90
        company = _rows(told, f"{family}, one picture alone and beside")
        assert len(company) == 5
        assert all(
            figures == ["the same"] or float(figures[0]) > 90 for figures in company.values()
        )


def _rows(told, title):
    """A table's cells by the first of each row."""
    rest = told[told.index(f"| {title} |") :].split("\n\n")[0].splitlines()[2:]
    return {name: cells for name, *cells in (row.strip("| ").split(" | ") for row in rest)}


async def test_waits_are_measured_with_a_model_and_on_a_device_of_choice(capsys, tmp_path):
    """With a training running and without, through the real queue and worker."""
    model = str(small_pocket(tmp_path / "model"))
    await engine_wait.run(tiny=True, model=model, device="cpu", dtype="float32")
    told = capsys.readouterr().out
    assert set(_rows(told, "one picture of 2 steps, 3 rounds, cpu | median ms | p95 ms")) == {
        "without training",
        "with training running",
    }


def test_peak_of_memory_outlasts_the_engine_s_own_measuring(monkeypatch):
    """Torch forgets its peak whenever the engine takes a step."""
    seen = {"peak": 900}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: seen["peak"])
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: seen.update(peak=0))
    with watched() as peak:
        for most in (300, 700, 100):
            seen["peak"] = most
            torch.cuda.reset_peak_memory_stats()
        seen["peak"] = 500
    assert peak.bytes == 700


async def test_large_shapes_need_a_gpu(capsys, monkeypatch):
    """Without one there is one sentence, not a week of waiting."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    await engine_large.run()
    assert capsys.readouterr().out.count("\n") == 2


async def test_training_beside_a_plain_loop(capsys):
    """Each way teaches a version that can be drawn with and judged, in a process of its own."""
    await training_time.run(tiny=True)
    told = capsys.readouterr().out
    *plain, ours = (told.count(f"| {way} |") for way in training_time.WAYS)
    assert set(plain) == {2}
    assert ours == 1
