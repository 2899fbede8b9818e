"""neural-tangents on JAX: its three ways to an empirical kernel, on the same weights."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import neural_tangents as nt
import numpy as np
from jax import lax
from problem import Problem, Run, UnsupportedError
from workloads import NETWORKS, Layer

Weights = dict[str, jax.Array]


def _apply(layer: Layer, place: int, weights: Weights, values: jax.Array) -> jax.Array:
    """One layer, with the weights that the torch network names by its place."""
    match layer:
        case ("linear", _):
            return values @ weights[f"{place}.weight"].T + weights[f"{place}.bias"]
        case ("conv", _, _, padding):
            values = lax.conv(
                jnp.pad(values, ((0, 0), (0, 0), (padding, padding), (padding, padding))),
                weights[f"{place}.weight"],
                (1, 1),
                "VALID",
            )
            return values + weights[f"{place}.bias"][:, None, None]
        case ("pool",):
            window = (1, 1, 2, 2)
            return lax.reduce_window(values, -jnp.inf, lax.max, window, window, "VALID")
        case ("flatten",):
            return values.reshape(len(values), -1)
        case _:
            return jnp.maximum(values, 0)


def _network(problem: Problem) -> Callable[[Weights, jax.Array], jax.Array]:
    workload = problem.workload
    layers = (*NETWORKS[workload.network], ("linear", workload.num_outputs))

    def network(weights: Weights, inputs: jax.Array) -> jax.Array:
        values = inputs
        for place, layer in enumerate(layers):
            values = _apply(layer, place, weights, values)
        return values

    return network


def _prepare(problem: Problem, *, implementation: nt.NtkImplementation) -> Run:
    problem.refuse_relative()
    if problem.workload.quantity == "loss_gradients" or problem.workload.network not in NETWORKS:
        message = "not written here: networks and losses have to be written anew in JAX"
        raise UnsupportedError(message)
    is_full = problem.workload.quantity == "full_kernel"
    kernel = nt.empirical_ntk_fn(
        _network(problem),
        trace_axes=() if is_full else (-1,),
        vmap_axes=0,
        implementation=implementation,
    )
    compiled = jax.jit(kernel)
    weights = {name: jnp.asarray(values) for name, values in problem.weights.items()}
    inputs = jnp.asarray(problem.inputs)
    if is_full:
        return lambda: np.moveaxis(np.asarray(compiled(inputs, None, weights)), 1, 2)
    # It divides the trace by the number of outputs.
    scale = problem.workload.num_outputs
    return lambda: np.asarray(compiled(inputs, None, weights)) * scale


prepare = partial(_prepare, implementation=nt.NtkImplementation.STRUCTURED_DERIVATIVES)
prepare_contraction = partial(_prepare, implementation=nt.NtkImplementation.JACOBIAN_CONTRACTION)
prepare_products = partial(_prepare, implementation=nt.NtkImplementation.NTK_VECTOR_PRODUCTS)
