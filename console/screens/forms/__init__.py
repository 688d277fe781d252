"""Small forms over a screen: what is about to be signed, and what it would do."""
