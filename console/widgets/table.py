"""The one table: fixed columns, drawn line by line, so that its cost does not grow with its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from console.actions import bindings
from console.widgets.canvas import Inked
from console.widgets.ink import Span, Tone, fit, left, right
from console.widgets.rows import GAP, Column, Filter, Order, Row, fit_columns, sort_rows, title_of

if TYPE_CHECKING:
    from textual import events

TOP = 2
"""Lines above the rows: the title and the headings."""
READING = "reading …"
"""In the place of rows that are not known yet: none would be a finding."""


class Table(Inked, can_focus=True):
    """Rows under a title and headings, with a cursor, sorting, a filter and a scroll mark."""

    BINDINGS = [*bindings("table"), *bindings("sorted")]  # noqa: RUF012 - as Textual reads it
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--cursor", "table--cursor-away"}

    class Moved(Message):
        """The cursor came to stand on another row."""

        def __init__(self, table: Table, row: Row | None) -> None:
            super().__init__()
            self.table = table
            self.row = row

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Table.Moved) and message.table is self.table

    class Chosen(Message):
        """Enter or a double click on a row."""

        def __init__(self, table: Table, row: Row) -> None:
            super().__init__()
            self.table = table
            self.row = row

    def __init__(self, name: str, columns: Sequence[Column], order: Order) -> None:
        super().__init__(name)
        self.columns = tuple(columns)
        self.order = order
        self.filter = Filter()
        self.cursor = 0
        self.empty = "nothing here yet"
        self._title: list[Span] = []
        self._all: Sequence[Row] = ()
        self._rows: list[Row] = []
        self.waits = True  # nobody has said yet which rows there are
        self._wanted: str | None = None  # key that the cursor goes to once it is there
        self._top = 0
        self._fitted: list[tuple[int, int]] = []

    # What it shows

    def show(self, rows: Sequence[Row], *, title: Sequence[Span] | None = None) -> None:
        """Shows these rows; the cursor stays on its row, unchanged lines are not repainted."""
        if title is not None and list(title) != self._title:
            self._title = list(title)
            self.refresh(Region(0, 0, self.size.width, 1))
        if self.waits:
            self.waits = False
            self.refresh()  # the word for no rows is another one now
        self._all = rows
        self._arrange()

    def set_columns(self, columns: Sequence[Column], order: Order) -> None:
        """Other columns; the rows are gone until `show` brings new ones."""
        self.columns, self.order = tuple(columns), order
        self._all, self._rows, self._wanted, self.waits = (), [], None, True
        self.cursor = self._top = 0
        self._refit()

    def narrow(self, text: str) -> None:
        """Shows only the rows that match a filter text (empty: all)."""
        self.filter = Filter.of(text)
        self._arrange()
        self.refresh(Region(0, 0, self.size.width, 1))

    def sort_by(self, column: int, downwards: bool | None = None) -> None:
        """Sorts by a column; twice by the same one turns it round."""
        if downwards is None:
            same = self.order.column == column
            downwards = not self.order.downwards if same else self.columns[column].downwards
        self.order = Order(column, downwards)
        self._arrange()
        self.refresh(Region(0, 1, self.size.width, 1))

    @property
    def selected(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    @property
    def shown(self) -> Sequence[Row]:
        """The rows as they are shown: filtered and sorted."""
        return self._rows

    def select(self, key: str) -> None:
        """Puts the cursor on the row with this key, now or as soon as it is shown."""
        self._wanted = key
        self._arrange()

    def _arrange(self) -> None:
        selected = self.selected
        before, before_top = self._rows, self._top
        kept = [row for row in self._all if self.filter.matches(row)] if self.filter.text else self._all
        self._rows = sort_rows(kept, self.order)
        key = self._wanted if self._wanted is not None else selected.key if selected else None
        at = next((index for index, row in enumerate(self._rows) if row.key == key), None)
        self._wanted = None if at is not None else self._wanted
        old = self.cursor
        self.cursor = at if at is not None else max(0, min(self.cursor, len(self._rows) - 1))
        self._keep_in_view()
        if self._top != before_top or len(before) != len(self._rows):
            self.refresh(Region(0, TOP, self.size.width, max(0, self.size.height - TOP)))
        else:
            for index in range(self._top, min(len(self._rows), self._top + self._page)):
                if before[index] != self._rows[index] or (index in (old, self.cursor) and old != self.cursor):
                    self._refresh_row(index)
        if (self.selected and self.selected.key) != (selected and selected.key):
            self.post_message(self.Moved(self, self.selected))

    # Drawing

    @property
    def _page(self) -> int:
        return max(1, self.size.height - TOP)

    def _refit(self) -> None:
        self._fitted = fit_columns(self.columns, max(1, self.size.width - 2))
        self._keep_in_view()
        self.refresh()

    def on_resize(self) -> None:
        self._refit()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self.strip_of(fit(self._heading(), width))
        if y == 1:
            return self.strip_of(fit(self._headings(), width))
        index = self._top + y - TOP
        if index >= len(self._rows):
            word = self._nothing() if index == 0 else ""
            return self.strip_of(fit([Span(f" {word}", Tone.DIM)], width))
        over = self._cursor_style() if index == self.cursor else None
        return self.strip_of(
            fit([*self._cells(self._rows[index]), Span(self._thumb(y - TOP), Tone.DIM)], width), over
        )

    def _heading(self) -> list[Span]:
        focus = self.has_focus
        # What is wrong with a filter takes the place of the remarks behind the name of the table.
        title = self._title[:1] if self.filter.problem else self._title
        spans = [Span("▌" if focus else " ", Tone.ACCENT)]
        spans += [s._replace(tone=Tone.ACCENT) if focus and s.tone is Tone.STRONG else s for s in title]
        if self.filter.text:
            spans.append(Span(f"  /{self.filter.text}  {len(self._rows)} of {len(self._all)}", Tone.WARM))
        if self.filter.problem:
            spans.append(Span(f"  {self.filter.problem}", Tone.WARM))
        return spans

    def _headings(self) -> list[Span]:
        spans = [Span(" ")]
        for place, (index, width) in enumerate(self._fitted):
            column = self.columns[index]
            down = self.order.downwards if self.order.column == index else None
            title = title_of(column, sorted_down=down)
            spans.append(Span(" " * (GAP if place else 0)))
            spans.append(title._replace(text=(right if column.at_right else left)(title.text, width)))
        return spans

    def _cells(self, row: Row) -> list[Span]:
        spans = [Span(" ")]
        for place, (index, width) in enumerate(self._fitted):
            cell = row.cells[index]
            text = cell.shown(width, at_right=self.columns[index].at_right)
            spans += [Span(" " * (GAP if place else 0)), Span(text, cell.tone)]
        return spans

    def _nothing(self) -> str:
        if self.waits:
            return READING
        if not self.filter.text or not self._all:
            return self.empty
        if self.filter.problem:
            return f"/{self.filter.text} is not a valid expression, and no row holds it as text"
        return f"no row matches /{self.filter.text}"

    def _cursor_style(self) -> Style:
        return self.get_component_rich_style(
            "table--cursor" if self.has_focus else "table--cursor-away", partial=True
        )

    def _thumb(self, line: int) -> str:
        """The scroll mark at the right edge, where there is more than fits."""
        count, page = len(self._rows), self._page
        if count <= page:
            return " "
        size = max(1, page * page // count)
        start = (page - size) * self._top // max(1, count - page)
        return "▐" if start <= line < start + size else "│"

    # Moving

    def _refresh_row(self, index: int) -> None:
        y = index - self._top + TOP
        if TOP <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _keep_in_view(self) -> None:
        last = max(0, len(self._rows) - self._page)
        self._top = max(0, min(self._top, last, self.cursor))
        if self.cursor >= self._top + self._page:
            self._top = self.cursor - self._page + 1

    def _move_to(self, index: int) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        if index == self.cursor:
            return
        before, top, self.cursor = self.cursor, self._top, index
        self._keep_in_view()
        if self._top != top:
            self.refresh(Region(0, TOP, self.size.width, max(0, self.size.height - TOP)))
        else:
            self._refresh_row(before)
            self._refresh_row(index)
        self.post_message(self.Moved(self, self.selected))

    def action_row_down(self) -> None:
        self._move_to(self.cursor + 1)

    def action_row_up(self) -> None:
        self._move_to(self.cursor - 1)

    def action_first_row(self) -> None:
        self._move_to(0)

    def action_last_row(self) -> None:
        self._move_to(len(self._rows) - 1)

    def action_half_page_down(self) -> None:
        self._move_to(self.cursor + max(1, self._page // 2))

    def action_half_page_up(self) -> None:
        self._move_to(self.cursor - max(1, self._page // 2))

    def action_sort(self) -> None:
        """Sorts by the next visible column that can be sorted by."""
        order = [index for index, _ in self._fitted if self.columns[index].sortable]
        place = order.index(self.order.column) if self.order.column in order else -1
        following = order[(place + 1) % len(order)]
        self.sort_by(following, self.columns[following].downwards)

    def action_reverse(self) -> None:
        self.sort_by(self.order.column, not self.order.downwards)

    def action_choose(self) -> None:
        if self.selected is not None:
            self.post_message(self.Chosen(self, self.selected))

    # Mouse

    def on_click(self, event: events.Click) -> None:
        if event.y == 1:
            column = self._column_at(event.x)
            if column is not None and self.columns[column].sortable:
                self.sort_by(column)
        elif event.y >= TOP and self._top + event.y - TOP < len(self._rows):
            self._move_to(self._top + event.y - TOP)
            if event.chain == 2:
                self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._move_to(self.cursor + 3)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._move_to(self.cursor - 3)
        event.stop()

    def _column_at(self, x: int) -> int | None:
        at = 1
        for index, width in self._fitted:
            if at <= x < at + width + GAP:
                return index
            at += width + GAP
        return None
