"""Measurements of the scheduler beside plain django-apscheduler, in the same run.

`python -m benchmarks --help` names them, and docs/benchmarks.md tells what each one measures.
"""
