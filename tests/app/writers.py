"""Jobs that use the standard streams in all the ways that there are."""

from __future__ import annotations

import sys


def write_bytes() -> None:
    """What plain Python refuses."""
    sys.stdout.write(b"bytes")  # type: ignore[arg-type]  # that is what is wrong with it


def echo() -> None:
    """As programs that use click do."""
    import click  # noqa: PLC0415  # not everybody has it

    click.echo("text from click")
    click.echo(b"bytes from click")
    sys.stdout.buffer.write("é from the buffer\n".encode())


def misuse() -> None:
    """What would break the stream for others."""
    sys.stdout.close()
    sys.stdout.detach()  # type: ignore[union-attr]  # of a TextIOWrapper
    sys.stdout.reconfigure(encoding="ascii")  # type: ignore[union-attr]  # of a TextIOWrapper
    with sys.stderr:
        pass
    print("é misused")
