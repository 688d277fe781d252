"""The burndeck command and the Textual console."""
