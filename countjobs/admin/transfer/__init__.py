"""Definitions as files: exported from the list, and imported after a dry run.

`format` says what a file holds. An import goes through `reading` (text to entries), `values` and
`references` (entries to values of fields), `dryrun` (what would become of them, with
`validation`) and `applying`.
"""
