"""What `manage.py quickstart` does, and nothing else uses.

`firsttime` sets up what is missing, `serving` is the web server. The command runs the scheduler
beside it, in the same process: so nothing can outlive the other, however the process ends.
"""
