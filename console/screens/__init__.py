"""The screens: each shows one report of `agent.reports`, made in the live thread."""
