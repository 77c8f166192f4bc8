"""Definitions as files: exported from the list, and imported after a dry run.

`format` says what a file holds, and `export` writes one. `import_page` takes a file through
`reading` (its text), `entries` and `field_values` (its fields), `dry_run` (what would become of
them, which `shown` puts on the page) and, once that is confirmed, `applying`.
"""
