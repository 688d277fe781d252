"""The agent as a process: its lock, its log, its service unit, and starting it in the background."""
