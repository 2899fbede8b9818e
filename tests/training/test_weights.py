from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from neurashed.errors import InputError, StoreError
from neurashed.training import load_weights, save_weights


class Tied(nn.Module):
    """An embedding and a decoder that share one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.norm = nn.BatchNorm1d(3)
        self.decoder = nn.Linear(3, 5, bias=False)
        self.decoder.weight = self.embedding.weight


def make_model(fill: float | None = None) -> nn.Sequential:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    if fill is not None:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(fill)
    return model


def assert_same(first: nn.Module, second: nn.Module) -> None:
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


def test_what_is_saved_is_read_back(tmp_path: Path):
    saved, loaded = make_model(), make_model()
    save_weights(saved, tmp_path / "new folder" / "w.safetensors")
    load_weights(loaded, tmp_path / "new folder" / "w.safetensors")
    assert_same(saved, loaded)


def test_shared_weights_are_written_once_and_stay_shared(tmp_path: Path):
    saved, loaded = Tied(), Tied()
    saved.norm.running_mean.fill_(3.0)
    save_weights(saved, tmp_path / "w.safetensors")
    load_weights(loaded, tmp_path / "w.safetensors")
    assert "decoder.weight" not in load_file(tmp_path / "w.safetensors")
    assert_same(saved, loaded)
    assert loaded.decoder.weight is loaded.embedding.weight


def test_views_of_one_memory_are_written_each(tmp_path: Path):
    model = make_model()
    memory = torch.arange(6.0)
    model[0].weight.data = memory.view(2, 3).T
    model[2].weight.data = memory[:3].view(1, 3)
    save_weights(model, tmp_path / "w.safetensors")
    loaded = make_model()
    load_weights(loaded, tmp_path / "w.safetensors")
    assert_same(model, loaded)


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "w.safetensors"
    save_weights(make_model(1.0), path)

    def fail(tensors: dict[str, Tensor], file: Path, metadata: dict[str, str]) -> None:
        file.write_bytes(b"half")
        raise OSError(len(tensors), metadata)

    monkeypatch.setattr("neurashed.training.weights.save_file", fail)
    with pytest.raises(OSError, match="4"):
        save_weights(make_model(2.0), path)
    assert list(tmp_path.iterdir()) == [path]
    loaded = make_model()
    load_weights(loaded, path)
    assert_same(loaded, make_model(1.0))


WRAPPED = {
    "plain": lambda weights: weights,
    "state_dict": lambda weights: {"state_dict": weights, "epoch": 3},
    "model": lambda weights: {"model": weights, "optimizer": {"state": {}}},
    "data parallel": lambda weights: {f"module.{name}": each for name, each in weights.items()},
    "compiled": lambda weights: {f"_orig_mod.{name}": each for name, each in weights.items()},
    "both": lambda weights: {
        "model_state_dict": {f"module.model.{name}": each for name, each in weights.items()}
    },
}


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt"])
@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_files_of_torch_are_read_in_their_usual_wrappings(
    tmp_path: Path, wrap: object, suffix: str
):
    saved, loaded = make_model(), make_model()
    torch.save(wrap(saved.state_dict()), tmp_path / f"w{suffix}")
    load_weights(loaded, tmp_path / f"w{suffix}")
    assert_same(saved, loaded)


def test_a_model_whose_own_names_begin_like_a_wrapper_keeps_them(tmp_path: Path):
    saved, loaded = (nn.ModuleDict({"model": nn.Linear(2, 1)}) for _ in range(2))
    save_weights(saved, tmp_path / "w.safetensors")
    load_weights(loaded, tmp_path / "w.safetensors")
    assert_same(saved, loaded)


def test_weights_that_do_not_fit_are_listed_and_nothing_is_loaded(tmp_path: Path):
    weights = make_model().state_dict()
    weights["0.weight"] = torch.zeros(4, 2)
    weights["extra"] = weights.pop("2.bias")
    save_file(weights, tmp_path / "w.safetensors")
    model = make_model(7.0)
    with pytest.raises(InputError) as caught:
        load_weights(model, tmp_path / "w.safetensors")
    message = str(caught.value)
    assert "1 missing from the file: 2.bias" in message
    assert "1 not in the model: extra" in message
    assert "1 of another shape: 0.weight (4, 2) for (3, 2)" in message
    assert "build the model with the sizes it was trained with" in message
    assert_same(model, make_model(7.0))


def test_a_long_list_is_cut(tmp_path: Path):
    save_file({f"w{i}": torch.zeros(1) for i in range(20)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"20 not in the model: w0, w1, .* and 12 more"):
        load_weights(make_model(), tmp_path / "w.safetensors")


def test_shared_weights_that_differ_in_the_file_are_refused(tmp_path: Path):
    weights = {**Tied().state_dict(), "decoder.weight": torch.zeros(5, 3)}
    save_file(weights, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"one tensor .*: embedding\.weight and decoder\.weight"):
        load_weights(Tied(), tmp_path / "w.safetensors")


class Payload:
    """Would leave a file behind if it were ever unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.trace,)


def test_nothing_is_ever_unpickled(tmp_path: Path):
    torch.save({"state_dict": Payload(tmp_path / "trace")}, tmp_path / "w.pt")
    with pytest.raises(StoreError, match=r"cannot be read as weights alone.*never unpickled here"):
        load_weights(make_model(), tmp_path / "w.pt")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_damaged_file_is_told(tmp_path: Path, name: str):
    path = tmp_path / name
    if name == "w.pt":
        torch.save(make_model().state_dict(), path)
    else:
        save_weights(make_model(), path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(StoreError, match=r"damaged|not a whole safetensors file"):
        load_weights(make_model(), path)


def test_what_is_no_file_of_weights_is_told(tmp_path: Path):
    with pytest.raises(InputError, match=r"there is no file .*missing\.pt"):
        load_weights(make_model(), tmp_path / "missing.pt")
    (tmp_path / "w.npz").touch()
    with pytest.raises(InputError, match=r"ends in \.npz; weights are read from \.safetensors, "):
        load_weights(make_model(), tmp_path / "w.npz")
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    with pytest.raises(StoreError, match="holds a list; it should hold tensors by name"):
        load_weights(make_model(), tmp_path / "list.pt")
    torch.save({"epoch": 3}, tmp_path / "keys.pt")
    with pytest.raises(StoreError, match="holds the keys 'epoch'; it should hold tensors"):
        load_weights(make_model(), tmp_path / "keys.pt")


def test_precision_and_device_are_those_of_the_model(tmp_path: Path):
    save_weights(make_model().double(), tmp_path / "w.safetensors")
    model = make_model()
    load_weights(model, tmp_path / "w.safetensors")
    assert model[0].weight.dtype == torch.float32
