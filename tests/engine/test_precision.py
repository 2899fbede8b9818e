"""Settings of precision are those of the process, and threads share them."""

import threading
from collections.abc import Iterator

import pytest
import torch

from neurashed.engine.precision import full_precision


@pytest.fixture(autouse=True)
def _coarse() -> Iterator[None]:
    former = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    with torch.backends.cudnn.flags(allow_tf32=True):
        yield
    torch.set_float32_matmul_precision(former)


def settings() -> tuple[str, bool]:
    return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32


def test_changed_while_it_lasts_and_put_back():
    with full_precision():
        assert settings() == ("highest", False)
        with full_precision():
            assert settings() == ("highest", False)
        assert settings() == ("highest", False)
    assert settings() == ("medium", True)


def test_put_back_after_an_error():
    with pytest.raises(KeyError), full_precision():
        raise KeyError
    assert settings() == ("medium", True)


def test_one_thread_does_not_put_back_what_another_needs():
    entered, may_leave = threading.Event(), threading.Event()

    def stay() -> None:
        with full_precision():
            entered.set()
            may_leave.wait()

    other = threading.Thread(target=stay)
    with full_precision():
        other.start()
        entered.wait()
    found = settings()
    may_leave.set()
    other.join()
    assert found == ("highest", False)
    assert settings() == ("medium", True)
