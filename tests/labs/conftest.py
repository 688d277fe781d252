"""One proxy for all tests that need it: it takes half a minute to start."""

from tests.labs.litellm import litellm_lab

__all__ = ["litellm_lab"]
