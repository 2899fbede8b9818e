"""Fixtures and settings shared by all tests."""

import os

import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("neurashed", deadline=None, derandomize=True)
hypothesis.settings.load_profile("neurashed")


def pytest_configure(config: pytest.Config) -> None:
    """Let through what PyTorch says of a convolution in the zoo that pads one side more."""
    config.addinivalue_line(
        "filterwarnings", "ignore:Using padding='same' with even kernel lengths:UserWarning"
    )


@pytest.fixture(scope="session", autouse=True)
def _single_thread() -> None:
    """Same numbers on every machine, and no quarrel between workers."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Return where engine tests run: ``NEURASHED_TEST_DEVICE``, or the processor."""
    return torch.device(os.environ.get("NEURASHED_TEST_DEVICE", "cpu"))


@pytest.fixture(scope="session")
def dtype() -> torch.dtype:
    """Return the precision of engine tests: ``NEURASHED_TEST_DTYPE``, or float64."""
    return getattr(torch, os.environ.get("NEURASHED_TEST_DTYPE", "float64"))


@pytest.fixture
def generator() -> torch.Generator:
    """Return a fresh generator with a fixed seed."""
    return torch.Generator().manual_seed(0)
