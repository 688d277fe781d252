"""The yardstick of the console's start: a Textual app with one DataTable and nothing else."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable

COLUMNS = ("team", "now", "usual", "change", "share", "hour", "day", "last")


class Minimal(App[None]):
    """200 rows of eight columns."""

    def compose(self) -> ComposeResult:
        yield DataTable()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns(*COLUMNS)
        table.add_rows([f"cell-{row}-{column}" for column in range(len(COLUMNS))] for row in range(200))


if __name__ == "__main__":
    Minimal().run()
