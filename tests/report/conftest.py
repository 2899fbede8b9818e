"""A browser for the tests that look at the page as a reader would."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the Chromium of this machine; ``NEURASHED_REQUIRE_BROWSER=1`` insists on one.

    Yields:
        The browser.
    """
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        complaint = f"none of {_NAMES} is installed"
        if os.environ.get("NEURASHED_REQUIRE_BROWSER") == "1":
            pytest.fail(complaint)
        pytest.skip(complaint)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()
