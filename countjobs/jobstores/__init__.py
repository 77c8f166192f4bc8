"""The job store: django-apscheduler's table of jobs, which is all that schedulers look at.

`rows` writes a definition's row, `signing` seals what is written, `claims` takes due rows, and
`store` is APScheduler's view of it all.
"""
