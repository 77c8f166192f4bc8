"""Definitions as files: written (`writing`), and read back.

`format` says what a file holds. An import takes a file through `reading` (its text), `entries` and
`field_values` (its fields).
"""
