"""Fill: a PostgreSQL database with very many definitions and executions, to look at its pages."""

from __future__ import annotations

import argparse
import sys
import time

import psycopg

from benchmarks.own_process import call, say
from benchmarks.scratch import Database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=100_000)
    parser.add_argument("--executions", type=int, default=10_000_000)
    parser.add_argument("--drop", action="store_true", help="a database of that name, first")


def run(options: argparse.Namespace, database: Database) -> None:
    """Make the database, and fill it in a process of its own."""
    began = time.monotonic()
    if options.drop:
        database.drop(options.database)
    try:
        url = database.create(options.database)
    except psycopg.errors.DuplicateDatabase as error:
        sys.exit(f"{error} --drop would drop it first.".replace("\n", "."))
    call(fill, url, options.definitions, options.executions)
    say(f"Filled in {time.monotonic() - began:.0f} s: {url}")


def fill(definitions: int, executions: int) -> None:
    """Fill an empty database, in this process."""
    from django.core.management import call_command

    from benchmarks.filling import history
    from benchmarks.filling import many_definitions as making

    call_command("migrate", verbosity=0)
    making.make(definitions)
    history.make(executions, definitions)
    history.make_schedulers()
