"""Numbers on the command line, whose mistakes are said in words."""

from __future__ import annotations

import click


class Whole(click.IntRange):
    """A whole number between bounds."""

    name = "whole number"
