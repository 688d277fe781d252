"""Runbooks: read, checked and run. A run's state is in the ledger; people move it by signed intents."""
