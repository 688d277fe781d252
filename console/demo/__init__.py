"""The demo: the simulated provider, the agent and the console on loopback, gone without a trace."""
