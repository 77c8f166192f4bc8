"""Schedulers that claim without a lock, to show that tests of claims would notice.

`settings` is what they are started with.
"""
