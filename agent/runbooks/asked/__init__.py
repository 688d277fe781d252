"""How queries and conditions of runbooks are answered: one file a theme."""
