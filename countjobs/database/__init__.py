"""SQL and connections: what knows no model by name."""
