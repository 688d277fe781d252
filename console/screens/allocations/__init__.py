"""The Allocations screen: the tree with use, caps and runway, and what is asked of it."""
