"""Metrics for Prometheus and what else reads OpenMetrics: an app of its own beside the core."""
