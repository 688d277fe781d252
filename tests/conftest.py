"""What holds for every test: no person's keyring is asked, and nobody's identity or secrets are used."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# The keyring chooses its backend once a process, so it must be said before the first test asks.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
os.environ.pop("BURNDECK_IDENTITY_FILE", None)
os.environ.pop("BURNDECK_CONFIG", None)

# How long one example takes says something of the machine, and nothing of what is tested.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
