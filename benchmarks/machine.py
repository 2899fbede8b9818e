"""The machine: its cores, memory and description, and what a process has used of them."""

import os
import platform
import resource
from pathlib import Path

__all__ = [
    "busy_seconds",
    "describe_machine",
    "limit_memory",
    "peak_bytes",
    "prepare_process",
    "resident_bytes",
]

NUM_THREADS = 2


def prepare_process() -> None:
    """Keep this process to two cores and two threads; if memory runs out, let it be the one to go.

    Call it before NumPy, torch or JAX is imported.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(NUM_THREADS)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:NUM_THREADS])
        Path("/proc/self/oom_score_adj").write_text("1000")


def limit_memory(num_bytes: int) -> None:
    """Let this process hold so many bytes of data; asking for more fails, as on a small machine."""
    resource.setrlimit(resource.RLIMIT_DATA, (num_bytes, num_bytes))


def _from_status(field: str) -> int | None:
    """A size from Linux's account of this process, in bytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines[field].split()[0]) * 1024


def peak_bytes() -> int:
    """Peak resident memory of this process (ru_maxrss would count its parent's as well)."""
    peak = _from_status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if peak is None else peak


def resident_bytes() -> int:
    """Resident memory now; the peak so far where the system does not tell."""
    now = _from_status("VmRSS")
    return peak_bytes() if now is None else now


def busy_seconds() -> float:
    """Core seconds used by all processes so far; 0 where the system does not tell."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    with stat.open() as lines:
        counters = [int(field) for field in next(lines).split()[1:9]]
    idle = counters[3] + counters[4]
    return (sum(counters) - idle) / os.sysconf("SC_CLK_TCK")


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def describe_machine() -> dict[str, str | int | float]:
    """What a reader needs to place the numbers; no host name."""
    page_bytes, num_pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "threads used": NUM_THREADS,
        "memory in GB": round(page_bytes * num_pages / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
