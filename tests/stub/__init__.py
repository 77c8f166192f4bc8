"""A scheduler that only listens to signals: stands in for the real one where its end is tested."""
