"""Drawings as SVG, made by pure functions."""
