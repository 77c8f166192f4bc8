"""A user's app, with a second kind of definition, and functions that code schedules."""
