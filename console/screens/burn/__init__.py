"""The Burn screen: what burns now, against what is usual and against the caps."""
