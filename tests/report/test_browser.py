"""The page as a reader meets it: in a browser, from disk."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from page_time import count_seconds
from playwright.sync_api import Browser, Page, expect
from result_cases import make_result, random_result

from neurashed.report import write_report
from neurashed.results import AxisLabels, label_elasticity, nearest_probes

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert(1)</script>"
# Plotly would take this for markup of its own.
BOLD = "<b>bold</b> &amp;"
READY = "html[data-ready]"
PLOT_AREA = "#heat-map .nsewdrag"


class Reader:
    """A page with a record of everything that a reader should never see."""

    def __init__(self, browser: Browser, **settings: object) -> None:
        self.context = browser.new_context(**settings)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path, fragment: str = "") -> Page:
        """Return a page that is opened from disk and whose charts are drawn."""
        self.page.goto(path.as_uri() + fragment)
        self.page.wait_for_selector(READY, state="attached")
        return self.page


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    """Give a reader to a test; afterwards, nothing may have gone wrong on the page.

    Yields:
        The reader.
    """
    reader = Reader(browser, viewport={"width": 1280, "height": 900})
    yield reader
    reader.context.close()
    assert reader.complaints == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report of twelve examples in three classes, one value undefined."""
    result = random_result()
    result[0, 1] = np.nan
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_report(result, path, comparisons={"linear network": random_result(1)})


def _shown_probes(page: Page) -> list[str]:
    return page.locator("#probes > li").evaluate_all("items => items.map(one => one.dataset.probe)")


def _at_cell(page: Page, row: int, column: int, num_cells: int) -> dict[str, float]:
    """Return where a cell of the square heat map lies, within its plot area."""
    box = page.locator(PLOT_AREA).bounding_box()
    assert box is not None
    return {
        "x": (column + 0.5) * box["width"] / num_cells,
        "y": (row + 0.5) * box["height"] / num_cells,
    }


