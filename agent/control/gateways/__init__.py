"""What stands between callers and models, spoken to in its own language: one module or package a kind."""
