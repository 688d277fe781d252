"""What is on the screen: each widget draws lines from plain data and knows nothing of the ledger."""
