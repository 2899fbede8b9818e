"""How much work a page is for a browser, whatever else the machine does."""

from pathlib import Path

from playwright.sync_api import Browser


def count_seconds(browser: Browser, path: Path) -> float:
    """Return the processor time, in seconds, until a file is ready in a fresh page.

    On a machine with nothing else to do it is ready after about as long. The less of two counts: a
    crowded machine makes the same work longer.
    """
    return min(_count_once(browser, path) for _ in range(2))


def _count_once(browser: Browser, path: Path) -> float:
    page = browser.new_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    metrics = session.send("Performance.getMetrics")["metrics"]
    page.close()
    return next(one["value"] for one in metrics if one["name"] == "ProcessTime")
