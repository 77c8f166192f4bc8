"""The overview: one page about the state of schedulers and jobs, with a module for each part.

Each part reads by an index, and a bounded number of rows: with millions of runs the page costs what
it costs with thousands.
"""
