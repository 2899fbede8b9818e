"""Examples: what goes into a network, what should come out, and how people see it.

This room holds sets of examples, picks some of them by index, and reads them from arrays, files and
torch data sets. It downloads nothing, and knows neither models nor losses.
"""

from neurashed.data.examples import Examples

__all__ = ["Examples"]
