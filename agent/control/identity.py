"""A person's own key pair: made, kept, found again. The private half is never shown or logged."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent import paths
from agent.domain.person import name_problem, public_key_text
from agent.errors import ConfigError
from agent.secrets import Secret, from_keyring, to_keyring

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VARIABLE = "BURNDECK_IDENTITY_FILE"
"""Names the file of the identity in force, before keyring and data folder."""

_ITEM = "identity"  # in the keyring
_WORD = "burndeck-identity-1"  # begins every stored identity; the number is the format's
CREATE_HINT = (
    "Run `burndeck identity create`, and paste what it prints into burndeck.toml; "
    f"{VARIABLE} names another file, such as finance in the folder of a demo."
)
"""What to do where nobody is known."""


class NoIdentityError(ConfigError):
    """Nobody is known here whose signature could be given."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's name and private key, and the place that they came from."""

    name: str
    public_key: bytes
    place: str
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, text: str) -> str:
        """The Ed25519 signature over a text, in base64."""
        return base64.b64encode(self._key.sign(text.encode())).decode()

    def config_block(self) -> str:
        """The [[people]] table that makes this identity known to an agent."""
        key = public_key_text(self.public_key)
        return f'[[people]]\nname = "{self.name}"\npublic_key = "{key}"\nroles = ["operator"]\n'


def new_identity(name: str) -> Identity:
    """A new key pair, kept nowhere yet; `ConfigError` for a name that cannot be one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if problem := name_problem(name):
        raise ConfigError(problem, hint="Choose another with --name.")
    return _identity(name, Ed25519PrivateKey.generate(), "kept nowhere yet")


def store_identity(identity: Identity, *, environ: Mapping[str, str] | None = None) -> Identity:
    """Keeps an identity where it will be found again, in place of the one there.

    That is the file which BURNDECK_IDENTITY_FILE names, else the keyring, else, on a machine without one, a
    file in the user's data folder that only the user can read.
    """
    environ = os.environ if environ is None else environ
    if named := environ.get(VARIABLE):
        return write_identity(identity, Path(named))
    secret = Secret(_stored(identity))
    # A keyring that keeps nothing answers without an error too.
    if not to_keyring(_ITEM, secret) and from_keyring(_ITEM)[0] == secret.reveal():
        return _identity(identity.name, identity._key, "keyring")
    return write_identity(identity, paths.identity_file())


def write_identity(identity: Identity, file: Path) -> Identity:
    """Keeps an identity in a file that only its owner can read; a file that is there is replaced."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(_stored(identity) + "\n")
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ConfigError(
            f"{file}: the identity cannot be kept there: {error.strerror}",
            hint=f"Name another file with {VARIABLE}.",
        ) from error
    return _identity(identity.name, identity._key, str(file))


def find_identity(*, environ: Mapping[str, str] | None = None) -> Identity | None:
    """The identity in force on this machine, or None; `ConfigError` when one that is there cannot be used."""
    environ = os.environ if environ is None else environ
    named = environ.get(VARIABLE)
    if not named and (value := from_keyring(_ITEM)[0]):
        return _parsed(value, "keyring")
    file = Path(named) if named else paths.identity_file()
    return read_identity(file) if file.exists() else None


def the_identity(*, environ: Mapping[str, str] | None = None) -> Identity:
    """The identity in force; raises `NoIdentityError` when there is none."""
    if identity := find_identity(environ=environ):
        return identity
    named = (os.environ if environ is None else environ).get(VARIABLE)
    raise NoIdentityError(
        f"there is no identity to sign with {f'in {named}' if named else 'here'}", hint=CREATE_HINT
    )


def read_identity(file: Path) -> Identity:
    """The identity in a file; `ConfigError` when it is none, or when others may read it."""
    try:
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read(4096)
    except FileNotFoundError:
        raise NoIdentityError(f"{file}: there is no identity there", hint=CREATE_HINT) from None
    except OSError as error:
        raise ConfigError(
            f"{file}: the identity cannot be read: {error.strerror}", hint="Make yourself its owner."
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(
            f"{file}: others may read or change this private key, so it is not used",
            hint=f"Run `chmod 600 {file}`; where others had the time to copy it, "
            "`burndeck identity create --force` makes another.",
        )
    return _parsed(content.decode("ascii", "replace"), str(file))


def _stored(identity: Identity) -> str:
    seed = base64.b64encode(identity._key.private_bytes_raw()).decode()
    return f"{_WORD} {identity.name} {seed}"


def _parsed(text: str, place: str) -> Identity:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    match text.split():
        case [word, name, encoded] if word == _WORD and not name_problem(name):
            try:
                seed = base64.b64decode(encoded, validate=True)
                return _identity(name, Ed25519PrivateKey.from_private_bytes(seed), place)
            except (binascii.Error, ValueError):
                pass
    raise ConfigError(
        f"{place}: what is kept there is no identity",
        hint="`burndeck identity create --force` makes another.",
    )


def _identity(name: str, key: Ed25519PrivateKey, place: str) -> Identity:
    return Identity(name, key.public_key().public_bytes_raw(), place, key)
