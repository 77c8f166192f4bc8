"""The history: what is asked for (`requests`), and what became of it (`recorder`)."""
