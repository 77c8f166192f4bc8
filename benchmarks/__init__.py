"""Measurements of the scheduler beside its peers, in the same run, on the same database.

`python -m benchmarks throughput --help` tells what can be set.
"""
