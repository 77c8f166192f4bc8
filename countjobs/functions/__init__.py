"""`@job`: functions that people may schedule. What they are called with is checked here."""
