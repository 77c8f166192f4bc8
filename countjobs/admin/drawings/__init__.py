"""Drawings: SVG, made by pure functions of what they are given."""
