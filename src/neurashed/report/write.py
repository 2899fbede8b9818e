"""From results to one HTML file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import xarray as xr

from neurashed.errors import InputError
from neurashed.report.clusters import has_clusters
from neurashed.report.page import Material, render_page
from neurashed.report.ranked import read_ranked
from neurashed.report.sampling import draw_sample
from neurashed.results import RunFolder

__all__ = ["write_report", "write_run_report"]

_THIS_NETWORK = "this network"


def write_report(
    result: xr.DataArray,
    path: str | Path,
    *,
    comparisons: Mapping[str, xr.DataArray] | None = None,
    title: str | None = None,
    top_probes: xr.Dataset | None = None,
    class_tables: Sequence[xr.Dataset] = (),
) -> Path:
    """Write a result as one HTML file that opens from disk and asks no network for anything.

    A result whose sources carry the coordinates ``cluster``, ``typicality`` and ``margin``, as
    `neurashed.clustering.cluster_by_elasticity` gives them, gets a section on its clusters.

    Of a result with more than 2²⁴ pairs only the diagonal and a sample of 1,000 examples are read;
    strengths, distributions and heat map are those of the sample, and the page says so. With
    ``top_probes`` every source can be explored all the same.

    Args:
        result: Values ``(source, probe)``, as `neurashed.measure_elasticity` gives them; a lazy one
            may be larger than memory.
        path: The file to write; its folder is made if missing, an older file is replaced.
        comparisons: Results to hold the first against, by the names the page gives them, such as
            ``"linear network, trained"``.
        title: Heading of the page; says what was measured if not given.
        top_probes: The top probes of all sources of the result, for one of more than 1,200
            examples, as `neurashed.results.top_probes` gives them.
        class_tables: Class tables over all pairs, as `neurashed.results.class_table` gives them;
            shown before those of the sample of a large result.

    Returns:
        The path of the file.

    Raises:
        InputError: If a result has further dimensions, a comparison takes the name of the result
            itself, the top probes are of other examples, or the path is a folder.
    """
    comparisons = comparisons or {}
    if _THIS_NETWORK in comparisons:
        message = f"a comparison is named {_THIS_NETWORK!r}, as the result itself is; rename it"
        raise InputError(message)
    results = {_THIS_NETWORK: result, **comparisons}
    material = _gather(results, top_probes=top_probes, class_tables=class_tables)
    return _write(material, Path(path), title)


def write_run_report(run_folder: str | Path, path: str | Path | None = None) -> Path:
    """Write the report of a run: its main result, held against the run's other results.

    A result of the run whose sources carry clusters is shown as such, not compared. Top probes that
    lie beside the results let every source of a large one be explored.

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
    return _write(_gather(chosen, clustered=clustered), path, None)


def _gather(
    results: Mapping[str, xr.DataArray],
    *,
    clustered: xr.DataArray | None = None,
    top_probes: xr.Dataset | None = None,
    class_tables: Sequence[xr.Dataset] = (),
) -> Material:
    for name, result in results.items():
        _check_dimensions(name, result)
    samples = {name: draw_sample(result) for name, result in results.items()}
    main = next(iter(results.values()))
    if clustered is None and has_clusters(main):
        clustered = main
    return Material(
        result=main,
        samples=samples,
        clustered=clustered,
        ranked=None if top_probes is None else read_ranked(main, top_probes),
        class_tables=class_tables,
    )


def _write(material: Material, path: Path, title: str | None) -> Path:
    if path.is_dir():
        message = f"{path} is a folder; give the path of a file, such as {path / 'report.html'}"
        raise InputError(message)
    html = render_page(material, title)
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
