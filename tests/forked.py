"""Processes that are quick to start: forked from a server that has loaded the library."""

import multiprocessing

__all__ = ["FORKED"]

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["neurashed.elasticity.streaming", "distributed"])
