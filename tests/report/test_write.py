import json
import re
from pathlib import Path

import numpy as np
import pytest
from result_cases import make_result, random_result

from neurashed.errors import InputError, StoreError
from neurashed.report import write_report, write_run_report
from neurashed.results import RunFolder

HOSTILE = "<script>alert(1)</script>"


def _read_data(html: str) -> dict:
    (text,) = re.findall(r'<script type="application/json" id="page-data">(.*?)</script>', html)
    return json.loads(text)


def test_the_file_is_where_it_says(tmp_path: Path) -> None:
    path = write_report(random_result(), tmp_path / "new folder" / "report.html", title="Mine")
    html = path.read_text(encoding="utf-8")
    assert "<h1>Mine</h1>" in html
    assert "Relative elasticity of 12 sources and 12 probes" in html


def test_the_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    html = write_report(random_result(), tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!#|data:)', html)
    assert not re.findall(r"url\((?!#)", html)
    assert "://" not in html


def test_comparisons_stand_beside_the_result(tmp_path: Path) -> None:
    comparisons = {"linear network": random_result(1)}
    path = write_report(random_result(), tmp_path / "report.html", comparisons=comparisons)
    html = path.read_text(encoding="utf-8")
    names = [row["name"] for row in _read_data(html)["strengths"]]
    assert names == ["this network", "linear network"]
    assert '<th scope="row">linear network</th>' in html


def test_another_measure_is_shown_but_not_held_against_the_result(tmp_path: Path) -> None:
    kernel = random_result(1).assign_attrs(long_name="tangent kernel")
    path = write_report(random_result(), tmp_path / "report.html", comparisons={"kernel": kernel})
    html = path.read_text(encoding="utf-8")
    assert "kernel <small>tangent kernel</small>" in html
    assert "every comparison" not in html.split("</style>")[1].split("<figure>")[0]


def test_no_text_becomes_markup(tmp_path: Path) -> None:
    result = make_result(np.eye(4), [HOSTILE, HOSTILE, "b", "b"])
    result.attrs["provenance"] = {"note": HOSTILE}
    path = write_report(
        result, tmp_path / "report.html", comparisons={HOSTILE: result}, title=HOSTILE
    )
    html = path.read_text(encoding="utf-8")
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert _read_data(html)["examples"]["sources"]["labels"]["names"][0] == HOSTILE


def test_the_first_order_is_the_default(tmp_path: Path) -> None:
    html = write_report(random_result(), tmp_path / "report.html").read_text(encoding="utf-8")
    orders = list(_read_data(html)["examples"]["map"]["orders"])
    assert orders == ["class", "fine_class", "similarity", "given"]


def test_a_result_with_more_dimensions_is_refused(tmp_path: Path) -> None:
    result = random_result().expand_dims(layer=2)
    with pytest.raises(InputError, match=r"this network has dimensions \{'layer': 2"):
        write_report(result, tmp_path / "report.html")


def test_a_folder_as_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder; give the path of a file, such as .*html"):
        write_report(random_result(), tmp_path)


def test_a_run_shows_its_main_result_against_the_others(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", settings={"lr": 0.1})
    run.add_result("trained", random_result(0))
    run.add_result("linear_network", random_result(1))
    path = write_run_report(tmp_path / "run")
    assert path == tmp_path / "run" / "report.html"
    names = [row["name"] for row in _read_data(path.read_text(encoding="utf-8"))["strengths"]]
    assert names == ["trained", "linear network"]
    other = write_run_report(tmp_path / "run", tmp_path / "elsewhere.html")
    assert other.exists()


def test_a_lone_result_of_a_run_is_this_network(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", settings={}).add_result("relative", random_result(0))
    html = write_run_report(tmp_path / "run").read_text(encoding="utf-8")
    assert [row["name"] for row in _read_data(html)["strengths"]] == ["this network"]


def test_a_comparison_may_not_take_the_name_of_the_result(tmp_path: Path) -> None:
    comparisons = {"this network": random_result(1)}
    with pytest.raises(InputError, match="a comparison is named 'this network'"):
        write_report(random_result(), tmp_path / "report.html", comparisons=comparisons)


def test_a_run_without_results_is_refused(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", settings={})
    with pytest.raises(StoreError, match="holds a run without results"):
        write_run_report(tmp_path / "run")


def test_more_examples_than_the_heat_map_holds_are_explored_by_their_top_probes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("examples", "write"):
        monkeypatch.setattr(f"neurashed.report.{module}.MOST_EXAMPLES", 8)
    monkeypatch.setattr("neurashed.report.write._NUM_TOP_PROBES", 5)
    path = write_report(random_result(), tmp_path / "report.html")
    html = path.read_text(encoding="utf-8")
    assert "Any of the 12 sources can be picked; of its probes, the\n    5 that" in html
    assert "The heat map shows 8 of 12 sources and 8 of 12 probes" in html
    assert _read_data(html)["examples"]["ranked"]["places"]["shape"] == [12, 5]
