"""The Actions screen: what is in force, what waits for approval, what is over, and its undo."""
