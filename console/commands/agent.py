"""`burndeck agent`: run, start, stop, status, once, install."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import click

from console.commands.common import common_options, jsonable, print_json, settings_for

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.telemetry.collect import SourceReport


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  burndeck agent start          in the background, until `burndeck agent stop`
  burndeck agent once --json    read every source once, say what came, end
  burndeck agent install        a systemd user unit, for always
""",
)
def agent() -> None:
    """The background agent: reads the providers, keeps the ledger, judges the burn."""


@agent.command()
@common_options
def run(config: str | None, db: str | None, as_json: bool) -> None:
    """Run the agent here until Ctrl-C or SIGTERM."""
    from agent.daemon import run_agent
    from agent.process.log import start_log

    settings = settings_for(config, db)
    start_log(settings.log_path, settings.agent.log_level)
    if not as_json:
        click.echo(f"agent writes {settings.ledger_path}, log in {settings.log_path}", err=True)
    run_agent(settings)


@agent.command()
@common_options
def start(config: str | None, db: str | None, as_json: bool) -> None:
    """Start the agent in the background and wait for its first heartbeat."""
    from agent.process import background

    settings = settings_for(config, db)
    pid = background.start(settings, _run_command(settings))
    missing = _nothing_to_read(settings)
    if as_json:
        state = {"running": True, "pid": pid, "ledger": settings.ledger_path, "log": settings.log_path}
        print_json({**state, "missing": missing})
        return
    click.echo(f"agent runs (pid {pid}), log in {settings.log_path}")
    for sentence in missing:
        click.secho(f"  but {sentence}", fg="yellow", err=True)


@agent.command(short_help="End the background agent.")
@common_options
def stop(config: str | None, db: str | None, as_json: bool) -> None:
    """End the background agent and wait until it has let go of the ledger."""
    from agent.process import background

    pid = background.stop(settings_for(config, db).ledger_path)
    if as_json:
        print_json({"running": False, "stopped_pid": pid})
    else:
        click.echo("no agent was running" if pid is None else f"agent (pid {pid}) stopped")


@agent.command(short_help="Whether the agent lives, and how its sources stand.")
@common_options
@click.pass_context
def status(ctx: click.Context, config: str | None, db: str | None, as_json: bool) -> None:
    """Say whether the agent lives and how its sources stand; exit code 1 when it does not live."""
    state = _state(settings_for(config, db))
    if as_json:
        print_json(state)
    else:
        _print_state(state)
    ctx.exit(0 if state["running"] else 1)


@agent.command()
@common_options
@click.pass_context
def once(ctx: click.Context, config: str | None, db: str | None, as_json: bool) -> None:
    """Read every source once, print what came, and end."""
    from agent.daemon import collect_once
    from agent.ledger import open_writer
    from agent.process.lock import LedgerLock
    from agent.process.log import start_log

    settings = settings_for(config, db)
    start_log(settings.log_path, settings.agent.log_level)
    with LedgerLock(settings.ledger_path), open_writer(settings.ledger_path) as writer:
        report = collect_once(settings, writer, settings.clock().now())
    if not report.sources:
        from agent.errors import ConfigError

        raise ConfigError(
            "there is no source to read",
            hint="Run `burndeck init` and describe one under [[sources]], or `burndeck login openai`.",
        )
    failed = report.failed
    if as_json:
        document: dict[str, Any] = {"ledger": settings.ledger_path, **jsonable(report)}
        if failed:
            document |= {"error": failed.message, "hint": failed.hint}
        print_json(document)
    else:
        _print_once(report.sources, report.seconds)
    ctx.exit(failed.exit_code if failed else 0)


