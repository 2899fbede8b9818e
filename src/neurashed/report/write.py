"""From results to one HTML file."""

from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from neurashed.errors import InputError
from neurashed.report.clusters import has_clusters
from neurashed.report.page import render_page
from neurashed.results import RunFolder

__all__ = ["write_report", "write_run_report"]

_THIS_NETWORK = "this network"


def write_report(
    result: xr.DataArray,
    path: str | Path,
    *,
    comparisons: Mapping[str, xr.DataArray] | None = None,
    title: str | None = None,
) -> Path:
    """Write a result as one HTML file that opens from disk and asks no network for anything.

    A result whose sources carry the coordinates ``cluster``, ``typicality`` and ``margin``, as
    `neurashed.clustering.cluster_by_elasticity` gives them, gets a section on its clusters.

    Args:
        result: Values ``(source, probe)``, as `neurashed.measure_elasticity` gives them.
        path: The file to write; its folder is made if missing, an older file is replaced.
        comparisons: Results to hold the first against, by the names the page gives them, such as
            ``"linear network, trained"``.
        title: Heading of the page; says what was measured if not given.

    Returns:
        The path of the file.

    Raises:
        InputError: If a result has further dimensions, a comparison takes the name of the result
            itself, or the path is a folder.
    """
    comparisons = comparisons or {}
    if _THIS_NETWORK in comparisons:
        message = f"a comparison is named {_THIS_NETWORK!r}, as the result itself is; rename it"
        raise InputError(message)
    return _write({_THIS_NETWORK: result, **comparisons}, Path(path), title)


def write_run_report(run_folder: str | Path, path: str | Path | None = None) -> Path:
    """Write the report of a run: its main result, held against the run's other results.

    A result of the run whose sources carry clusters is shown as such, not compared.

    Args:
        run_folder: The folder of a run with at least one result.
        path: The file to write; ``report.html`` in the run folder if not given.

    Returns:
        The path of the file.
    """
    run = RunFolder.open(run_folder)
    others = {name: run.result(name) for name in run.finished if name != run.main_name}
    clustered = next((each for each in others.values() if has_clusters(each)), None)
    names = [run.main_name, *(name for name, each in others.items() if not has_clusters(each))]
    # A lone result is named after its measure, which says nothing of the network.
    results = {_in_words(name) if len(names) > 1 else _THIS_NETWORK: name for name in names}
    path = run.path / "report.html" if path is None else Path(path)
    chosen = {shown: run.result(name) for shown, name in results.items()}
    return _write(chosen, path, None, clustered)


def _write(
    results: Mapping[str, xr.DataArray],
    path: Path,
    title: str | None,
    clustered: xr.DataArray | None = None,
) -> Path:
    if path.is_dir():
        message = f"{path} is a folder; give the path of a file, such as {path / 'report.html'}"
        raise InputError(message)
    for name, result in results.items():
        _check_dimensions(name, result)
    # Results may be lazy; summaries read them many times.
    loaded = {name: result.compute() for name, result in results.items()}
    main = next(iter(loaded.values()))
    if clustered is None and has_clusters(main):
        clustered = main
    html = render_page(loaded, title, None if clustered is None else clustered.compute())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
    return path


def _in_words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")


def _check_dimensions(name: str, result: xr.DataArray) -> None:
    if result.dims == ("source", "probe"):
        return
    message = (
        f"the result of {name} has dimensions {dict(result.sizes)}; the report takes source and "
        "probe: choose or sum over the others, as in result.isel(layer=0) or result.sum('layer')"
    )
    raise InputError(message)
