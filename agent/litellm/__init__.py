"""What the LiteLLM gateway and the LiteLLM source share: one client, and one name for every key."""
