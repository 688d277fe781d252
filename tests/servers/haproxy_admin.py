"""An admin socket that answers as HAProxy 2.6 does, also as one that is set up wrongly."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path


class AdminSocket:
    """Maps in memory, by path; `refuse` answers some commands, by their first two words, with a text."""

    def __init__(self, path: Path, maps: dict[str, list[tuple[str, str]]]) -> None:
        self.path = path
        self.maps = maps
        self.refuse: dict[str, str] = {}
        self.told: list[str] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(os.fspath(path))
        self._server.listen(64)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection:
                    command = connection.makefile("r").readline().strip()
                    commands = command.split(";")
                    self.told += commands
                    connection.sendall("".join(map(self._answer, commands)).encode())

    def _answer(self, command: str) -> str:
        words = command.split(" ")
        if refused := self.refuse.get(" ".join(words[:2])):
            return refused
        match words:
            case ["show", "map"]:
                rows = [f"{n} ({path}) pattern loaded from file" for n, path in enumerate(self.maps)]
                return "\n".join(["# id (file) description", *rows, "", ""])
            case ["show", "map", path]:
                return (
                    "".join(f"0x{n:x} {key} {value}\n" for n, (key, value) in enumerate(self.maps[path]))
                    + "\n"
                )
            case ["get", "map", path, key] if path in self.maps:
                found = next((value for each, value in self.maps[path] if each == key), None)
                told = "no" if found is None else f'yes, idx=tree, key="{key}", value="{found}", type="sint"'
                return f"type=str, case=sensitive, found={told}\n\n"
            case ["get", "map", *_]:
                return "Unknown map identifier. Please use #<id> or <file>.\n\n"
            case ["add", "map", path, key, value]:
                self.maps[path].append((key, value))
                return "\n"
            case ["set", "map", path, key, value]:
                entries = self.maps[path]
                self.maps[path] = [(each, value if each == key else old) for each, old in entries]
                return "\n" if any(each == key for each, _ in entries) else "entry not found.\n\n"
            case ["del", "map", path, key] if key.startswith("#"):
                del self.maps[path][int(key[1:], 16)]
                return "\n"
            case ["del", "map", path, key]:
                kept = [entry for entry in self.maps[path] if entry[0] != key]
                known = len(kept) < len(self.maps[path])
                self.maps[path] = kept
                return "\n" if known else "Key not found.\n\n"
        return "Unknown command.\n\n"
