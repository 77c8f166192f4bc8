"""Definitions as files: written (`writing`), and imported after a dry run.

`format` says what a file holds, and `scope` who may transfer what of it; `everything` is for those
who have the machine. An import takes a file through `reading` (its text), `entries` and
`field_values` (its fields), `dry_run` (what would become of them, compared with what is `there`),
which `told` puts in words, and `saving`.
"""
