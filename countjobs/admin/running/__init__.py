"""Running now: one page of all runs that are queued or in progress, where they can be cancelled."""
