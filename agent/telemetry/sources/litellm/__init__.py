"""What a LiteLLM proxy let through and what it cost, call by call, from its log of spend."""
