"""Alerts: messages to people and other programs about jobs that fail, are silent or recover."""
