"""Alerts and pings that wait for less, so that tests of real schedulers see many of them.

`settings` is what such schedulers are started with.
"""
