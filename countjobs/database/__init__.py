"""SQL and connections. Nothing in here names a model."""
