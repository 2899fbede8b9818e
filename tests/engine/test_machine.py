"""The rate of the machine is measured once and makes sense."""

import torch

from neurashed.engine.machine import measure_rate


def test_rates_are_measured_once(device: torch.device):
    rate = measure_rate(device, torch.float32)
    assert 1e8 < rate.operations < 1e16
    assert 1e7 < rate.bytes < 1e14
    assert measure_rate(device, torch.float32) is rate
