"""The Audit screen: who did what, and the proof that nobody rewrote it."""
