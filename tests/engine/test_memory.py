"""Budgets are read, and what is no budget is refused."""

import pytest
import torch

from neurashed.engine import memory as memory_module
from neurashed.engine.memory import parse_memory
from neurashed.errors import InputError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2 * 10**9), ("2gb", 2 * 10**9), (" 512 MiB ", 512 * 2**20), ("1.5G", 15 * 10**8),
        ("40000K", 4 * 10**7), ("1TiB", 2**40), ("20000000", 2 * 10**7), (2 * 10**7, 2 * 10**7),
    ],
)  # fmt: skip
def test_sizes(text: str | int, size: int):
    assert parse_memory(text, CPU) == size


@pytest.mark.parametrize("text", ["", "much", "2 GB of it", "-1GB", "2GG", "1e9"])
def test_what_is_no_size(text: str):
    with pytest.raises(InputError, match=r"memory is '.*'; give a size such as '2GB', '500MB'"):
        parse_memory(text, CPU)


@pytest.mark.parametrize("size", ["15MB", "0", 0, -5])
def test_what_is_too_small(size: str | int):
    with pytest.raises(InputError, match=rf"memory is {size}; give at least 16MB"):
        parse_memory(size, CPU)


def test_the_default_is_a_quarter_of_what_is_free(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory_module, "_available_in_system", lambda: 8 * 10**9)
    monkeypatch.setattr(memory_module, "_left_in_control_group", lambda: None)
    assert parse_memory(None, CPU) == 2 * 10**9
    monkeypatch.setattr(memory_module, "_left_in_control_group", lambda: 4 * 10**9)
    assert parse_memory(None, CPU) == 10**9
    monkeypatch.setattr(memory_module, "_left_in_control_group", lambda: 0)
    assert parse_memory(None, CPU) == 16 * 10**6
