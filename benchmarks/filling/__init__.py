"""Filling a PostgreSQL database as years of use would: definitions, and their history."""
