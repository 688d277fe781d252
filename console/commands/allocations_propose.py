"""`burndeck allocations propose`: an allocation is made, changed or taken away, with two approvals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

import click

from console.commands.acting import How, act, acting_options, no
from console.commands.credits import Credits, Share
from console.commands.scopes import say_unknown
from console.commands.times import Stretch
from console.commands.top_up import in_force

if TYPE_CHECKING:
    from agent.domain.allocation import Allocation, Scope

_EPILOG = """\b
Examples:
  burndeck allocations propose org-1-team-search --monthly 12000 --reason "more traffic since May"
  burndeck allocations propose org-1-team-new --create --scope team:new --monthly 500 --reason "new team"
  burndeck allocations show org-1-team-search > policy.txt
  burndeck allocations propose --file policy.txt --reason "reviewed in Q4"
"""
_MODES = click.Choice(["automatic", "manual", "none"])


@click.command("propose", epilog=_EPILOG)
@click.argument("ident", metavar="ALLOCATION", required=False)
@click.option("--file", "file", type=click.File(encoding="utf-8"), help="A policy of ten lines; - for stdin.")
@click.option("--create", is_flag=True, help="Make a new one.")
@click.option("--retire", is_flag=True, help="Take it away.")
@click.option("--scope", help="What a new one is for, such as team:search.")
@click.option("--monthly", "monthly_nano", type=Credits(), help="Credits a month.")
@click.option(
    "--reserve",
    "reserve_nano",
    type=Credits(),
    help="Credits beside them: the pool counts them.",
)
@click.option("--buffer", "buffer_nano", type=Credits(), help="Credits that a broken glass may take.")
@click.option("--daily", "daily_nano", type=Credits(), help="Credits a day, of a key.")
@click.option("--soft", "soft_cap", type=Share(), help="Share at which it warns.")
@click.option("--hard", "hard_cap", type=Share(), help="Share at which it blocks.")
@click.option("--rollover", type=Share(), help="Share of the monthly credits that may be carried on.")
@click.option("--at-hard-cap", type=_MODES, help="What becomes of non-production there.")
@click.option("--at-hard-cap-prod", type=_MODES, help="What becomes of production there.")
@click.option(
    "--block-for", "block_expires_s", type=Stretch(), help="A block there undoes itself after this."
)
@click.option("--owner", help="Who answers for it.")
@click.option("--cost-center", help="Where it is booked.")
@click.option("--expires", help="Its last day, such as 2026-12-31.")
@click.option("--approver", "override_approvers", multiple=True, help="A role that approves a top-up.")
@click.option("--approved-model", "approved_models", multiple=True, help="A model that may be used.")
@click.option("--contact", "contacts", multiple=True, help="Whom to ask.")
@acting_options
def propose(
    how: How,
    ident: str | None,
    file: TextIO | None,
    create: bool,
    retire: bool,
    scope: str | None,
    **fields: Any,
) -> None:
    """Ask for a new ALLOCATION, for a change of one, or for its end: finance does.

    ALLOCATION is its id, or the scope of one that there is, such as team:search. It takes the approval of
    finance and of engineering, of two other people. Fields that are not named stay as they are; options that
    may be given several times replace the whole list. --file takes what `burndeck allocations show` prints.
    """
    from agent.domain.action import ActionKind, ActionSpec

    change = _from_file(file) if file else {}
    change |= {name: _plain(value) for name, value in fields.items() if value not in (None, ())}
    if ident is not None and change.setdefault("id", ident) != ident:
        raise click.UsageError(f"--file: the policy is of {change['id']}, not of {ident}.")
    if "id" not in change:
        raise click.UsageError("say which ALLOCATION, or give its policy by --file.")
    if create and retire:
        raise click.UsageError("--create and --retire: one of them.")
    change |= {name: True for name, wanted in (("create", create), ("retire", retire)) if wanted}
    there = _named(how, change["id"])
    if there is not None:
        change["id"] = there.id
    where = _scope_of(there, change, scope)
    if there is not None and not create and not retire and len(change) > 1:
        change = _what_differs(there, change)
        if len(change) == 1:
            raise no(f"nothing changes: {there.id} is so already")
    if create:
        say_unknown(how.settings, [(where.kind, where.value)])
    act(how, ActionSpec(ActionKind.ALLOCATE, where, change=change, drill=how.drill))


def _named(how: How, named: str) -> Allocation | None:
    """The allocation of an id, else the only one of a scope such as team:search."""
    found = in_force(how.settings, how.now)
    by_scope = [each for each in found if str(each.scope) == named]
    return next((each for each in found if each.id == named), by_scope[0] if len(by_scope) == 1 else None)


def _from_file(file: TextIO) -> dict[str, Any]:
    from agent.domain.policy_text import PolicyTextError, parse
    from agent.errors import ConfigError

    try:
        return parse(file.read())
    except UnicodeDecodeError:
        raise ConfigError(f"{file.name}: it is no UTF-8 text") from None
    except PolicyTextError as error:
        raise ConfigError(
            f"{file.name}: {error}", hint="`burndeck allocations show ALLOCATION` prints one as it must be."
        ) from None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _what_differs(there: Allocation, change: Mapping[str, Any]) -> dict[str, Any]:
    """The change without fields that are so already: what is signed is what becomes different."""
    from agent.control.allocation_words import differing
    from agent.domain.allocations import FIELDS, changed

    try:
        names = differing(there, changed(there, there.id, change))
    except ValueError:
        return dict(change)  # whoever plans it says what is wrong
    return {name: value for name, value in change.items() if name not in FIELDS or name in names}


def _scope_of(there: Allocation | None, change: Mapping[str, Any], scope: str | None) -> Scope:
    """What the allocation is for: as it is in force, or as it is said for a new one."""
    from agent.domain.allocation import Scope

    if there is not None and scope is None:
        return there.scope
    if scope is None:
        hint = "With --create and --scope it is made; `burndeck allocations` lists those there are."
        raise no(f"there is no allocation {change['id']}", hint=hint)
    try:
        return Scope.parse(scope)
    except ValueError as error:
        raise click.UsageError(f"--scope: {error}") from None
