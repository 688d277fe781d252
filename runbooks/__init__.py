"""The shipped runbooks, as data: Markdown beside this file."""
