"""One file for each contender: functions from a problem to a call that computes its matrix.

Each is timed in its own process and its own environment, so each file imports only its library.
"""
