"""What the words on the screens mean, in one or two short sentences each."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Credit", "The unit of account for all usage; one credit is worth a fixed amount of money."),
    ("Conversion rate", "Money per credit; a billing group may have its own."),
    ("Burn rate", "Credits per minute, measured over the newest complete minutes."),
    ("Usual", "What burned at this hour of the week in recent weeks; the band holds most ordinary hours."),
    ("Allocation", "Credits set aside for a month for an organization, billing group, team, project or key."),
    ("Soft cap", "The share of an allocation from which people are warned; nothing is stopped."),
    ("Hard cap", "The share of an allocation that must not be passed; usage is limited or blocked there."),
    ("Binding cap", "Of all caps above a key or team, the one that is reached first."),
    ("Runway", "Time until the binding cap is reached if the present burn goes on."),
    ("Alert", "A rule that holds for long enough: it fires until it is over; people take it, or mute it."),
    ("Incident", "Alerts that belong together, with the first cause and what they have cost so far."),
    ("Acknowledge", "To say that somebody has taken an alert: it is not repeated and does not escalate."),
    ("Escalation", "When nobody takes an alert in its tier's time, others are told."),
    ("Silence", "Not to be told, until a time or an amount of burn is reached. Never over a hard cap."),
    ("Muted", "By a silence, or by a graver alert of the same budget or incident."),
    ("Planned activity", "Burn that is meant: no alert, not learnt as usual, left out of the forecast."),
    ("Showback", "Showing every team what it used and what that cost, without moving money."),
    ("Chargeback", "Booking the cost of usage to the cost center that caused it."),
    ("Estimated (est)", "Requests seen live, times the rate card. Seconds old."),
    ("Metered (met)", "What the provider has counted, times the rate card. Minutes old, revised."),
    ("Billed (bil)", "What the provider charges. Daily, revised for days, the last word."),
    ("Attributed", "The share of credits that has a team; the rest is shown as unattributed, never dropped."),
    ("Unpriced", "Usage of a model without a rate: counted, shown, never guessed."),
    ("Cost per inference", "Credits divided by the number of completions."),
    ("Share of rise", "How much of the whole rise over usual one row accounts for; all rows make 100 %."),
    ("Model mix", "The part of a rise that comes from requests moving to dearer or cheaper models."),
    ("Cache share", "The share of input tokens that the provider read from its cache at a lower price."),
)
