"""``neurashed cluster``."""

import warnings
from collections.abc import Collection
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import typer

from neurashed.cli import cluster_options as options
from neurashed.cli.application import SUMMARIES
from neurashed.cli.cluster_options import ALL_BASELINES, DEFAULT, NO_BASELINES
from neurashed.cli.cluster_tables import (
    clusters_as_numbers,
    print_clusters,
    print_run_clusters,
    run_clusters_as_numbers,
)
from neurashed.cli.console import open_console, print_json, show_log, show_progress
from neurashed.clustering import Method, ResultMethod
from neurashed.errors import InputError, ResolutionWarning
from neurashed.experiments import (
    CLUSTERED,
    CLUSTERS_FILE,
    ClusterSettings,
    RunClusterSettings,
    cluster_run,
    run_clustering,
)
from neurashed.report import write_run_report

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command(
    "cluster",
    help=SUMMARIES["cluster"],
    epilog="Example: neurashed cluster --data digits --coarse 3,5 --auxiliary 8,9 "
    "--num-clusters 2 --out runs/three-or-five, or "
    "neurashed cluster runs/mnist --method nystrom --landmarks 1000",
)
def cluster(  # noqa: PLR0913, PLR0917, each is an option of the command line
    run: options.Run = None,
    data: options.Data = None,
    coarse: options.Coarse = None,
    out: options.Out = None,
    auxiliary: options.Auxiliary = None,
    per_class: options.PerClass = DEFAULT.per_class,
    auxiliary_total: options.AuxiliaryTotal = DEFAULT.auxiliary_total,
    model: options.Model = DEFAULT.model,
    weights: options.Weights = DEFAULT.weights,
    loss: options.Loss = DEFAULT.loss,
    lr: options.Lr = DEFAULT.lr,
    epochs: options.Epochs = DEFAULT.num_epochs,
    batch_size: options.BatchSize = DEFAULT.batch_size,
    looks: options.Looks = None,
    networks: options.Networks = DEFAULT.num_networks,
    protocol: options.Protocol = DEFAULT.protocol,
    measure: options.Measure = DEFAULT.measure,
    num_clusters: options.NumClusters = DEFAULT.num_clusters,
    method: options.Method = None,
    landmarks: options.Landmarks = None,
    normalize: options.Normalize = None,
    num_neighbors: options.NumNeighbors = DEFAULT.num_neighbors,
    evidence: options.Evidence = DEFAULT.evidence,
    undefined: options.Undefined = DEFAULT.undefined,
    repeats: options.Repeats = DEFAULT.num_repeats,
    baselines: options.Baselines = ALL_BASELINES,
    seed: options.Seed = DEFAULT.seed,
    overwrite: options.Overwrite = False,
    json: options.AsJson = False,
) -> None:
    """Cluster, print what was found, and say where the clusters and the report are."""
    how: dict[str, Any] = {
        "num_clusters": num_clusters,
        "num_neighbors": num_neighbors,
        "evidence": evidence,
        "undefined": undefined,
        "seed": seed,
    }
    asked = ClusterSettings(
        data=data or "",
        coarse=_split(coarse or []),
        auxiliary=_split(auxiliary or []),
        per_class=per_class,
        auxiliary_total=auxiliary_total,
        model=model,
        weights=weights,
        loss=loss,
        lr=lr,
        num_epochs=epochs,
        batch_size=batch_size,
        looks=tuple(looks or DEFAULT.looks),
        num_networks=networks,
        protocol=protocol,
        measure=measure,
        num_repeats=repeats,
        baselines=() if baselines == NO_BASELINES else _split([baselines]),
        **how,
    )
    if run is not None:
        _check_alone(asked, out, how)
        how |= {"method": method, "num_landmarks": landmarks, "normalize": normalize or "cosine"}
        _cluster_run(run, RunClusterSettings(**how), overwrite=overwrite, as_json=json)
        return
    method = _check_method(method, landmarks)
    settings = replace(asked, method=method, normalize=normalize or DEFAULT.normalize)
    out = _check_given(out, {"--data": data, "--coarse": coarse, "--out": out})
    _search(settings, out, overwrite=overwrite, as_json=json)


def _check_alone(asked: ClusterSettings, out: Path | None, how: Collection[str]) -> None:
    """Refuse options that say how networks are trained, where a run was measured before."""
    names = [field.name for field in fields(asked) if field.name not in {*how, "folder"}]
    changed = [name for name in names if getattr(asked, name) != getattr(DEFAULT, name)]
    given = [f"--{name.removeprefix('num_').replace('_', '-')}" for name in changed]
    given += ["--out"] if out is not None else []
    if given:
        message = (
            f"{', '.join(given)} cannot go with a run, which is clustered as it was measured; "
            "leave out the options or the run"
        )
        raise InputError(message)


def _check_given(out: Path | None, needed: dict[str, Any]) -> Path:
    missing = [name for name, value in needed.items() if not value]
    if missing or out is None:
        message = f"{', '.join(missing)} missing; give them, or the folder of a run to cluster"
        raise InputError(message)
    return out


def _check_method(method: ResultMethod | None, landmarks: int | None) -> Method:
    if method in ("nystrom", "top_k_graph") or landmarks is not None:
        option = "--landmarks" if landmarks is not None else f"--method {method}"
        message = (
            f"{option} is for a run that was measured; name one, as in neurashed cluster "
            "runs/mnist --method nystrom"
        )
        raise InputError(message)
    return method or DEFAULT.method


def _search(settings: ClusterSettings, out: Path, *, overwrite: bool, as_json: bool) -> None:
    with show_progress() as progress, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResolutionWarning)
        run = run_clustering(settings, out, overwrite=overwrite, progress=progress)
    result = run.result(CLUSTERED).load()
    where = _write_report(out)
    if as_json:
        print_json({**where, "settings": asdict(settings), **clusters_as_numbers(result)})
        return
    print_clusters(open_console(), result)
    _print_where(where)


def _cluster_run(
    path: Path, settings: RunClusterSettings, *, overwrite: bool, as_json: bool
) -> None:
    with show_log():
        clusters = cluster_run(path, settings, overwrite=overwrite)
    where = _write_report(path)
    if as_json:
        print_json({**where, **run_clusters_as_numbers(clusters)})
        return
    print_run_clusters(open_console(), clusters)
    _print_where(where)


def _write_report(path: Path) -> dict[str, str]:
    report = write_run_report(path)
    return {"run": str(path), "clusters": str(path / CLUSTERS_FILE), "report": str(report)}


def _print_where(where: dict[str, str]) -> None:
    console = open_console()
    for name, path in where.items():
        console.print(f"{f'{name.capitalize()}:':9} {path}", soft_wrap=True, markup=False)


def _split(names: list[str]) -> tuple[str, ...]:
    parts = tuple(part.strip() for each in names for part in each.split(","))
    if not all(parts):
        message = f"{', '.join(names)!r} has an empty name; write names with commas between"
        raise InputError(message)
    return parts
