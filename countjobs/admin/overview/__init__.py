"""The overview: one page that tells how the schedulers and the jobs do, one module a part of it.

Each part reads what it shows by an index, and so many rows at most: a page of millions of
executions costs what a page of thousands does.
"""
