"""Where secrets come from, and the type that keeps them out of logs, messages and the ledger."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.errors import ConfigError

SERVICE = "burndeck"
"""Name under which the keyring holds our secrets."""

_KEY_IN_TEXT = re.compile(r"\b(sk-[A-Za-z0-9_-]{3})[A-Za-z0-9_-]{5,}|(?i:(bearer) +)\S+")


class Secret:
    """A value that only `reveal()` shows; printing, logging or formatting it shows stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one header that carries it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")


class NoSecretError(ConfigError):
    """Nobody has given the secret that is looked for."""


@dataclass(frozen=True, slots=True)
class SecretName:
    """A secret before anybody looks for it: how it is kept, and how people speak of it."""

    name: str  # `openai_admin_key`; the environment has it in capitals
    what: str  # `admin key`
    owner: str  # what `burndeck login` is told
    phrase: bool = False  # may hold blanks, as passwords do


@dataclass(frozen=True, slots=True)
class Found:
    """A secret and the place it came from, in words that `doctor` may show."""

    secret: Secret
    place: str


def redact(text: str) -> str:
    """The text with every key and bearer token cut to its beginning."""
    return _KEY_IN_TEXT.sub(lambda match: f"{match[1] or match[2] + ' '}***", text)


def secret_name(source: str) -> str:
    """Name of the admin key of a source: `openai` has `openai_admin_key`."""
    return f"{plain_name(source)}_admin_key"


def plain_name(name: str) -> str:
    """A name as part of a variable's: small letters, and `_` for `-` and `.`."""
    return name.lower().replace("-", "_").replace(".", "_")


def admin_key(source: str) -> SecretName:
    """The admin key of a source."""
    return SecretName(secret_name(source), "admin key", source)


def master_key(name: str) -> SecretName:
    """The master key of a LiteLLM proxy, which its source and its gateway share when they have one name."""
    return SecretName(f"{plain_name(name)}_master_key", "master key", name)


def find_secret(*wanted: str | SecretName, environ: Mapping[str, str] | None = None) -> Found:
    """The first of the secrets that is there; a text is a source, and stands for its admin key.

    Looks into the systemd credential, the file that `<NAME>_FILE` names, the environment and the
    keyring, in this order. Raises `NoSecretError` when there is none, another `ConfigError` when one that was
    given cannot be read.
    """
    environ = os.environ if environ is None else environ
    trouble = ""
    names = [_named(each) for each in dict.fromkeys(wanted)]
    for name in names:
        for found in _outside_keyring(name, environ):
            return found
        value, trouble = from_keyring(name.name)
        if value:
            return Found(_checked(value, "the keyring", name), "keyring")
    first = names[0]
    detail = f" ({trouble})" if trouble else ""
    variable = first.name.upper()
    raise NoSecretError(
        f"no {first.what} for {first.owner}{detail}",
        hint=f"Run `burndeck login {first.owner}`, or set {variable}_FILE or {variable}.",
    )


def where(*wanted: str | SecretName, environ: Mapping[str, str] | None = None) -> str | None:
    """The place of the secret that would be used, or None; never its value."""
    try:
        return find_secret(*wanted, environ=environ).place
    except ConfigError:
        return None


def store_secret(wanted: str | SecretName, secret: Secret) -> None:
    """Puts a secret into the keyring; raises `ConfigError` with another way on a headless machine."""
    named = _named(wanted)
    if trouble := to_keyring(named.name, secret):
        raise ConfigError(
            f"the keyring takes no secret here: {trouble}",
            hint=f"On a headless machine put the {named.what} into a file that only you can read and set "
            f"{named.name.upper()}_FILE, or give the service a systemd credential named {named.name}.",
        )


def _named(wanted: str | SecretName) -> SecretName:
    return admin_key(wanted) if isinstance(wanted, str) else wanted


def to_keyring(name: str, secret: Secret) -> str:
    """Puts a secret into the keyring; returns why it could not, or nothing."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, name, secret.reveal())
    except (KeyringError, OSError) as error:
        return _first_line(error)
    return ""


def from_keyring(name: str) -> tuple[str | None, str]:
    """The keyring's value, and why it could not be asked; a keyring that fails is one that has nothing."""
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, name), ""
    except (KeyringError, OSError) as error:
        return None, f"the keyring cannot be asked: {_first_line(error)}"


def _outside_keyring(wanted: SecretName, environ: Mapping[str, str]) -> Iterator[Found]:
    name = wanted.name
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if directory and (path := Path(directory) / name).is_file():
        yield Found(_read(path, f"systemd credential {name}", wanted), f"systemd credential {name}")
    variable = name.upper()
    if file := environ.get(f"{variable}_FILE"):
        yield Found(_read(Path(file), f"{variable}_FILE", wanted), f"file named by {variable}_FILE")
    if value := environ.get(variable, "").strip():
        yield Found(_checked(value, variable, wanted), f"environment variable {variable}")


def _read(path: Path, place: str, wanted: SecretName) -> Secret:
    try:
        value = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{place}: {path} cannot be read: {_first_line(error)}",
            hint="Give the user that runs the agent the right to read it.",
        ) from error
    if not value:
        raise ConfigError(f"{place}: {path} is empty", hint=f"Put the {wanted.what} into it, on one line.")
    return _checked(value, f"{place}: {path}", wanted)


def _checked(value: str, place: str, wanted: SecretName) -> Secret:
    """The secret, which may go into a header: anything else there would end up in error messages."""
    value = value.strip()
    if not re.fullmatch(r"[ -~]+" if wanted.phrase else r"[!-~]+", value):
        kind = "one line" if wanted.phrase else "one word"
        raise ConfigError(
            f"{place} holds more than the {wanted.what}",
            hint=f"It must be {kind} of printable ASCII: no second line"
            + (" or comment." if wanted.phrase else ", blank or comment."),
        )
    return Secret(value)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
