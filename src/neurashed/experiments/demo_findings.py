"""What the demo shows, read from its run folder."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from neurashed.errors import StoreError
from neurashed.experiments.demo import NETWORKS, TRAINING_FILE, name_result
from neurashed.experiments.neighbors import (
    Neighbors,
    find_by_pixels,
    find_by_response,
    read_pictures,
)
from neurashed.results import RunFolder, Strength, class_table, elasticity_strength
from neurashed.training import State

__all__ = ["DEFAULT_SOURCE", "DemoFindings", "MomentFindings", "NetworkFindings", "find_in_demo"]

NUM_NEIGHBORS = 8
# The first 2 in the file: of the first of each digit, the one on which the trained ReLU network and
# pixel distance agree least.
DEFAULT_SOURCE = 2
# A linear network gains a little, by telling odd from even. A larger share than this is not little.
_SMALL_SHARE = 0.25


@dataclass(frozen=True)
class MomentFindings:
    """How elastic a network is at one moment.

    Attributes:
        median: Strength over all pairs, by medians.
        ratio_of_means: Strength over all pairs, by ratios of means.
        same_parity: Strength by medians over pairs whose right answer is the same (both odd or
            both even), where only the digit can tell them apart.
        classes: Digit-to-digit medians ``(source_class, probe_class)``.
    """

    median: Strength
    ratio_of_means: Strength
    same_parity: Strength
    classes: xr.Dataset


@dataclass(frozen=True)
class NetworkFindings:
    """One network before and after training.

    Attributes:
        initial: At initialization.
        trained: After training.
        loss: Mean loss after training, in nats.
        accuracy: Share of digits told right after training.
        max_lr_lambda: Largest ``lr·λ_max`` seen in training; stable below 2.
    """

    initial: MomentFindings
    trained: MomentFindings
    loss: float
    accuracy: float
    max_lr_lambda: float

    @property
    def gain(self) -> float:
        """How much training added to the strength."""
        return self.trained.median.value - self.initial.median.value


@dataclass(frozen=True)
class DemoFindings:
    """What the demo shows.

    Attributes:
        networks: The networks by name, ``ReLU`` and ``linear``.
        source: Id of the chosen digit.
        source_label: Which digit it is.
        source_thumbnail: Its picture ``(row, column)``.
        neighbors: The digits that go with it, by what chose them.
        doubts: What keeps these numbers from showing that training makes the ReLU network locally
            elastic and the linear one not; empty if nothing does.
    """

    networks: dict[str, NetworkFindings]
    source: int
    source_label: str
    source_thumbnail: np.ndarray
    neighbors: dict[str, Neighbors]
    doubts: tuple[str, ...]


def find_in_demo(run: RunFolder, *, source: int = DEFAULT_SOURCE) -> DemoFindings:
    """Read what a demo shows.

    Args:
        run: Its run folder.
        source: Id of the digit whose neighbors are shown.

    Returns:
        The findings.
    """
    networks = {name: _find_network(run, name) for name in NETWORKS}
    result = run.main.load()
    neighbors = {
        f"the {name} network": find_by_response(
            run.result(name_result("trained", name)).load(), source, NUM_NEIGHBORS
        )
        for name in NETWORKS
    }
    neighbors["pixel distance"] = find_by_pixels(result, source, NUM_NEIGHBORS)
    row = int(np.flatnonzero(result["source"].to_numpy() == source)[0])
    return DemoFindings(
        networks=networks,
        source=source,
        source_label=str(result["source_label"].to_numpy()[row]),
        source_thumbnail=read_pictures(result, "source")[row],
        neighbors=neighbors,
        doubts=tuple(_list_doubts(networks["ReLU"], networks["linear"])),
    )


def _find_network(run: RunFolder, name: str) -> NetworkFindings:
    states = _read_states(run.path)[name]
    return NetworkFindings(
        initial=_find_moment(run.result(name_result("initial", name)).load()),
        trained=_find_moment(run.result(name_result("trained", name)).load()),
        loss=states[-1].loss,
        accuracy=states[-1].accuracy or 0.0,
        max_lr_lambda=max(state.lr_lambda_max or 0.0 for state in states),
    )


def _find_moment(result: xr.DataArray) -> MomentFindings:
    return MomentFindings(
        median=elasticity_strength(result, statistic="median"),
        ratio_of_means=elasticity_strength(result, statistic="ratio_of_means"),
        same_parity=elasticity_strength(_with_same_parity(result), statistic="median"),
        classes=class_table(result, statistic="median"),
    )


def _with_same_parity(result: xr.DataArray) -> xr.DataArray:
    # Summaries leave out what is undefined, so the other pairs are made so.
    is_odd = {axis: result[f"{axis}_label"].astype(int) % 2 == 1 for axis in ("source", "probe")}
    return result.where(is_odd["source"] == is_odd["probe"])


def _list_doubts(relu: NetworkFindings, linear: NetworkFindings) -> list[str]:
    doubts = []
    if relu.trained.median.low <= relu.initial.median.high:
        doubts.append("the ReLU network's strength after training is not clearly above its first")
    if relu.trained.median.low <= linear.trained.median.high:
        doubts.append("the trained ReLU network is not clearly above the trained linear one")
    if linear.gain > _SMALL_SHARE * relu.gain:
        doubts.append("the linear network gained more than a quarter of that")
    return doubts


def _read_states(path: Path) -> dict[str, list[State]]:
    try:
        content = json.loads((path / TRAINING_FILE).read_text(encoding="utf-8"))
        return {name: [State(**state) for state in states] for name, states in content.items()}
    except (OSError, ValueError, TypeError) as error:
        message = f"{path / TRAINING_FILE} cannot be read ({error}); run the demo again"
        raise StoreError(message) from error
