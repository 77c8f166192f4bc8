"""Errors that are hard to put into words."""

from __future__ import annotations


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class HostileError(Exception):
    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]  # that is what is wrong with it
        raise RuntimeError("no notes")


class ShapelessError(Exception):
    @property  # type: ignore[misc]  # that is what is wrong with it
    def __class__(self) -> type:
        raise RuntimeError("no class")
