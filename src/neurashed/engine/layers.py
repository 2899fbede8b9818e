"""Sorting a model's parameters into layers, each with one route for its gradients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from neurashed.engine.discovery import Discovery, Site

__all__ = ["Layer", "sort_into_layers"]


@dataclass(frozen=True)
class Layer:
    """Parameters whose gradients are computed together.

    Attributes:
        name: Name of the module, or of the parameter where it stands alone.
        kind: ``"linear"``, ``"convolution"``, ``"embedding"``, ``"affine"``, ``"mixed"`` (one
            parameter in calls of several kinds) or ``"general"``.
        parameters: Names of the parameters, weight first.
        shapes: Their shapes.
        sites: Numbers of the calls that use them.
        has_weight: Whether the weight is among them.
        has_bias: Whether the bias is among them.
    """

    name: str
    kind: str
    parameters: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    sites: tuple[int, ...]
    has_weight: bool
    has_bias: bool

    @property
    def num_parameters(self) -> int:
        """How many numbers the layer holds."""
        total = 0
        for shape in self.shapes:
            size = 1
            for length in shape:
                size *= length
            total += size
        return total


def sort_into_layers(
    discovery: Discovery, parameters: Mapping[str, nn.Parameter]
) -> tuple[Layer, ...]:
    """Give every parameter that the output depends on its place in exactly one layer.

    Args:
        discovery: How the model uses its parameters.
        parameters: The parameters, by name.

    Returns:
        The layers in the order of the parameters.
    """
    uses = {name: _uses(discovery.sites, name) for name in parameters}
    placed: set[str] = set(discovery.unused)
    layers: list[Layer] = []
    for name in parameters:
        if name in placed:
            continue
        members = [name]
        if name in discovery.elsewhere or _is_in_doubt(discovery.sites, uses[name], name):
            kind = "general"
        else:
            kind = _kind(discovery.sites, uses[name])
            partner = _partner(discovery, uses, name)
            if partner is not None and partner not in placed:
                members.append(partner)
        placed.update(members)
        layers.append(_layer(kind, members, uses[name], discovery.sites, parameters))
    return tuple(layers)


def _layer(
    kind: str,
    members: list[str],
    sites: tuple[int, ...],
    all_sites: Sequence[Site],
    parameters: Mapping[str, nn.Parameter],
) -> Layer:
    weights = {all_sites[index].weight for index in sites}
    members = sorted(members, key=lambda member: member not in weights)
    shapes = tuple(tuple(parameters[member].shape) for member in members)
    module = members[0].rpartition(".")[0]
    name = module if module and len(members) > 1 else members[0]
    has_bias = len(members) > 1 or members[0] not in weights
    return Layer(name, kind, tuple(members), shapes, sites, members[0] in weights, has_bias)


def _uses(sites: Sequence[Site], name: str) -> tuple[int, ...]:
    return tuple(index for index, site in enumerate(sites) if name in (site.weight, site.bias))


def _is_in_doubt(sites: Sequence[Site], used: tuple[int, ...], name: str) -> bool:
    """Whether a call does not keep the examples apart, or uses mix the roles of weight and bias."""
    if not used or any(sites[index].layout is None for index in used):
        return True
    return len({sites[index].weight == name for index in used}) > 1


def _kind(sites: Sequence[Site], used: tuple[int, ...]) -> str:
    kinds = {sites[index].kind for index in used}
    several = len(used) > 1 and kinds != {"linear"}
    return "mixed" if several else next(iter(kinds))


def _partner(discovery: Discovery, uses: Mapping[str, tuple[int, ...]], name: str) -> str | None:
    """The bias of a weight, or the weight of a bias, if the same calls and no others use it."""
    sites = [discovery.sites[index] for index in uses[name]]
    is_weight = sites[0].weight == name
    partners = {site.bias if is_weight else site.weight for site in sites}
    partner = partners.pop()
    if partner is None or partners or partner in discovery.elsewhere:
        return None
    return partner if uses[partner] == uses[name] and partner != name else None
