"""The cost model counts what its page says, and agrees with the plan and with the benchmarks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

Load = Callable[[str], Any]


def test_resnet_50_has_the_published_size(load: Load):
    network = load("cost_networks").resnet50()
    assert len(network.layers) == 54
    # 25,557,032 with norms and the bias of the last layer; 4.09·10⁹ multiplications.
    assert network.parameters == 25_557_032 - 53_120 - 1000
    assert network.forward == pytest.approx(2 * 4.09e9, rel=0.002)


def test_lora_counts_adapters_and_the_whole_forward_pass(load: Load):
    network = load("cost_networks").lora_network(
        num_parameters=1e6, num_blocks=3, width=8, rank=2, num_tokens=5
    )
    assert network.parameters == 3 * 2 * 2 * 8 * 2
    assert network.forward == 2 * 1e6 * 5 + 4 * 5**2 * 8 * 3


@pytest.mark.parametrize("num_examples", [1000, 16_000])
def test_operations_are_those_of_the_benchmarks(load: Load, num_examples: int):
    networks, workloads = load("torch_networks"), load("workloads").WORKLOADS
    workload = replace(workloads["mlp"], num_examples=num_examples)
    model = networks.build_network("mlp", 1)
    counted = load("operations").count_operations(workload, model)
    costs = load("cost_model").count_costs(
        load("cost_networks").mlp(784, 512, 512, 1), num_examples, memory=1e12
    )
    # The model counts the backward pass to the images as well, which a good engine leaves out.
    to_images = num_examples * 2 * 784 * 512
    assert costs.passes + costs.products == pytest.approx(counted + to_images, rel=0.01)
    pairs = num_examples * (num_examples + 1) / 2
    assert costs.products == 2 * pairs * (784 + 512 + 512 + 512 + 512)


def test_half_of_the_tiles_and_the_bytes_of_a_block(load: Load):
    network = load("cost_networks").mlp(10, 20, 1)
    costs = load("cost_model").count_costs(network, 1000, memory=4 * 4 * 50 * 300)
    assert costs.kept == 10 + 20 + 20  # inputs and output gradients; the last layer's gradient
    assert costs.side == 64
    assert costs.num_tiles == 16 * 17 / 2
    assert costs.block == 64 * 50 * 4
    assert costs.scratch == 1000 * 50 * 4


def test_a_sketch_replaces_parameters_by_its_dimension(load: Load):
    network = load("cost_networks").resnet50()
    costs = load("cost_model").count_costs(network, 10_000, memory=1e11, sketch=4096)
    assert costs.kept == 4096
    assert costs.products == 4096 * 10_000 * 10_001
    assert costs.forming == 0
    assert costs.passes == pytest.approx(10_000 * 2 * network.forward, rel=0.1)


def test_hours_take_the_cheaper_way_to_fetch_a_block(load: Load):
    model = load("cost_model")
    device = model.Accelerator("slow reader", {"float32": 1e12}, 1e12)
    costs = model.Costs(64, 10, 1, 3.5e14, 7e14, 0.0, 5e14, 9e9, 3e9, 1.0, 1e9)
    hours = model.gpu_hours(costs, device, "float32")
    assert hours["passes"] * 3600 == pytest.approx(1000)
    assert hours["products"] * 3600 == pytest.approx(1000)
    assert hours["reading"] * 3600 == pytest.approx(10)  # 10 blocks of 3 GB, 3 GB a second
    assert hours["again"] == 0
    fits = replace(costs, memory=1e12)
    assert model.gpu_hours(fits, device, "float32")["reading"] == 0
    cheap = replace(costs, block_passes=3.5e11)
    assert model.gpu_hours(cheap, device, "float32")["again"] * 3600 == pytest.approx(10)


def test_tables_name_every_job_and_gpu(load: Load):
    model = load("cost_model")
    hours = model.describe_hours()
    assert hours.count("\n") == 1 + len(model.JOBS) * len(model.ACCELERATORS)
    assert all(device.name in hours for device in model.ACCELERATORS)
    assert model.describe_sizes().count("\n") == 1 + len(model.JOBS)
