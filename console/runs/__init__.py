"""Runs of runbooks without a person: what a script answers, and drills against the simulated provider."""
