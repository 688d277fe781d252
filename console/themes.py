"""The themes: quiet colours, one accent, and one strong colour for what burns above its band."""

from __future__ import annotations

from textual.theme import Theme


def _theme(name: str, *, dark: bool, **ink: str) -> Theme:
    """A theme from our own tones; what Textual's own widgets use follows from them."""
    variables = {f"ink-{tone}": colour for tone, colour in ink.items()}
    return Theme(
        name=name,
        primary=ink["accent"],
        accent=ink["accent"],
        warning=ink["warm"],
        error=ink["hot"],
        success=ink["cool"],
        foreground=ink["plain"],
        background=ink["ground"],
        surface=ink["ground"],
        panel=ink["cursor"],
        dark=dark,
        variables=variables,
    )


DARK = _theme(
    "burndeck-dark",
    dark=True,
    ground="#10151b",
    plain="#c6ced6",
    dim="#77828e",
    strong="#f2f5f7",
    accent="#6cb6d9",
    hot="#f0655a",
    warm="#dca54c",
    cool="#6dbb82",
    fill="#3f677d",
    inside="#5a8ca6",
    spark="#5a7f93",
    band="#33404c",
    cursor="#233140",
    away="#1a222b",
)

LIGHT = _theme(
    "burndeck-light",
    dark=False,
    ground="#fbfaf7",
    plain="#30363c",
    dim="#6d757d",
    strong="#0d1013",
    accent="#12648a",
    hot="#c03227",
    warm="#8f5e00",
    cool="#2c7a46",
    fill="#8fb3c6",
    inside="#5b8fab",
    spark="#7398ab",
    band="#c9d0d5",
    cursor="#d9e6ee",
    away="#eeefec",
)

SAFE = _theme(
    "burndeck-blue-orange",
    dark=True,
    ground="#11141a",
    plain="#cfd4da",
    dim="#838c97",
    strong="#ffffff",
    accent="#8ec9ff",
    hot="#ff9e3d",
    warm="#ffd08a",
    cool="#5aa9ff",
    fill="#3d5f8f",
    inside="#5d83b3",
    spark="#5f7da5",
    band="#363f4d",
    cursor="#26354d",
    away="#1b2230",
)

THEMES = (DARK, LIGHT, SAFE)
WORDS = {DARK.name: "dark", LIGHT.name: "light", SAFE.name: "colour-blind safe"}


def next_theme(name: str) -> Theme:
    """The theme after the one of this name, round and round."""
    names = [theme.name for theme in THEMES]
    return THEMES[(names.index(name) + 1) % len(THEMES) if name in names else 0]