def test_opens_from_disk_without_a_request(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    expect(page.locator("#strength-chart .points path")).to_have_count(2)
    expect(page.locator("#distribution-chart .subplot")).to_have_count(2)
    expect(page.locator("#heat-map .hm image")).to_have_count(1)
    assert reader.requests == [report.as_uri()]


def test_probes_are_sorted_by_response(reader: Reader, report: Path) -> None:
    result = random_result()
    result[0, 1] = np.nan
    page = reader.open(report, "#source=x0")
    wanted = nearest_probes(result, "x0", 11)["probe"].values.tolist()
    assert _shown_probes(page) == [*wanted, "x1"]
    expect(page.locator("#probes > li").last).to_contain_text("undefined")
    expect(page.locator("#probes > li canvas")).to_have_count(11)
    page.select_option("#sort", "smallest")
    assert _shown_probes(page) == [*wanted[::-1], "x1"]


def test_click_picks_the_source_of_the_row(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#order=given")
    before = _shown_probes(page)
    page.locator(PLOT_AREA).hover(position=_at_cell(page, 0, 0, 12))
    # A click as short as none at all comes before Plotly knows where the pointer is.
    page.locator(PLOT_AREA).click(position=_at_cell(page, 7, 3, 12), delay=100)
    expect(page.locator("#source")).to_contain_text("id x7")
    assert "source=x7" in page.url
    assert _shown_probes(page) != before


def test_arrow_keys_step_through_the_sources(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#order=given&source=x3")
    before = _shown_probes(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#source")).to_contain_text("id x4")
    assert _shown_probes(page) != before
    page.locator("#heat-map").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#source")).to_contain_text("id x3")
    assert _shown_probes(page) == before
    expect(page.locator("#announcement")).to_contain_text("Source x3")
    page.locator("#search").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#source")).to_contain_text("id x3")
    page.get_by_role("button", name="Previous source").click()
    expect(page.locator("#source")).to_contain_text("id x2")


def test_search_finds_ids_then_labels_then_texts(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    matches = page.locator("#matches button")
    page.fill("#search", "X1")
    assert [text.split(",")[0] for text in matches.all_inner_texts()] == ["x1", "x10", "x11"]
    page.fill("#search", "class 1")
    assert [text.split(",")[0] for text in matches.all_inner_texts()] == ["x1", "x4", "x7", "x10"]
    page.fill("#search", "text 5")
    matches.first.click()
    expect(page.locator("#source")).to_contain_text("id x5")
    page.fill("#search", "nothing like it")
    expect(page.locator("#matches")).to_have_text("No source matches.")


def test_a_probe_is_made_the_source(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#source=x3")
    first = _shown_probes(page)[0]
    page.locator("#probes > li").first.hover()
    page.get_by_role("button", name=f"Step on {first}").click()
    expect(page.locator("#source")).to_contain_text(f"id {first}")
    assert f"source={first}" in page.url


def test_a_near_duplicate_is_made_the_source(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#order=similarity")
    link = page.locator("#look-alikes .pairs a").first
    name = link.inner_text()
    link.click()
    expect(page.locator("#source")).to_contain_text(f"id {name}")
    expect(page.locator("#source")).to_be_in_viewport()
    assert "order=similarity" in page.url


def test_a_link_restores_the_view(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    page.select_option("#order", "similarity")
    page.select_option("#sort", "smallest")
    page.select_option("#elastic [data-choice=statistic]", "mean")
    page.fill("#search", "x5")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.get_by_role("button", name="See all")).to_be_visible()
    link, zoom = page.url, page.evaluate("document.getElementById('heat-map').layout.xaxis.range")
    probes = _shown_probes(page)

    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector(READY, state="attached")
    assert page.url == link
    assert _shown_probes(page) == probes
    expect(page.locator("#source")).to_contain_text("id x5")
    expect(page.locator("#order")).to_have_value("similarity")
    expect(page.locator("#classes [data-choice=statistic]")).to_have_value("mean")
    restored = page.evaluate("document.getElementById('heat-map').layout.xaxis.range")
    assert restored == pytest.approx(zoom, abs=0.06)


def test_a_link_with_nonsense_opens_the_default_view(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#source=nobody&order=%22]&statistic=%22]&zoom=1,2&sort=x")
    expect(page.locator("#order")).to_have_value("class")
    expect(page.locator("#source")).to_contain_text("id x0")


def test_links_inside_the_page_keep_the_view(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#source=x5")
    page.get_by_role("link", name="Provenance").click()
    assert "source=x5" in page.url
    expect(page.locator("#provenance")).to_be_in_viewport()


def test_hovering_shows_value_and_examples(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#order=given")
    page.locator(PLOT_AREA).hover(position=_at_cell(page, 5, 5, 12))
    page.locator(PLOT_AREA).hover(position=_at_cell(page, 0, 1, 12))
    tip = page.locator("#tip")
    expect(tip).to_contain_text("relative elasticity: undefined")
    expect(tip).to_contain_text("id x0")
    expect(tip).to_contain_text("id x1")
    expect(tip.locator("canvas")).to_have_count(2)


def test_class_table_changes_with_its_choices(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    tables = page.locator("#classes [data-statistic]")
    expect(tables.locator("visible=true").locator("caption")).to_contain_text("Median")
    page.select_option("#classes [data-choice=statistic]", "ratio_of_means")
    page.select_option("#classes [data-choice=labels]", "fine_label")
    shown = tables.locator("visible=true")
    expect(shown.locator("caption")).to_contain_text("Ratio of means")
    expect(shown.locator("tbody tr")).to_have_count(6)


def test_hostile_labels_stay_text(reader: Reader, tmp_path: Path) -> None:
    axis = AxisLabels(
        ids=np.array([HOSTILE, "</script><img src=x onerror=alert(2)>", "2", "3"]),
        labels=np.array([HOSTILE, HOSTILE, BOLD, BOLD]),
        texts=np.array([HOSTILE] * 4),
    )
    result = label_elasticity(
        np.random.default_rng(0).random((4, 4)),
        sources=axis,
        probes=axis,
        name="relative",
        units="1",
        provenance={"note": HOSTILE},
    )
    path = write_report(
        result, tmp_path / "report.html", comparisons={HOSTILE + BOLD: result}, title=HOSTILE
    )
    page = reader.open(path)
    page.keyboard.press("ArrowRight")
    page.fill("#search", "script")
    expect(page.locator("#matches button").first).to_contain_text(HOSTILE)
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.locator("#source")).to_contain_text(HOSTILE)
    expect(page.locator("#probes")).to_contain_text(BOLD)
    expect(page.locator("#strength-chart")).to_contain_text(HOSTILE + BOLD)
    expect(page.locator("#distribution-chart")).to_contain_text(HOSTILE + BOLD)
    expect(page.locator("#heat-map .ytick").last).to_contain_text("<script>alert… · </script>")
    assert page.locator("b, img, script:not([id]):not([type])").count() <= 1


def test_theme_follows_the_system_and_the_reader(browser: Browser, report: Path) -> None:
    reader = Reader(browser, color_scheme="dark")
    page = reader.open(report)

    def brightness() -> float:
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return float(np.mean([int(one) for one in color[4:-1].split(",")]))

    def tick_color() -> str:
        return page.locator("#heat-map .ytick text").first.evaluate("one => one.style.fill")

    assert brightness() < 60
    dark_ticks = tick_color()
    page.get_by_role("button", name="Switch to light colours").click()
    assert brightness() > 200
    page.wait_for_function(
        "dark => document.querySelector('#heat-map .ytick text').style.fill !== dark",
        arg=dark_ticks,
    )
    page.reload()
    page.wait_for_selector(READY, state="attached")
    assert brightness() > 200
    assert reader.complaints == []
    reader.context.close()


def test_a_narrow_touch_screen_picks_by_tap_and_needs_no_sideways_scrolling(
    browser: Browser, report: Path
) -> None:
    reader = Reader(browser, viewport={"width": 420, "height": 900}, has_touch=True, is_mobile=True)
    page = reader.open(report, "#order=given")
    page.locator(PLOT_AREA).scroll_into_view_if_needed()
    page.locator(PLOT_AREA).tap(position=_at_cell(page, 7, 3, 12))
    expect(page.locator("#source")).to_contain_text("id x7")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    assert reader.complaints == []
    reader.context.close()


def test_unlabelled_examples_with_texts_can_be_explored(reader: Reader, tmp_path: Path) -> None:
    result = make_result(np.random.default_rng(0).normal(size=(3, 5)), list("abc"), list("abcde"))
    kept = {"source", "probe", "source_text", "probe_text"}
    path = write_report(result.drop_vars(set(result.coords) - kept), tmp_path / "report.html")
    page = reader.open(path)
    expect(page.locator(".verdict")).to_have_text("Cannot tell without labels.")
    expect(page.locator("#probes > li")).to_have_count(5)
    expect(page.locator("#probes > li").first).to_contain_text("text")
    expect(page.locator("#sort")).to_have_value("magnitude")


def test_without_scripts_the_tables_are_there(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.locator("#elastic table").first).to_contain_text("linear network")
    expect(page.locator("#classes table").first).to_be_visible()
    context.close()


def _write_large_report(path: Path) -> Path:
    generator = np.random.default_rng(0)
    labels = [f"class {number % 10}" for number in range(1_000)]
    axis = AxisLabels(
        ids=np.arange(1_000),
        labels=np.array(labels),
        thumbnails=generator.integers(0, 256, (1_000, 32, 32, 3), dtype=np.uint8),
    )
    values = generator.random((1_000, 1_000), dtype=np.float32)
    result = label_elasticity(
        values, sources=axis, probes=axis, name="relative", units="1", provenance={}
    )
    return write_report(result, path)


def test_a_thousand_examples_stay_small_and_open_fast(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Intervals take their time, and neither size nor speed of the page depends on them.
    monkeypatch.setattr("neurashed.report.tables._NUM_BOOTSTRAP", 2)
    monkeypatch.setattr("neurashed.report.summary._NUM_BOOTSTRAP", 2)
    path = _write_large_report(tmp_path / "report.html")
    assert path.stat().st_size < 15e6
    assert count_seconds(browser, path) < 3.0
    reader = Reader(browser)
    reader.open(path)
    assert reader.complaints == []
    reader.context.close()
