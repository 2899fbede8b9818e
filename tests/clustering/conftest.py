"""Fixtures of the tests of clustering."""

import jaxtyping
import pytest


@pytest.fixture
def unchecked_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let wrong types through to our own errors, as they get there outside of tests."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
