import numpy as np
from result_cases import random_result

from neurashed.report.provenance import describe_provenance, find_cautions


def test_everything_the_provenance_holds_is_shown() -> None:
    result = random_result()
    result.attrs["provenance"] = {
        "measure": "relative",
        "update": {"lr": 0.1, "parameters": ["fc2.*", "fc3.*"]},
        "coverage": {"covered": 669185, "total": 669185, "frozen": []},
        "exact": True,
        "surprise": {"deep": {"deeper": 1}},
    }
    sections = {one.title: dict(one.rows) for one in describe_provenance(result)}
    assert sections["Measurement"] == {
        "measure": "relative",
        "update.lr": "0.1",
        "update.parameters": "fc2.*, fc3.*",
        "exact": "yes",
    }
    assert sections["Parameters covered"] == {
        "covered": "669,185",
        "total": "669,185",
    }
    assert sections["Further"] == {"deep.deeper": "1"}


def test_quantities_are_written_with_their_units_and_layers_as_a_table() -> None:
    result = random_result()
    layers = [
        {"name": "fc1", "kind": "linear", "num_parameters": 66_560, "operations": 52898560.0},
        {"name": "bn", "bytes": 486_200.0, "seconds": 0.00079906},
    ]
    plan = {
        "memory": 4_825_476_096,
        "share": 0.0,
        "layers": layers,
        "workload": {"by_layer": False},
    }
    tiles = {"count": 3, "seconds": {"writing": 0.6131327139992209}}
    result.attrs["provenance"] = {"method": plan, "tiles": tiles}
    (section,) = describe_provenance(result)
    assert section.rows == [
        ("method.memory", "4.83 GB"),
        ("method.share", "0"),
        ("method.workload.by layer", "no"),
        ("tiles.count", "3"),
        ("tiles.seconds.writing", "0.613"),
    ]
    (table,) = section.lists
    assert table.title == "layers"
    assert table.columns == ["name", "kind", "num parameters", "operations", "bytes", "seconds"]
    assert table.rows == [
        ["fc1", "linear", "66,560", "52.9 million", "", ""],
        ["bn", "", "", "", "486 kB", "0.000799"],
    ]


def test_a_clean_result_needs_no_caution() -> None:
    assert find_cautions(random_result()) == []


def test_cautions_name_what_is_undefined_and_what_is_not_covered() -> None:
    result = random_result(num_examples=10)
    result[0] = np.nan
    result.attrs["provenance"] = {
        "coverage": {"covered": 5, "total": 9, "statement": "5 of 9, bn frozen"},
        "warnings": ["half of the responses drown in rounding"],
    }
    undefined, coverage, warning = find_cautions(result)
    assert undefined.startswith("10 of 100 values (10.00%) are undefined")
    assert coverage == "Not all parameters were covered: 5 of 9, bn frozen."
    assert warning == "half of the responses drown in rounding"
