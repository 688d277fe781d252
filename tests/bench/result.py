"""What a benchmark reports: a figure, what it is measured against, and the goal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure. `goal` is a bound on `value`; `at_least` says from which side."""

    name: str
    value: float
    unit: str  # "x" for a ratio to a baseline of the same run, else ms, MB, % of a core
    goal: float
    at_least: bool = False
    note: str = ""  # the baseline, sizes, spread

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "met" if self.met else "MISSED"
        figure = f"{self.name:<46} {self.value:>9.2f} {self.unit:<4}"
        return f"{figure} goal {sign} {self.goal:g} {self.unit}  {verdict}  {self.note}"
