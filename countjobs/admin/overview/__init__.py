"""The overview: one page about the state of schedulers and jobs, with a module for each part.

Each part reads by an index, and a bounded number of rows: the page is as fast with millions of runs
as with thousands.
"""
