"""Hypernetwork files of the web UI, as it writes them."""

import io
import zipfile

import pytest
import torch
from torch import nn

from core.errors import InvalidInput
from core.torchzip import read as opened
from core.worker.formats.hypernetworks import check, read_pickled, read_tensors
from core.worker.hypernetworks import Activation, Hypernetworks, _net, _run

WIDTH = 8


def net(width=WIDTH, activation=nn.ReLU, *, last_too=False, norm=False):
    """One of a hypernetwork's nets, built as the web UI builds it."""
    layers = []
    for index, (into, out) in enumerate(((width, 2 * width), (2 * width, width))):
        layers.append(nn.Linear(into, out))
        if activation and (index == 0 or last_too):
            layers.append(activation())
        if norm:
            layers.append(nn.LayerNorm(out))
    holder = nn.Module()
    holder.linear = nn.Sequential(*layers)
    return holder


def saved(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def file_of(*nets, width=WIDTH, **settings):
    return saved(
        {width: tuple(one.state_dict() for one in nets), "step": 10, "name": "x"} | settings
    )


@pytest.fixture
def model():
    """A model with one attention, of width 8."""
    holder = nn.Module()
    holder.to_k, holder.to_v = nn.Linear(WIDTH, 4), nn.Linear(WIDTH, 4)
    return Hypernetworks(nn.ModuleList([holder]))


@pytest.mark.parametrize("last_too", [False, True])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize(("name", "activation"), [("relu", nn.ReLU), ("swish", nn.Hardswish)])
@torch.no_grad()
def test_a_file_computes_what_the_web_ui_computes(model, name, activation, last_too, norm):
    """With every place where an activation or a norm may be."""
    nets = [net(activation=activation, last_too=last_too, norm=norm) for _ in range(2)]
    read = read_pickled(opened(file_of(*nets, activation_func=name, activate_output=last_too)))
    check(read, model)
    x = torch.randn(3, 5, WIDTH)
    act = Activation(read.activation, read.activate_output)
    for index, one in enumerate(nets):
        assert torch.allclose(_run(_net(read.nets, WIDTH, index), act, x), one.linear(x), atol=1e-6)


def test_old_files_and_half_precision_are_read(model):
    """Layers that are called linear1 and linear2; no activation is linear, to the end."""
    one = net(activation=None).half()
    old = {
        key.replace("linear.0", "linear1").replace("linear.1", "linear2"): value
        for key, value in one.state_dict().items()
    }
    read = read_pickled(opened(saved({WIDTH: [old, old]})))
    check(read, model)
    assert (read.activation, read.activate_output) == ("linear", True)
    assert torch.equal(read.nets[f"{WIDTH}.1.linear.1.weight"], one.linear[1].weight.detach())


def test_safetensors_say_their_activation_in_the_metadata(model):
    """And without it are linear, as Atelier itself writes them."""
    tensors = {f"{WIDTH}.{i}.{k}": v for i in (0, 1) for k, v in net().state_dict().items()}
    read = read_tensors(tensors, {"activation_func": "ReLU", "activate_output": "True"})
    check(read, model)
    assert (read.activation, read.activate_output) == ("relu", True)
    assert read_tensors(tensors, {}).activation == "linear"


def refusal(model, data):
    with pytest.raises(InvalidInput) as refused:
        check(read_pickled(opened(data)), model)
    return str(refused.value)


def test_what_does_not_fit_is_refused_by_name(model):
    """Other widths, other shapes, half a net, unknown activations, values that are no numbers."""
    assert "layers 16 wide; those of the model that runs here are 8" in refusal(
        model, file_of(net(16), net(16), width=16)
    )
    assert "do not fit one another" in refusal(model, file_of(net(16), net(16)))
    half = net().state_dict()
    del half["linear.2.weight"]
    assert "one is missing" in refusal(model, saved({WIDTH: (half, half)}))
    assert "“softmax” is not known" in refusal(
        model, file_of(net(), net(), activation_func="softmax")
    )
    broken = net()
    broken.linear[0].bias.data[0] = float("nan")
    assert "no numbers" in refusal(model, file_of(broken, net()))


@pytest.mark.parametrize(
    "value",
    [
        {"string_to_param": {"*": torch.ones(1, 768)}},
        {WIDTH: (torch.ones(2), torch.ones(2))},
        {WIDTH: ({"conv.weight": torch.ones(2, 2)}, {})},
        {WIDTH: ()},
        [1, 2],
        {},
    ],
)
def test_other_pickled_files_are_no_hypernetworks(model, value):
    """Embeddings, checkpoints, and what only looks like one."""
    assert "no hypernetwork" in refusal(model, saved(value))


def test_a_number_in_the_place_of_a_layer_is_damage(model):
    """It has the name of a layer's weight and is none."""
    assert "should be a tensor" in refusal(model, saved({WIDTH: ({"linear.0.weight": 3}, {})}))


def test_tensors_that_share_bytes_cannot_fill_the_memory(model):
    """A small file that tells of the same numbers again and again, or of a row without end."""
    wide = torch.ones(WIDTH).expand(10**9, WIDTH)
    assert "more numbers than it holds" in refusal(
        model, saved({WIDTH: ({"linear.0.weight": wide}, {})})
    )
    same = torch.ones(64, WIDTH)
    many = {f"linear.{index}.weight": same for index in range(200)}
    assert "more numbers than it holds" in refusal(model, saved({WIDTH: (many, many)}))


def test_tensors_outside_of_their_bytes_are_refused(model):
    """A file whose list of contents promises more than an entry holds."""
    data = saved({WIDTH: ({"linear.0.weight": torch.ones(4, WIDTH)}, {}), "pad": torch.ones(999)})
    shape = b"K\x04K\x08\x86"
    assert data.count(shape) == 1
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info).replace(shape, b"K\x09K\x08\x86"))
    assert "outside of its own bytes" in refusal(model, buffer.getvalue())
