"""The names of methods, normalizations and kinds of evidence, and the check that a name is one."""

from typing import Any, Literal, get_args

from neurashed.errors import InputError

__all__ = ["Evidence", "Method", "Normalize", "ResultMethod", "Undefined", "check_choice"]

Method = Literal["kernel_k_means", "k_means_on_rows", "spectral", "eigenmaps"]
ResultMethod = Literal[Method, "nystrom", "top_k_graph"]
Normalize = Literal["none", "cosine", "center", "center_cosine"]
Evidence = Literal["eigengap", "silhouette"]
Undefined = Literal["refuse", "drop"]


def check_choice(given: str, choices: Any, *, what: str) -> None:  # noqa: ANN401
    """Check that a name is one of those that a literal type lists.

    Args:
        given: The name.
        choices: The literal type.
        what: What the name stands for, such as ``"method"``.

    Raises:
        InputError: If it is none of them.
    """
    known = get_args(choices)
    if given not in known:
        message = f"{what} is {given!r}; use one of {', '.join(map(repr, known))}"
        raise InputError(message)
