from pathlib import Path

import pytest
import torch
from torch import nn

from neurashed.errors import InputError, StoreError
from neurashed.training import State, load_checkpoint, load_weights, save_checkpoint, save_weights

STATE = State(12, 1.0 / 3.0, 0.1 + 0.2, 0.75, None, 0.0)


def test_state_and_weights_come_back_to_the_bit(tmp_path: Path):
    saved, loaded = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    saved(torch.arange(6.0).reshape(3, 2))
    save_checkpoint(tmp_path / "run.safetensors", saved, STATE)
    assert load_checkpoint(tmp_path / "run.safetensors", loaded) == STATE
    for name, value in saved.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


def test_a_checkpoint_is_also_a_file_of_weights(tmp_path: Path):
    saved, loaded = nn.Linear(2, 1), nn.Linear(2, 1)
    save_checkpoint(tmp_path / "run.safetensors", saved, STATE)
    load_weights(loaded, tmp_path / "run.safetensors")
    assert torch.equal(saved.weight, loaded.weight)


def test_what_is_no_checkpoint_is_told(tmp_path: Path):
    model = nn.Linear(2, 1)
    with pytest.raises(StoreError, match=r"cannot read a checkpoint from .*none\.safetensors"):
        load_checkpoint(tmp_path / "none.safetensors", model)
    (tmp_path / "half.safetensors").write_bytes(b"\x10")
    with pytest.raises(StoreError, match="give a file that is whole"):
        load_checkpoint(tmp_path / "half.safetensors", model)
    save_weights(model, tmp_path / "weights.safetensors")
    with pytest.raises(StoreError, match="holds weights and no state of training; use load_weigh"):
        load_checkpoint(tmp_path / "weights.safetensors", model)


def test_a_model_of_another_form_is_refused(tmp_path: Path):
    save_checkpoint(tmp_path / "run.safetensors", nn.Linear(2, 1), STATE)
    with pytest.raises(InputError, match=r"weight \(1, 2\) for \(1, 3\)"):
        load_checkpoint(tmp_path / "run.safetensors", nn.Linear(3, 1))