@agent.command()
@common_options
@click.option("--dry-run", is_flag=True, help="Print the unit and write nothing.")
def install(config: str | None, db: str | None, as_json: bool, dry_run: bool) -> None:
    """Write a systemd user unit that keeps the agent running."""
    from agent.process import unit

    settings = settings_for(config, db)
    if dry_run:
        if as_json:
            print_json({"path": unit.unit_path(), "unit": unit.unit_text(settings), "written": False})
        else:
            click.echo(unit.unit_text(settings), nl=False)
        return
    path = unit.install(settings)
    if as_json:
        print_json({"path": path, "unit": unit.unit_text(settings), "written": True})
    else:
        click.echo(f"wrote {path}")
        click.echo(f"  systemctl --user daemon-reload && systemctl --user enable --now {unit.UNIT_NAME}")


def _nothing_to_read(settings: Settings) -> list[str]:
    """What keeps the agent from reading anything, in words; empty when every source has a key."""
    from agent.errors import ConfigError
    from agent.secrets import find_secret
    from agent.telemetry.collect import configured_sources

    sources = configured_sources(settings)
    if not sources:
        return ["it has no source to read: run `burndeck login openai`, or `burndeck init`"]
    missing = []
    for source in sources:
        if not source.has_secret:
            continue
        try:
            find_secret(*settings.secret_names(source))
        except ConfigError as error:
            missing.append(f"{error.message}. {error.hint}")
    return missing


def _run_command(settings: Settings) -> list[str]:
    command = ["console.cli", "agent", "run", "--json", "--db", str(settings.ledger_path)]
    return [*command, "--config", str(settings.file)] if settings.file else command


def _state(settings: Settings) -> dict[str, Any]:
    """The agent as its lock and its heartbeat show it."""
    from agent.errors import LedgerError
    from agent.ledger import open_reader
    from agent.process.background import running_pid

    pid = running_pid(settings.ledger_path)
    state: dict[str, Any] = {
        "running": pid is not None,
        "pid": pid,
        "since": None,
        "beat_age_s": None,
        "stopped_at": None,
        "version": None,
        "host": None,
        "ledger": str(settings.ledger_path),
        "log": str(settings.log_path),
        "sources": [],
    }
    try:
        with open_reader(settings.ledger_path) as reader:
            beat = reader.one("agent_state")
            state["sources"] = [dict(row) for row in reader.rows("source_states")]
    except LedgerError:
        return state
    if beat is not None:
        state |= {name: beat[name] for name in ("host", "version", "stopped_at")}
        state["since"] = beat["started_at"]
        state["beat_age_s"] = round(settings.clock().now() - beat["beat_at"], 1)
    return state


def _print_state(state: dict[str, Any]) -> None:
    if state["running"]:
        age = f", last heartbeat {state['beat_age_s']} s ago" if state["beat_age_s"] is not None else ""
        click.echo(f"agent runs (pid {state['pid']}) since {_time(state['since'])}{age}")
    else:
        click.echo("agent does not run; `burndeck agent start` starts it")
    click.echo(f"  ledger {state['ledger']}")
    click.echo(f"  log    {state['log']}")
    for source in state["sources"]:
        covered = f", metered to {_time(source['covered_to'])}" if source["covered_to"] else ""
        click.echo(f"  {source['source']}: {source['state']}{covered}")
        for line in (source["message"], source["hint"]):
            if line:
                click.echo(f"    {line}")


def _print_once(sources: tuple[SourceReport, ...], seconds: float) -> None:
    for source in sources:
        click.echo(f"{source.name}: {source.state}, metered to {_time(source.covered_to)}")
        for endpoint in source.endpoints:
            click.echo(
                f"  {endpoint.endpoint:<50} {endpoint.requests:>6} requests {endpoint.pages:>6} pages"
                f" {endpoint.rows:>9} rows"
            )
            if endpoint.note:
                click.echo(f"    {endpoint.note}")
        if source.state != "ok":
            click.secho(f"error: {source.message}", fg="red", err=True)
            click.echo(f"  {source.hint}", err=True)
    click.echo(f"{seconds:.1f} s")


def _time(at: int | None) -> str:
    if at is None:
        return "never"
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
