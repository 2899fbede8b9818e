import numpy as np
from result_cases import make_result, random_result

from neurashed.report.tables import build_class_tables


def test_there_is_a_table_for_each_statistic_and_label() -> None:
    tables = build_class_tables(random_result())
    assert [(one.labels, one.statistic) for one in tables] == [
        (labels, statistic)
        for labels in ("label", "fine_label")
        for statistic in ("median", "ratio_of_means", "mean")
    ]


def test_a_ratio_of_means_needs_denominators() -> None:
    tables = build_class_tables(random_result().drop_vars("self_response"))
    assert {one.statistic for one in tables} == {"median", "mean"}


def test_cells_hold_values_with_common_decimals() -> None:
    values = np.array([[1, 20.0, 0.25, 3], [10.0, 1, 3, 3], [3, 3, 1, 7], [3, 3, 7, 1]])
    table = build_class_tables(make_result(values, ["a", "a", "b", "b"]))[0]
    assert [[cell.text for cell in row] for row in table.rows] == [["15.0", "3.0"], ["3.0", "7.0"]]
    assert table.rows[0][0].note.startswith("15, 95 % interval 1")
    assert table.rows[0][0].note.endswith("2 pairs")
    assert table.rows[0][0].is_dark is False
    assert table.rows[0][1].is_dark is True


def test_a_class_of_one_has_no_interval_and_no_value_with_itself() -> None:
    table = build_class_tables(make_result(np.ones((3, 3)), ["a", "a", "b"]))[0]
    assert table.rows[1][1].text == "undefined"
    assert not table.rows[1][1].background
    assert table.rows[1][0].text == "1.00"
    assert not table.rows[1][0].interval
    assert "interval" not in table.rows[1][0].note
    assert "nan" not in str(table)


def test_without_labels_there_is_no_table() -> None:
    labels = [f"{axis}_{kind}" for axis in ("source", "probe") for kind in ("label", "fine_label")]
    assert build_class_tables(random_result().drop_vars(labels)) == []
