"""The engine's benchmarks run, in their tiny way: a figure that cannot be measured is no figure."""

import pytest
import torch

from tests.bench import engine, engine_large, training_time

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning",
    "ignore::FutureWarning",
    "ignore:__array__ implementation:DeprecationWarning",
)


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


async def test_large_shapes(capsys):
    """Every table for both families, from the same code that a GPU runs."""
    await engine_large.run(tiny=True)
    told = capsys.readouterr().out
    for family in ("sd1", "sdxl"):
        assert f"{family}, 4 requests" in told
        assert f"{family}, one request" in told
        assert f"{family}, concepts in the library" in told


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
