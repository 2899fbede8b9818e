"""The tangent kernel in its forms: traced, in full, by layer."""

import oracle
import pytest
from closeness import assert_close
from measurement_cases import measured
from zoo import named

import neurashed as ns
from neurashed.errors import InputError
from neurashed.task import SGD

NAMES = ["mlp", "cnn", "norm-layer-on-sequence", "linear-twice", "tied-biases", "generated-weights"]


@pytest.mark.parametrize("name", NAMES)
def test_full_kernel_and_its_trace(name: str):
    ready = measured(named(name))
    for probes in (None, ready.probes):
        expected = oracle.tangent_kernel(ready.model, ready.readout, *ready.sides(probes))
        full = ns.tangent_kernel(ready.task, ready.sources, probes, outputs="full")
        assert full.dims == ("source", "probe", "source_output", "output")
        assert_close(full, expected)
        trace = sum(full[:, :, k, k] for k in range(full.sizes["output"]))
        assert_close(ns.tangent_kernel(ready.task, ready.sources, probes), trace)


@pytest.mark.parametrize("outputs", ["trace", "full"])
@pytest.mark.parametrize("name", NAMES)
def test_layers_sum_to_the_kernel(name: str, outputs: str):
    ready = measured(named(name), "output")
    for probes in (None, ready.probes):
        layers = ns.tangent_kernel(
            ready.task, ready.sources, probes, outputs=outputs, by_layer=True
        )
        assert layers.dims[:3] == ("layer", "source", "probe")
        assert_close(
            layers.sum("layer"),
            ns.tangent_kernel(ready.task, ready.sources, probes, outputs=outputs),
        )


def test_a_layer_is_the_sum_of_its_parameters():
    ready = measured(named("mlp"))
    layers = ns.tangent_kernel(ready.task, ready.sources, ready.probes, by_layer=True)
    assert layers.layer.values.tolist() == ["0", "2", "4"]
    args = ready.model, ready.readout, *ready.sides(ready.probes)
    parts = oracle.per_parameter(*args)
    for layer in ("0", "2", "4"):
        both = parts[f"{layer}.weight"] + parts[f"{layer}.bias"]
        assert_close(layers.sel(layer=layer), both.diagonal(dim1=2, dim2=3).sum(-1))


def test_only_parameters_of_the_update_count():
    ready = measured(named("mlp"))
    task = ns.Task(ready.model, loss="cross_entropy", readout="logits", update=SGD(0.1, "4.*"))
    found = ns.tangent_kernel(task, ready.sources, ready.probes)
    args = ready.model, oracle.READOUTS["cross_entropy"]["logits"], *ready.sides(ready.probes)
    expected = oracle.tangent_kernel(*args, names={"4.weight", "4.bias"})
    assert_close(found, expected.diagonal(dim1=2, dim2=3).sum(-1))


def test_units_and_provenance():
    ready = measured(named("mlp"), "output")
    found = ns.tangent_kernel(ready.task, ready.sources, outputs="full")
    provenance = found.attrs["provenance"]
    assert (found.name, found.attrs["units"]) == ("tangent_kernel", "readout² / weight²")
    assert (provenance["measure"], provenance["outputs"]) == ("tangent_kernel", "full")
    assert provenance["step"] is None


def test_unknown_outputs_are_refused():
    ready = measured(named("mlp"))
    with pytest.raises(InputError, match="outputs is 'diagonal'; use 'trace' or 'full'"):
        ns.tangent_kernel(ready.task, ready.sources, outputs="diagonal")
