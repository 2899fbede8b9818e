"""The plan of a measurement: what it says, and that it is what is then done."""

import json

import pytest
from measurement_cases import measured
from zoo import named

import neurashed as ns
from neurashed.elasticity import plan_measurement
from neurashed.elasticity.progress import follow


@pytest.mark.parametrize("measure", ["relative", "cosine"])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_plan_is_what_is_done(name: str, measure: str):
    ready = measured(named(name))
    memory = "200MB"
    plan = plan_measurement(ready.task, ready.sources, ready.probes, measure=measure, memory=memory)
    result = ns.measure_elasticity(
        ready.task, ready.sources, ready.probes, measure=measure, memory=memory
    )
    provenance = result.attrs["provenance"]
    said, done = plan.plan.to_dict(), provenance["method"]
    assert json.loads(json.dumps(said)) == done
    assert plan.coverage == provenance["coverage"]
    assert plan.result_bytes == result.nbytes == 4 * 6 * 8
    assert plan.to_dict()["measure"] == plan.measure == measure
    assert plan.step == ("exact" if measure == "relative" else "first_order")


def test_a_plan_of_products_is_a_table_of_layers():
    ready = measured(named("cnn"))
    text = plan_measurement(
        ready.task, ready.sources, measure="tangent_kernel", memory="1GB"
    ).describe()
    assert "tangent_kernel, first_order: 193 of 193 parameters" in text
    assert "result 128 B, memory budget 1 GB" in text
    assert "4 sources x 4 probes, half computed and mirrored" in text
    rows = [line.split() for line in text.splitlines()]
    header = ["layer", "kind", "parameters", "positions", "route"]
    (start,) = (number for number, row in enumerate(rows) if row[:5] == header)
    layers = rows[start + 1 : start + 5]
    assert [row[:4] for row in layers] == [
        ["0", "convolution", "30", "64"],
        ["3", "convolution", "112", "4"],
        ["7", "linear", "30", "1"],
        ["9", "linear", "21", "1"],
    ]
    assert {row[4] for row in layers} <= {"positions", "gradients"}


def test_a_plan_of_steps_says_what_is_formed():
    ready = measured(named("norm-layer-on-sequence"), lr=0.1)
    text = plan_measurement(ready.task, ready.sources, ready.probes).describe()
    assert "relative, exact: " in text
    assert "4 sources x 6 probes, a step on each source" in text
    assert "stepped parameters formed: " in text
    assert "steps and 6 probes at a time" in text


def test_progress_shows_every_item_once():
    shown: list[int] = []

    def progress(items, *, description, weights=None):  # noqa: ANN001, ANN202, ARG001
        for item in items:
            yield item
            shown.append(item)

    assert list(follow(iter("abc"), 3, "letters", progress)) == ["a", "b", "c"]
    assert shown == [0, 1, 2]
    assert list(follow(iter("abc"), 3, "letters", None)) == ["a", "b", "c"]
