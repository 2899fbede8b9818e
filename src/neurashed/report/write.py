"""From results to one HTML file."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from neurashed.errors import InputError, StoreError
from neurashed.report.clusters import has_clusters
from neurashed.report.examples import MOST_EXAMPLES
from neurashed.report.page import Material, render_page
from neurashed.report.ranked import read_ranked
from neurashed.results import (
    RunFolder,
    attach_clusters,
    clusters_path,
    draw_sample,
    is_large,
    open_class_table,
    open_clusters,
    open_top_probes,
)
from neurashed.results import top_probes as find_top_probes

__all__ = ["write_report", "write_run_report"]

_THIS_NETWORK = "this network"
_NUM_TOP_PROBES = 24


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
        top_probes: The top probes of all sources of a result with more than 2²⁴ pairs, as
            `neurashed.results.top_probes` gives them; of a smaller one they are found here.
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
    material = _gather(results, top=top_probes, class_tables=class_tables)
    return _write(material, Path(path), title)


def write_run_report(run_folder: str | Path, path: str | Path | None = None) -> Path:
    """Write the report of a run: its main result, held against the run's other results.

    A result of the run whose sources carry clusters is shown as such, not compared; clusters that
    lie beside the results are those of the main one. Top probes that lie there let every source of
    a large result be explored, and a class table over all pairs is shown before those of a sample.
    Of a run that kept top probes alone, the page shows those.

    Args:
        run_folder: The folder of a run with at least one result.
        path: The file to write; ``report.html`` in the run folder if not given.

    Returns:
        The path of the file.
    """
    run = RunFolder.open(run_folder)
    top, table = run.top_probes_path, run.class_table_path
    top_probes = open_top_probes(top) if top.exists() else None
    class_tables = [open_class_table(table)] if table.exists() else []
    path = run.path / "report.html" if path is None else Path(path)
    clusters = open_clusters(clusters_path(run)) if clusters_path(run).exists() else None
    if top_probes is not None and not run.record.results:
        return _write(_gather_top_probes(top_probes, class_tables, clusters), path, None)
    main = _open(run, run.main_name)
    if clusters is not None:
        main = attach_clusters(main, clusters)
    others = dict(_open_others(run))
    candidates = [main, *others.values()]
    clustered = next((each for each in candidates if has_clusters(each)), None)
    compared = {name: each for name, each in others.items() if not has_clusters(each)}
    # A lone result is named after its measure, which says nothing of the network.
    main_name = _in_words(run.main_name) if compared else _THIS_NETWORK
    results = {main_name: main, **{_in_words(name): each for name, each in compared.items()}}
    material = _gather(results, clustered=clustered, top=top_probes, class_tables=class_tables)
    return _write(material, path, None)


def _open(run: RunFolder, name: str) -> xr.DataArray:
    result = run.result(name, verify="sizes")
    # To look for damage in all of a large result would take longer than the page.
    return result if is_large(result) else run.result(name)


def _open_others(run: RunFolder) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield the results that are whole, without the main one."""
    for name in run.record.results:
        if name != run.main_name:
            with contextlib.suppress(StoreError):
                yield name, _open(run, name)


def _gather(
    results: Mapping[str, xr.DataArray],
    *,
    clustered: xr.DataArray | None = None,
    top: xr.Dataset | None = None,
    class_tables: Sequence[xr.Dataset] = (),
) -> Material:
    for name, result in results.items():
        _check_dimensions(name, result)
    samples = {name: draw_sample(result) for name, result in results.items()}
    main = next(iter(results.values()))
    if clustered is None and has_clusters(main):
        clustered = main
    if top is None and max(main.shape) > MOST_EXAMPLES and not is_large(main):
        top = find_top_probes(samples[next(iter(samples))].result, _NUM_TOP_PROBES)
    return Material(
        result=main,
        samples=samples,
        clustered=clustered,
        ranked=None if top is None else read_ranked(main, top),
        class_tables=class_tables,
    )


def _gather_top_probes(
    top: xr.Dataset, class_tables: Sequence[xr.Dataset], clusters: xr.Dataset | None
) -> Material:
    """Return what a page is made from where no values were kept but those of top probes."""
    nothing = np.broadcast_to(np.float32(np.nan), (top.sizes["source"], top.sizes["probe"]))
    coords = {name: one for name, one in top.coords.items() if "rank" not in one.dims}
    result = xr.DataArray(
        nothing, dims=("source", "probe"), coords=coords, name=top.attrs["measure"], attrs=top.attrs
    )
    return Material(
        result=result,
        samples={},
        clustered=None if clusters is None else attach_clusters(result, clusters),
        ranked=read_ranked(result, top, is_kept=False),
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
