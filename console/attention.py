"""What the application attends to on every screen: alerts that fire, and wishes that wait for the agent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message

from agent.errors import BurndeckError
from console.alarm import Alarm, is_quiet, rings
from console.live import Answer, Live
from console.questions import Watch, watch_question
from console.typed_ahead import TypedAhead

if TYPE_CHECKING:
    from agent.control import IntentKind, IntentReceipt, Standing
    from agent.reports.action_badge import ActionBadge
    from agent.reports.alert_badge import FiringAlert
    from agent.runbooks.view import RunBadge
    from agent.settings import Settings
    from console.screens.exporting import Exported
    from console.wants import Want, Wants

BANNER_S = 10.0  # the bar of a new alert goes after so long; the badge in the header stays
AGENT_S = 6.0  # an agent that runs has answered by then


class Signed(Message):
    """A wish is in the ledger, or why it is not."""

    def __init__(self, want: Want, found: IntentReceipt | BurndeckError) -> None:
        super().__init__()
        self.want = want
        self.found = found


class Known(Message):
    """Who is here, or why nobody can tell."""

    def __init__(self, found: Standing | BurndeckError) -> None:
        super().__init__()
        self.found = found


class Attention(TypedAhead):
    """Rings for new alerts, knows who is here, and gives the agent what that person asks for."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live
        self.alarm = Alarm()
        self._acting: ActionBadge | None = None  # what is in force and what waits, as the ledger says
        self._runs: RunBadge | None = None  # runbooks in progress, and the people that they ask
        self.forged = False  # the agent has found rows that it did not write
        self.settings: Settings | None = None  # of the newest news
        self.standing: Standing | None = None  # None: nobody has asked yet, or nobody could tell
        self.read_only = False  # nobody here could sign
        self._asked_who = False
        self._wants: Wants | None = None  # nothing was asked for yet
        self._then: list[Callable[[Standing], None]] = []  # what goes on when it is known
        self._then_form: list[Callable[[Standing], None]] = []  # what opens a form then
        self._asking_who = False
        self.exporting = False  # a postmortem is being written

    # Alerts, wherever the person is

    def attend(self, settings: Settings) -> None:
        """News came in under these settings; with the first, when its frame is drawn, the watch begins."""
        first, self.settings = self.settings is None, settings
        if first:
            self._stand()

    def _stand(self) -> None:
        self.live.stand(watch_question(self._wants.waiting if self._wants else ()))

    def hear_watch(self, news: Answer) -> None:
        """What fires now, and what the agent has answered."""
        watch = news.value
        assert isinstance(watch, Watch)
        before = self._heard
        new = self.alarm.hear(watch.badge)
        self._acting, self._runs, self.forged = watch.acting, watch.runs, watch.forged
        waits = (watch.acting is not None and watch.acting.waiting) or (
            watch.runs is not None and watch.runs.sign
        )
        if waits and not self._asked_who:
            self.know()  # whether it is this person who is waited for
        if self._heard != before:
            self._tell_alarm()
        if new is not None:
            self.set_timer(BANNER_S, partial(self._lapse, new))
            if not is_quiet(os.environ):
                self.ring(rings(new))
        said = self._wants.answered(watch.outcomes) if self._wants else []
        if said:
            self._stand()
            self.say(" ".join(said))

    @property
    def _heard(self) -> tuple[object, ...]:
        return self.alarm.badge, self.alarm.shown, self._acting, self._runs, self.forged

    @property
    def acting(self) -> tuple[int, int, int]:
        """How many actions are in force; what waits for the person here, steps of runs too: real, drills."""
        person = self.standing.person if self.standing is not None else None
        badges = [each for each in (self._acting, self._runs) if each is not None]
        real, drills = (sum(each.asked_of(person, drill=drill) for each in badges) for drill in (False, True))
        return self._acting.in_force if self._acting is not None else 0, real, drills

    @property
    def runs(self) -> int:
        """How many runs of runbooks are in progress."""
        return self._runs.open if self._runs is not None else 0

    def _tell_alarm(self) -> None:
        if (hear := getattr(self.top, "hear_alarm", None)) is not None:
            hear()

    def ring(self, sequence: str) -> None:
        """Writes what makes the terminal ring; nothing of it is seen on the screen."""
        if self._driver is not None:
            self._driver.write(sequence)
            self._driver.flush()

    def action_dismiss_banner(self) -> None:
        self.dismiss_banner()

    def _lapse(self, alert: FiringAlert) -> None:
        """The bar of an alert has been there long enough; that of a newer one stays."""
        if self.alarm.shown is alert:
            self.dismiss_banner()

    def dismiss_banner(self) -> bool:
        """Takes the bar of a new alert away; False where there is none."""
        there = self.alarm.dismiss()
        if there:
            self._tell_alarm()
        return there

    # Acting

    def know(self, then: Callable[[Standing], None] | None = None, *, for_form: bool = False) -> None:
        """Finds out who is here, in a thread: the keyring may take its time; then goes on with `then`.

        What opens a form is left out by then where the person has left it.
        """
        self._asked_who = True
        if then is not None and self.standing is not None and not self.read_only:
            then(self.standing)
            return
        if self.settings is None:
            self.forget_keys()
            return
        if then is not None:
            (self._then_form if for_form else self._then).append(then)
        if not self._asking_who:
            self._asking_who = True
            self.run_worker(partial(self._ask_who, self.settings), thread=True, group="who")

    def _ask_who(self, settings: Settings) -> None:
        from console.wants import who_is_here  # not needed for the first frame

        try:
            self.post_message(Known(who_is_here(settings)))
        except BurndeckError as error:
            self.post_message(Known(error))

    def on_known(self, event: Known) -> None:
        waiting = [*self._then, *self._then_form]
        self._then, self._then_form, self._asking_who = [], [], False
        if isinstance(event.found, BurndeckError):
            self.read_only = True
            self.forget_keys()
            self._tell_alarm()
            self.say(f"Read-only: {event.found.message}. {event.found.hint}")
            return
        self.standing, self.read_only = event.found, event.found.person is None
        self._tell_alarm()
        for then in waiting:
            then(event.found)

    def leave_form(self) -> bool:
        waited, self._then_form = bool(self._then_form), []
        return waited

    def on_exported(self, event: Exported) -> None:
        """A postmortem is written, or not: said on whatever screen is looked at by then."""
        self.exporting = False
        self.say(event.said)

    def stopped(self, kind: IntentKind, reason: str, subject: str = "") -> None:
        """Whoever is here was told that they may not ask for this: on record, where they are known."""
        if self.settings is not None and not self.read_only:
            from console.wants import put_on_record

            work = partial(put_on_record, self.settings, kind, reason, subject)
            self.run_worker(work, thread=True, group="sign")

    def want(self, *wants: Want) -> None:
        """Signs wishes in their order, in a thread, and gives them to the agent; notes say the rest."""
        if self.settings is not None:
            self.run_worker(partial(self._sign, self.settings, wants), thread=True, group="sign")

    def _sign(self, settings: Settings, wants: Iterable[Want]) -> None:
        from console.wants import send

        for want in wants:
            try:
                self.post_message(Signed(want, send(settings, want)))
            except BurndeckError as error:
                self.post_message(Signed(want, error))

    def on_signed(self, event: Signed) -> None:
        want, found = event.want, event.found
        if isinstance(found, BurndeckError):
            said = want.failed(found.message)
            if said:
                self.say(said if want.together is not None else f"{found.message}. {found.hint}")
            return
        from console.wants import Wants

        receipt = found
        wants = self._wants = self._wants or Wants()
        wants.add(want, receipt)
        self._stand()
        it, takes = ("it", "it back") if want.together is None else ("them", "each back")
        self.say(f"Signed by {receipt.person}; the agent has {it} now.")

        def still_waiting() -> None:
            if receipt.id in wants.waiting:
                self.say(f"No agent has taken {it} yet; 4, and u there, takes {takes} until then.")

        self.set_timer(AGENT_S, still_waiting)
