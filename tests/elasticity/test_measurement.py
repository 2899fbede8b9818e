"""What a result carries, what leaves no trace in the model, and what changes no number."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from closeness import assert_close
from measurement_cases import FIRST_PROBE_ID, measured
from torch import nn
from zoo import Written, named

import neurashed as ns
from neurashed.elasticity import MeasurementOptions
from neurashed.errors import InputError
from neurashed.typing import Measure, Progress, Step

WAYS: list[tuple[Measure, Step]] = [
    ("relative", "exact"),
    ("relative", "first_order"),
    ("kernelized", "exact"),
    ("kernelized", "first_order"),
    ("refined", "exact"),
    ("refined", "first_order"),
    ("loss_change", "exact"),
    ("loss_change", "first_order"),
    ("cosine", "exact"),
    ("tangent_kernel", "exact"),
]


@pytest.fixture
def examples(generator: torch.Generator) -> ns.Examples:
    """Five examples on two sides, in float32, with everything that can be shown."""
    return ns.Examples(
        inputs=torch.randn(5, 6, generator=generator),
        targets=torch.tensor([0, 1, 1, 0, 1]),
        ids=["a", "b", "c", "d", "e"],
        labels=["cat", "dog", "dog", "cat", "dog"],
        fine_labels=["tabby", "pug", "poodle", "tabby", "pug"],
        thumbnails=np.zeros((5, 4, 4), dtype=np.uint8),
        texts=["one", "two", "three", "four", "five"],
    )


@pytest.fixture
def task(generator: torch.Generator) -> ns.Task:
    return ns.Task(_network(generator), loss="bce", readout="logits", lr=1e-2)


def _network(generator: torch.Generator) -> nn.Module:
    """A network in float32 with a norm, a frozen layer and a weight used twice."""
    shared = nn.Linear(6, 6)
    model = Written(
        lambda m, x: m.head(m.frozen(m.norm(m.shared(m.shared(x).tanh()))).tanh()),
        shared=shared,
        norm=nn.BatchNorm1d(6),
        frozen=nn.Linear(6, 4).requires_grad_(False),
        head=nn.Linear(4, 1),
    ).eval()
    for parameter in model.parameters():
        parameter.data.normal_(0.2, 0.4, generator=generator)
    return model


@pytest.mark.parametrize(("measure", "step"), WAYS)
def test_a_result_says_what_it_is(
    measure: Measure, step: Step, task: ns.Task, examples: ns.Examples
):
    probes = examples.select([1, 3])
    options = MeasurementOptions(dtype="float64", seed=7)
    result = ns.measure_elasticity(
        task, examples, probes, measure=measure, step=step, options=options
    )
    assert result.dims == ("source", "probe")
    assert result.name == result.attrs["measure"] == measure
    assert result.source.values.tolist() == ["a", "b", "c", "d", "e"]
    assert result.probe.values.tolist() == ["b", "d"]
    assert result.probe_label.values.tolist() == ["dog", "cat"]
    assert result.source_fine_label.values.tolist()[:2] == ["tabby", "pug"]
    assert result.probe_text.values.tolist() == ["two", "four"]
    assert {"source_thumbnail", "probe_thumbnail"} <= set(result.coords)
    provenance = result.attrs["provenance"]
    takes_step = measure not in {"cosine", "tangent_kernel"}
    assert provenance["measure"] == measure
    assert provenance["step"] == (step if takes_step else None)
    assert provenance["loss"] == "bce"
    assert provenance["readout"] == ("loss" if measure == "loss_change" else "logits")
    assert provenance["update"] == {"rule": "SGD", "lr": 1e-2, "parameters": ["*"]}
    assert (provenance["dtype"], provenance["seed"]) == ("float64", 7)
    assert provenance["exact"] is True
    assert provenance["undefined"] == {"count": 0, "fraction": 0.0}
    assert provenance["data"] == {"sources": examples.checksum(), "probes": probes.checksum()}
    assert {"versions", "machine", "created", "commit", "device", "memory"} <= set(provenance)
    is_exact = takes_step and step == "exact"
    assert provenance["method"]["method"] == ("exact" if is_exact else "first_order")
    assert ("resolution" in provenance) == is_exact
    assert ("divergence" in provenance) == (measure == "refined")
    assert ("self_response" in result.coords) == (measure in {"relative", "refined"})


@pytest.mark.parametrize(
    ("measure", "units"),
    [
        ("relative", "1"),
        ("kernelized", "readout² / weight²"),
        ("refined", "1"),
        ("loss_change", "loss unit"),
        ("cosine", "1"),
        ("tangent_kernel", "readout² / weight²"),
    ],
)
def test_units(measure: Measure, units: str, task: ns.Task, examples: ns.Examples):
    result = ns.measure_elasticity(
        task, examples, measure=measure, options=MeasurementOptions(dtype="float64")
    )
    assert result.attrs["units"] == units


def test_ids_are_numbered_where_none_are_given():
    ready = measured(named("mlp"))
    result = ns.measure_elasticity(ready.task, ready.sources, ready.probes)
    assert result.source.values.tolist() == [0, 1, 2, 3]
    assert result.probe.values.tolist() == list(range(FIRST_PROBE_ID, FIRST_PROBE_ID + 6))


def test_elasticity_times_self_response_is_the_response():
    ready = measured(named("mlp"), "logits")
    result = ns.measure_elasticity(ready.task, ready.sources, ready.probes)
    moved = ready.responses("exact", ready.probes, ready.readout).norm(dim=2)
    assert_close(result * result.self_response, moved, kind="difference")
    assert (result * result.self_response).dims == ("source", "probe")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("measure", "step"), WAYS)
def test_the_model_stays_as_it_was(
    measure: Measure, step: Step, dtype: str, task: ns.Task, examples: ns.Examples
):
    model = task.model
    model.get_submodule("head").train()  # whatever mode a part is in, it stays in
    before = deepcopy(model.state_dict())
    modes = [part.training for part in model.modules()]
    wanted = [parameter.requires_grad for parameter in model.parameters()]
    storages = [parameter.data_ptr() for parameter in model.parameters()]
    result = ns.measure_elasticity(
        task, examples, measure=measure, step=step, options=MeasurementOptions(dtype=dtype)
    )
    assert str(result.dtype) == dtype
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [part.training for part in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == wanted
    assert [parameter.data_ptr() for parameter in model.parameters()] == storages
    assert all(parameter.grad is None for parameter in model.parameters())
    assert task.model is model
    assert not any(hooks for part in model.modules() for hooks in (part._forward_hooks,))


def test_double_precision_is_that_of_a_double_model(task: ns.Task, examples: ns.Examples):
    model = deepcopy(task.model).double()
    double = ns.Task(model, loss="bce", readout="logits", lr=1e-2)
    options = MeasurementOptions(dtype="float64")
    found = ns.measure_elasticity(task, examples, options=options)
    assert_close(found, ns.measure_elasticity(double, examples), kind="difference")
    rough = ns.measure_elasticity(task, examples, options=MeasurementOptions(dtype="float32"))
    assert_close(rough, found, kind="difference", dtype="float32")
    assert float(abs(rough - found).max()) > 0


@pytest.mark.parametrize(("measure", "step"), WAYS)
def test_the_answer_does_not_depend_on_memory(
    measure: Measure, step: Step, generator: torch.Generator
):
    """A smaller budget cuts the work in more tiles."""
    model = nn.Sequential(nn.Linear(10_000, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.05, generator=generator)
    x = torch.randn(110, 10_000, generator=generator, dtype=torch.float64)
    sides = ns.Examples(x[:104], torch.arange(104) % 2), ns.Examples(x[104:], ids=range(200, 206))
    if measure in {"loss_change", "cosine"}:
        sides = sides[0], sides[1].with_targets(torch.arange(6) % 2)
    task = ns.Task(model, loss="bce", readout="logits", lr=1e-3)
    few, many = (
        ns.measure_elasticity(task, *sides, measure=measure, step=step, memory=memory)
        for memory in ("16MB", "2GB")
    )
    assert few.attrs["provenance"]["method"]["tile"] < 104
    assert many.attrs["provenance"]["method"]["tile"] >= 104
    assert few.attrs["provenance"]["memory"] == 16 * 10**6
    assert_close(few, many, kind="difference")


def test_progress_wraps_the_work(task: ns.Task, examples: ns.Examples):
    seen: list[tuple[str, int]] = []

    def progress(items, *, description, weights=None):  # noqa: ANN001, ANN202, ARG001
        for number, item in enumerate(items, 1):
            yield item
            seen.append((description, number))

    shows: Progress = progress
    options = MeasurementOptions(dtype="float64", progress=shows)
    with_progress = ns.measure_elasticity(task, examples, options=options)
    assert seen == [("Steps", 1)]
    ns.tangent_kernel(task, examples, options=options)
    assert seen[1:] == [("Products of gradients", 1)]
    plain = ns.measure_elasticity(task, examples, options=MeasurementOptions(dtype="float64"))
    assert (with_progress == plain).all()


def test_a_caller_without_gradients_gets_the_same(task: ns.Task, examples: ns.Examples):
    for step in ("exact", "first_order"):
        wanted = ns.measure_elasticity(
            task, examples, step=step, options=MeasurementOptions(dtype="float64")
        )
        with torch.no_grad():
            found = ns.measure_elasticity(
                task, examples, step=step, options=MeasurementOptions(dtype="float64")
            )
        assert (found == wanted).all()


def test_options_are_checked():
    with pytest.raises(InputError, match="dtype is 'half'; give 'float32', 'float64' or None"):
        MeasurementOptions(dtype="half")
    with pytest.raises(InputError, match=r"dtype is torch\.bfloat16; give"):
        MeasurementOptions(dtype=torch.bfloat16)
    with pytest.raises(InputError, match="divergence is 'js'; give one of kl, symmetric_kl"):
        MeasurementOptions(divergence="js")
    assert MeasurementOptions(dtype=torch.float64).torch_dtype is torch.float64
