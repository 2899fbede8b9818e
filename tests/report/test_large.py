"""The page of a result larger than memory, of which a sample and the top probes are read."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from page_time import count_seconds
from playwright.sync_api import Browser, Page, expect
from xarray.backends import BackendArray
from xarray.core import indexing

from neurashed.report import write_report, write_run_report
from neurashed.results import (
    AxisLabels,
    ClassSums,
    RunFolder,
    draw_sample,
    iterate_blocks,
    label_elasticity,
    save_class_table,
    save_top_probes,
    top_probes,
)

NUM_EXAMPLES, NUM_RANKS, NUM_SAMPLED = 5_000, 12, 500
READY = "html[data-ready]"


class CountingMatrix(BackendArray):
    """A kernel that is computed where it is read, and counts its numbers."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows
        self.shape = (len(rows), len(rows))
        self.dtype = rows.dtype
        self.num_read = 0

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray:
        outer = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, outer, self._read)

    def _read(self, key: tuple) -> np.ndarray:
        values = self.rows[key[0]] @ self.rows[key[1]].T
        self.num_read += values.size
        return values


class Large:
    """A lazy result of images in ten classes, with its top probes."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        classes = generator.integers(10, size=NUM_EXAMPLES)
        patterns = generator.integers(0, 200, (10, 12, 12))
        noise = generator.integers(0, 56, (NUM_EXAMPLES, 12, 12))
        self.images = (patterns[classes] + noise).astype(np.uint8)
        self.axis = AxisLabels(
            ids=np.arange(NUM_EXAMPLES) + 10_000,
            labels=np.array([f"class {one}" for one in classes]),
            thumbnails=self.images,
        )
        rows = self.images.reshape(NUM_EXAMPLES, -1).astype(np.float32) / 256
        self.matrix = CountingMatrix(rows)
        template = label_elasticity(
            np.broadcast_to(np.float32(0), self.matrix.shape),
            sources=self.axis,
            probes=self.axis,
            name="tangent_kernel",
            units="1",
            provenance={"undefined": {"count": 7}},
        )
        lazy = indexing.LazilyIndexedArray(self.matrix)
        variable = xr.Variable(template.dims, lazy, template.attrs)
        self.result = xr.DataArray(variable, coords=template.coords, name=template.name)
        self.result.encoding["preferred_chunks"] = {"source": 512, "probe": 512}
        self.top = top_probes(self.result, NUM_RANKS)
        self.sampled = np.empty(0, int)

    def class_table(self) -> xr.Dataset:
        """Return the class table over all pairs."""
        sums = ClassSums(self.axis, self.axis)
        for block in iterate_blocks(self.result):
            sums.add(block.sources, block.probes, block.values)
        return sums.finish(name="tangent_kernel", units="1")


@pytest.fixture(scope="module")
def large() -> Large:
    return Large()


@pytest.fixture(scope="module")
def report(large: Large, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "report.html"
    with pytest.MonkeyPatch.context() as patch:
        # Intervals take their time, and nothing here depends on them.
        patch.setattr("neurashed.report.tables._NUM_BOOTSTRAP", 2)
        patch.setattr("neurashed.report.summary._NUM_BOOTSTRAP", 2)
        patch.setattr("neurashed.results.sampling._SAMPLE_SIZE", NUM_SAMPLED)
        tables = [large.class_table()]
        large.sampled = draw_sample(large.result).sources
        large.matrix.num_read = 0
        return write_report(large.result, path, top_probes=large.top, class_tables=tables)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a page to a test; afterwards, nothing may have gone wrong on it.

    Yields:
        The page.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def _open(page: Page, path: Path, fragment: str = "") -> Page:
    page.goto(path.as_uri() + fragment)
    page.wait_for_selector(READY, state="attached")
    return page


def _shown_probes(page: Page) -> list[int]:
    shown = page.locator("#probes > li").evaluate_all("all => all.map(one => one.dataset.probe)")
    return [int(one) for one in shown]


def test_only_the_diagonal_and_a_sample_are_read(large: Large, report: Path) -> None:
    assert report.exists()
    assert large.matrix.num_read <= NUM_SAMPLED**2 + 512 * NUM_EXAMPLES


def test_the_page_says_what_is_of_a_sample_and_what_is_of_all(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    assert "500 of 5,000 sources and 500 of 5,000 probes, drawn with seed 0" in html
    assert "Of the pairs of a sample: typical response within a class" in html
    assert "Over all 24,995,000 pairs the mean is" in html
    captions = [part.split("</span>")[0] for part in html.split("<caption><span>")[1:]]
    assert [one.split(", by")[0] for one in captions] == [
        "Mean over all pairs of different examples",
        "Median over the pairs of a sample",
    ]
    assert "7 of 25,000,000 values (0.00%) are undefined" in html
    assert "among\n      5,000 sources, by their 12 top probes" in html


@pytest.mark.browser
def test_any_source_is_found_and_shows_its_top_probes(
    large: Large, report: Path, page: Page
) -> None:
    _open(page, report)
    shown = page.locator("#classes [data-statistic] caption").locator("visible=true")
    expect(shown).to_contain_text("Mean over all pairs of different examples")
    for place in (4_321, 0, 4_999):
        page.fill("#search", str(10_000 + place))
        page.keyboard.press("Enter")
        expect(page.locator("#source")).to_contain_text(f"id {10_000 + place}")
        assert _shown_probes(page) == (large.top["place"].values[place] + 10_000).tolist()
        value = float(large.top["value"].values[place, 0])
        expect(page.locator("#probes > li").first).to_contain_text(f"{value:.4g}")
        own = float(large.matrix.rows[place] @ large.matrix.rows[place])
        expect(page.locator("#source")).to_contain_text(f"itself: {own:.4g}")
    expect(page.locator("#by-class")).to_contain_text("How many of its 12 top probes")


@pytest.mark.browser
def test_thumbnails_come_off_their_sheets_bit_for_bit(
    large: Large, report: Path, page: Page
) -> None:
    _open(page, report, "#source=14321")
    read = """canvas => {
      const { width, height } = canvas;
      return [...canvas.getContext("2d").getImageData(0, 0, width, height).data];
    }"""
    places = [4_321, *large.top["place"].values[4_321, :3].tolist()]
    canvases = page.locator("#source canvas, #probes canvas")
    for at, place in enumerate(places):
        for _ in range(40):  # sheets are decoded when they are first looked at
            pixels = np.array(canvases.nth(at).evaluate(read)).reshape(12, 12, 4)
            if np.array_equal(pixels[..., 0], large.images[place]):
                break
            page.wait_for_timeout(100)
        assert np.array_equal(pixels[..., 0], large.images[place])


@pytest.mark.browser
def test_next_random_and_labels_lead_to_sources(report: Path, page: Page) -> None:
    _open(page, report, "#source=14321")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#source")).to_contain_text("id 14322")
    page.get_by_role("button", name="Previous source").click()
    expect(page.locator("#source")).to_contain_text("id 14321")
    page.fill("#search", "class 3")
    expect(page.locator("#matches li")).to_have_count(13)
    for _ in range(3):
        page.get_by_role("button", name="Random").click()
        expect(page.locator("#source .label")).to_have_text("class 3")
    page.fill("#search", "")
    before = page.url
    page.get_by_role("button", name="Random").click()
    assert page.url != before


@pytest.mark.browser
def test_a_row_of_the_map_is_a_source_of_the_sample(large: Large, report: Path, page: Page) -> None:
    ids = [f"id {10_000 + place}" for place in large.sampled[:3]]
    _open(page, report, f"#source={ids[0].removeprefix('id ')}&order=given")
    plot = page.locator("#heat-map .nsewdrag")
    plot.hover(position={"x": 50, "y": 50})
    expect(page.locator("#tip")).to_contain_text("tangent kernel:")
    page.locator("#heat-map").focus()
    for wanted in ids[1:]:
        page.keyboard.press("ArrowDown")
        expect(page.locator("#source")).to_contain_text(wanted)
    expect(page.locator(".picked-row")).to_be_visible()
    # The next one in the data is not on the map.
    assert large.sampled[2] + 1 not in large.sampled
    page.get_by_role("button", name="Next source").click()
    expect(page.locator(".picked-row")).to_be_hidden()


@pytest.mark.browser
def test_it_opens_in_time(report: Path, browser: Browser) -> None:
    # The page of twelve times as many examples may take five seconds.
    assert count_seconds(browser, report) < 3.0


@pytest.mark.browser
def test_a_run_that_kept_top_probes_alone_can_be_explored(
    large: Large, tmp_path: Path, page: Page
) -> None:
    run = RunFolder.create(tmp_path / "run", settings={})
    save_top_probes(large.top, run.top_probes_path)
    _open(page, write_run_report(tmp_path / "run"), "#source=14321")
    assert _shown_probes(page) == (large.top["place"].values[4_321] + 10_000).tolist()
    expect(page.locator(".verdict")).to_have_text("Cannot tell from top probes alone.")
    expect(page.locator("#heat-map")).to_have_count(0)
    page.get_by_role("button", name="Next source").click()
    expect(page.locator("#source")).to_contain_text("id 14322")


def test_a_run_finds_the_top_probes_and_class_tables_beside_its_result(
    large: Large, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurashed.results.sampling._SAMPLE_SIZE", 50)
    monkeypatch.setattr("neurashed.results.sampling.is_large", lambda _: True)
    monkeypatch.setattr("neurashed.report.examples.MOST_EXAMPLES", 40)
    part = large.result[:100, :100].load()
    run = RunFolder.create(tmp_path / "run", settings={})
    run.add_result("tangent_kernel", part)
    save_top_probes(top_probes(part, 5), run.top_probes_path)
    save_class_table(large.class_table(), run.class_table_path)
    html = write_run_report(run.path).read_text(encoding="utf-8")
    assert "Any of the 100 sources can be picked" in html
    assert "Over all 24,995,000 pairs the mean is" in html
