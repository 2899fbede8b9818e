"""The parts of ``neurashed reproduce he-su-2020``, one file a part.

Each file parses, calls one function of `neurashed.experiments.he_su_2020`, and says where the
result is. `neurashed.cli.reproduce` lists the parts and loads one when it is named.
"""

__all__: list[str] = []
