"""Settings of the tests of large jobs."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: what is written outlives a process, and no power is cut here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
