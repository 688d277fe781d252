"""Throttle, block and cap what a row or an alert is about: previewed, confirmed by name, signed."""
