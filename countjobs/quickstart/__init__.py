"""The quick start, step by step: what `manage.py quickstart` does, and nothing else uses.

`address` takes the port, `private` shuts others out of the database's file, `users` looks what the
user model needs, `firsttime` makes the first user and the example, `serving` runs the web server
and the scheduler until it is told to stop.
"""
