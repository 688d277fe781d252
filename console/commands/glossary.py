"""`burndeck glossary`: what the words on screens and in runbooks mean."""

from __future__ import annotations

import click

from console.commands.common import common_options, print_json

_EPILOG = """\b
Examples:
  burndeck glossary
  burndeck glossary "hard cap"
  burndeck glossary run --json
"""
_LABEL = 22


@click.command("glossary", epilog=_EPILOG)
@common_options
@click.argument("term", metavar="[TERM]", required=False, default="")
def glossary(config: str | None, db: str | None, as_json: bool, term: str) -> None:
    """What a TERM means, or every one; the console shows the same under `?`.

    A TERM may be a part of a word; where it is a word itself, that one alone is meant.
    """
    found = _meant(term)
    if as_json:
        print_json({"words": [{"term": name, "meaning": meaning} for name, meaning in found]})
    else:
        click.echo("\n".join(_line(name, meaning) for name, meaning in found))


def _meant(term: str) -> list[tuple[str, str]]:
    from agent.errors import ConfigError
    from console.glossary import GLOSSARY

    wanted = " ".join(term.lower().replace("_", " ").replace("-", " ").split())
    exact = [each for each in GLOSSARY if each[0].lower() == wanted]
    found = exact or [each for each in GLOSSARY if wanted in each[0].lower()]
    if found:
        return found
    from agent.runbooks.problem import near, quoted

    names = {name.lower(): name for name, _ in GLOSSARY}
    raise ConfigError(
        f"the glossary has no {quoted(term)}{near(wanted, names)}", hint="`burndeck glossary` lists them all."
    )


def _line(name: str, meaning: str) -> str:
    import textwrap

    from console.commands.tables import terminal_width

    width = min(terminal_width() or 100, 100)
    indent = " " * _LABEL
    label = f"{name:<{_LABEL - 2}}  "
    return "\n".join(textwrap.wrap(meaning, width, initial_indent=label, subsequent_indent=indent))
