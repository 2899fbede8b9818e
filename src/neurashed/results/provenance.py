"""Where a result comes from: versions, commit, machine and time."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["collect_commit", "collect_machine", "collect_provenance", "collect_versions"]

# Read from installed metadata: importing torch for its version would break this room's promise.
_PACKAGES = ("neurashed", "torch", "numpy", "scipy", "scikit-learn", "xarray", "zarr")
_CPU_INFO = Path("/proc/cpuinfo")


def collect_provenance(folder: Path | None = None) -> dict[str, Any]:
    """Collect everything about this process that a result should carry.

    Args:
        folder: Where to look for a git repository; the working directory if None.

    Returns:
        A JSON-able dict with ``created``, ``versions``, ``machine`` and ``commit``.

    Example:
        >>> sorted(collect_provenance())
        ['commit', 'created', 'machine', 'versions']
    """
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": collect_versions(),
        "machine": collect_machine(),
        "commit": collect_commit(folder),
    }


def collect_versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages that shape the numbers."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def collect_machine() -> dict[str, Any]:
    """Return the operating system, the processor and the number of cores this process may use."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "cpu": _read_cpu_name(),
        "cores": _count_cores(),
    }


def collect_commit(folder: Path | None = None) -> dict[str, Any] | None:
    """Return the commit that a folder is at.

    Args:
        folder: A folder of a git repository; the working directory if None.

    Returns:
        ``id`` and ``dirty``, the latter true if tracked files differ from the commit; None outside
        of a repository or without git.
    """
    revision = _ask_git(folder, "rev-parse", "HEAD")
    if revision is None:
        return None
    changes = _ask_git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"id": revision, "dirty": changes != ""}


def _ask_git(folder: Path | None, *question: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        answer = subprocess.run(
            [git, *question], cwd=folder, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _read_cpu_name() -> str:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
