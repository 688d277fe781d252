"""Who is told that a request waits for them, and what a page says that is read far from any console."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.occasion import Occasion
from agent.control.planning.books import books_of
from agent.domain.action import Action, Approval, Needs
from agent.domain.action_words import open_needs, spec_title
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.money import to_credits
from agent.domain.words import instant, plain_line, plural
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.ledger.writer import LedgerWriter

ON_CALL = "ops_on_call"
ASKED = {"finance": "central_finance", "engineering": "team_lead", "lead": "team_lead"}
"""Which part is told when a role is asked to approve; every other role is told as the on-call."""
_KINDS = {ScopeKind.API_KEY: Kind.API_KEY, ScopeKind.PROJECT: Kind.PROJECT}
_MOST_NAMED = 3


def recipients(needs: Needs) -> tuple[str, ...]:
    """Who is told that approvals are asked for."""
    found = (ASKED.get(role, ON_CALL) for roles in needs for role in roles[:1])
    return tuple(dict.fromkeys(found))


def asks_for(
    writer: LedgerWriter, occasion: Occasion, given: Sequence[Approval] = (), news: str = ""
) -> Occasion:
    """The occasion, told to everybody who may still approve; the on-call learn that it waits for others."""
    action = occasion.action
    missing = open_needs(action.needs, given)
    waits = " and ".join(" or ".join(roles) for roles in missing)
    until = f" until {instant(action.approve_by)}" if action.approve_by else ""
    told = "; ".join(filter(None, (news, _page(writer, action), f"waits for {waits}{until}")))
    return replace(
        occasion,
        page=told,
        recipients=recipients(missing),
        informed=(ON_CALL,),
        next_command=f"burndeck approve {action.id}",
    )


def _page(writer: LedgerWriter, action: Action) -> str:
    """`block api_key:nightly (key_1) for 1 h, asked for by ada: it burns; of team search, project ...`."""
    names = _Names(writer)
    scope = action.spec.scope
    title = spec_title(action.spec).replace(str(scope), names.called(scope), 1)
    about = [names.around(action), _keys(action), _burn(action)]
    asked = f"{title}, asked for by {action.requested_by}: {action.reason}"
    return "; ".join(filter(None, (asked, ", ".join(filter(None, about)))))


def _keys(action: Action) -> str:
    seen = action.preview
    names, ids = list(seen.get("names", ())), list(seen.get("keys", ()))
    count = int(seen.get("key_count", len(ids)))
    if not count or action.spec.scope.kind is ScopeKind.API_KEY:
        return "production" if seen.get("production") else ""
    shown = [_named(name, ident) for name, ident in zip(names, ids, strict=False)][:_MOST_NAMED]
    rest = f" and {count - len(shown)} more" if count > len(shown) else ""
    where = ", production among them" if seen.get("production") else ""
    return f"{plural(count, 'key')} ({', '.join(shown)}{rest}){where}"


def _burn(action: Action) -> str:
    burn = int(action.preview.get("burn_nano", 0))
    return f"burns {to_credits(burn):,.1f} credits/min" if burn else ""


def _named(name: str, ident: str) -> str:
    plain = plain_line(name)
    return f"{plain} ({ident})" if plain and plain != ident else ident


class _Names:
    """What people call keys and projects, by one reading of the directory."""

    def __init__(self, writer: LedgerWriter) -> None:
        self._books = books_of(writer)
        rows = self._books.rules.named("directory_names")
        self._names: Mapping[tuple[int, str], str] = {
            (int(kind), str(ident)): str(name) for kind, ident, name in rows
        }

    def called(self, scope: Scope) -> str:
        """`api_key:nightly (key_1)`; a scope that is a name already stays as it is."""
        kind = _KINDS.get(scope.kind)
        if kind is None:
            return str(scope)
        return f"{scope.kind.value}:{_named(self._of(kind, scope.value), scope.value)}"

    def around(self, action: Action) -> str:
        """`of team search, project Core (proj_1)`: what the named key or project lies in."""
        scope, teams = action.spec.scope, list(action.preview.get("teams", ()))
        project = ""
        if scope.kind is ScopeKind.API_KEY:
            mine = [whose for whose in self._books.whose if whose.api_key == scope.value]
            if mine:
                teams, project = [mine[-1].team] if mine[-1].team else [], mine[-1].project
        elif scope.kind is not ScopeKind.PROJECT:
            return ""
        told = [f"{'team' if len(teams) == 1 else 'teams'} {', '.join(teams)}"] if teams else []
        if project:
            told.append(f"project {_named(self._of(Kind.PROJECT, project), project)}")
        return f"of {', '.join(told)}" if told else ""

    def _of(self, kind: Kind, ident: str) -> str:
        found = self._names.get((int(kind), ident), "")
        return found or (self._books.alerts.key_names().get(ident, "") if kind is Kind.API_KEY else "")
