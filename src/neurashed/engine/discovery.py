"""Learning how a model uses its parameters, by running it on two and on three examples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from neurashed.engine.batches import Inputs
from neurashed.engine.calls import Call, read_call
from neurashed.engine.layout import Layout, find_layout
from neurashed.engine.watching import RECTIFIERS, ParameterWatch, find_tensors, replace_tensors

__all__ = ["Discovery", "Site", "discover"]

Forward = Callable[[Inputs], Tensor]


@dataclass(frozen=True)
class Site:
    """One call of known form, in the order of the forward pass.

    Attributes:
        kind: The kind of the call.
        weight: Name of the watched weight, or None.
        bias: Name of the watched bias, or None.
        layout: Where the examples are; None if the output does not keep them apart.
        shares_input: Whether the input is the same whatever the parameters are.
        is_rectified: Whether the output goes into one ReLU and nowhere else.
        input_shape: Shape of the input without the example axis, folded positions first.
        output_shape: The same of the output.
    """

    kind: str
    weight: str | None
    bias: str | None
    layout: Layout | None
    shares_input: bool
    is_rectified: bool
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]


@dataclass(frozen=True)
class Discovery:
    """What is known of a model before anything is measured.

    Attributes:
        sites: The calls of known form, in the order of the forward pass.
        elsewhere: Names of parameters that are also used in calls of no known form.
        unused: Names of parameters that the output does not depend on.
        largest_activation: Numbers in the largest tensor of the forward pass, for one example.
        saved_numbers: Numbers that autograd keeps for the backward pass, for one example.
        other_operations: Operations of the forward pass in linear and convolution calls whose
            weight is not watched, for one example: of those whose input is the same whatever the
            parameters are, and of those that follow a watched parameter.
    """

    sites: tuple[Site, ...]
    elsewhere: frozenset[str]
    unused: tuple[str, ...]
    largest_activation: int
    saved_numbers: int
    other_operations: tuple[float, float] = (0.0, 0.0)


@dataclass
class _Seen:
    call: Call
    output: Tensor
    shares_input: bool
    uses: list[object] = field(default_factory=list)


@dataclass
class _Notes:
    seen: list[_Seen] = field(default_factory=list)
    elsewhere: set[int] = field(default_factory=set)
    largest: int = 0
    before: float = 0.0
    after: float = 0.0

    def count(self, call: Call, output: Tensor) -> None:
        """Add the operations of a call whose weight is not watched."""
        operations = 0.0
        if call.kind in {"linear", "convolution"} and call.weight is not None:
            operations = 2.0 * output.numel() * prod(call.weight.shape[1:])
        if call.input.requires_grad:
            self.after += operations
        else:
            self.before += operations


class _Notebook(ParameterWatch):
    """Notes each call; a value depends on the parameters if it requires a gradient."""

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        super().__init__(parameters.values())
        self.notes = _Notes()

    def visit_call(
        self,
        call: Call,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Tensor:
        self._note_uses(function, (args, kwargs))
        args, kwargs = self._without_others((args, kwargs))
        output = function(*args, **kwargs)
        self.notes.largest = max(self.notes.largest, output.numel())
        shares_input = not call.input.requires_grad
        if not self.is_watched(call.weight):
            self.notes.count(call, output)
        self.notes.seen.append(_Seen(call, output, shares_input))
        return output

    def visit_other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        self._note_uses(function, (args, kwargs))
        used = [t for t in find_tensors((args, kwargs)) if id(t) in self.watched]
        args, kwargs = self._without_others((args, kwargs))
        result = function(*args, **kwargs)
        call = read_call(function, args, kwargs)
        if call is not None:
            self.notes.count(call, result)
        sizes = [tensor.numel() for tensor in find_tensors(result)]
        if sizes:  # a call that returns no tensor only asks for a shape, type or device
            self.notes.elsewhere.update(id(tensor) for tensor in used)
            self.notes.largest = max(self.notes.largest, *sizes)
        return result

    def _note_uses(self, function: Callable[..., Any], tree: Any) -> None:  # noqa: ANN401
        """Note which functions the outputs of earlier calls go into."""
        used = {id(tensor) for tensor in find_tensors(tree)}
        for seen in self.notes.seen:
            if id(seen.output) in used:
                seen.uses.append(function)

    def _without_others(self, tree: Any) -> Any:  # noqa: ANN401
        """Cut off parameters that are not watched, so that only watched ones need gradients."""
        return replace_tensors(
            tree,
            lambda t: (
                t.detach() if isinstance(t, nn.Parameter) and id(t) not in self.watched else t
            ),
        )


def _run(
    forward: Forward, inputs: Inputs, parameters: Mapping[str, nn.Parameter]
) -> tuple[_Notes, Tensor, int]:
    saved: dict[int, int] = {}

    def pack(value: Tensor) -> Tensor:
        if not isinstance(value, nn.Parameter):
            saved[value.untyped_storage().data_ptr()] = value.numel()
        return value

    notebook = _Notebook(parameters)
    saving = torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value)
    with torch.enable_grad(), saving, notebook:
        output = forward(inputs)
    for seen in notebook.notes.seen:
        if seen.output is output:
            seen.uses.append(forward)
    return notebook.notes, output, sum(saved.values())


def discover(
    forward: Forward,
    small: Inputs,
    large: Inputs,
    parameters: Mapping[str, nn.Parameter],
) -> Discovery:
    """Run a model on two and on three examples and note how it uses its parameters.

    Args:
        forward: Maps inputs to the output ``(example, ...)``.
        small: Inputs of two examples.
        large: Inputs of the same two examples and a third.
        parameters: The parameters to watch, by name.

    Returns:
        What was seen. Where the two runs make different calls, every parameter is counted as used
        elsewhere, so that all of them take the general route.
    """
    few, output, saved_few = _run(forward, small, parameters)
    many, _, saved_many = _run(forward, large, parameters)
    names = {id(parameter): name for name, parameter in parameters.items()}
    kinds = [[seen.call.kind for seen in notes.seen] for notes in (few, many)]
    elsewhere = {names[key] for key in few.elsewhere | many.elsewhere}
    sites: tuple[Site, ...] = ()
    if kinds[0] == kinds[1]:
        sites = tuple(_site(a, b, names) for a, b in zip(few.seen, many.seen, strict=True))
    else:
        elsewhere = set(parameters)
    used = _used_parameters(output, parameters)
    seen = {name for site in sites for name in (site.weight, site.bias)}
    return Discovery(
        sites,
        frozenset(elsewhere | (used - seen)),
        tuple(name for name in parameters if name not in used),
        -(-many.largest // 3),
        max(saved_many - saved_few, 1),
        (max(many.before - few.before, 0.0), max(many.after - few.after, 0.0)),
    )


def _site(few: _Seen, many: _Seen, names: Mapping[int, str]) -> Site:
    pair = (few.call.input, few.output), (many.call.input, many.output)
    layout = find_layout(*pair, 2, 3)
    if layout is not None and not _is_usable(few.call, layout):
        layout = None
    shape = tuple(few.call.input.shape), tuple(few.output.shape)
    if layout is not None:
        shape = tuple(tuple(layout.bring_forward(value).shape[1:]) for value in pair[0])
    weight, bias = (names.get(id(value)) for value in (few.call.weight, few.call.bias))
    is_rectified = len(few.uses) == 1 and few.uses[0] in RECTIFIERS
    return Site(few.call.kind, weight, bias, layout, many.shares_input, is_rectified, *shape)


def _is_usable(call: Call, layout: Layout) -> bool:
    """Whether a call of this kind can be read with the examples on this axis."""
    if call.kind == "linear":
        return layout.axis < call.input.ndim - 1
    if call.kind == "embedding":
        return True
    trailing = call.options.get("trailing")
    if call.kind == "affine" and trailing is not None:
        return layout.axis < call.input.ndim - trailing
    return layout.axis == 0


def _used_parameters(output: Tensor, parameters: Mapping[str, nn.Parameter]) -> set[str]:
    """Names of the parameters that the output's graph leads back to; no gradient is computed."""
    reached = {id(output)}
    nodes, found = [output.grad_fn], set[object]()
    while nodes:
        node = nodes.pop()
        if node is None or node in found:
            continue
        found.add(node)
        reached.add(id(getattr(node, "variable", None)))
        nodes.extend(following for following, _ in node.next_functions)
    return {name for name, value in parameters.items() if id(value) in reached}
