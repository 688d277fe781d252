"""GitHub, Jira and ServiceNow as far as burndeck speaks to them. Give one to a `Receiver` as its answer.

Each keeps its tickets and refuses what the real one would.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from tests.servers.receiver import Answer, Got


@dataclass
class Entry:
    """One ticket."""

    id: str
    title: str
    text: str
    mark: str  # what it is found by, where that is no part of the text
    open: bool = True
    comments: list[str] = field(default_factory=list)


class GitHub:
    """The issues of `ACME/ops`; a search finds them once they are `indexed`, a list has `listed` of them."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.entries: list[Entry] = []
        self.indexed = False
        self.listed = 100

    def __call__(self, got: Got) -> Answer:
        """Answers one request."""
        if got.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"message": f"Bad credentials: {got.headers.get('authorization')}"})
        if got.path == "/search/issues":
            word = re.findall(r'"([^"]+)" repo:ACME/ops in:body is:issue', got.query["q"][0])[0]
            hits = [entry for entry in self.entries if self.indexed and word in entry.text]
            return Answer(200, {"items": [self._shown(entry) for entry in hits]})
        match = re.fullmatch(r"/repos/ACME/ops/issues(?:/(\d+))?(/comments)?", got.path)
        if match is None:
            return Answer(404, {"message": "Not Found"})
        if match[1] is None:
            return self._all(got)
        entry = next((entry for entry in self.entries if entry.id == match[1]), None)
        if entry is None:
            return Answer(410, {"message": "This issue was deleted"})
        if match[2]:
            return self._comments(entry, got)
        if got.method == "PATCH":
            entry.open = got.json["state"] == "open"
        return Answer(200, self._shown(entry))

    def _comments(self, entry: Entry, got: Got) -> Answer:
        if got.method == "POST":
            entry.comments.append(got.json["body"])
            return Answer(201, {"body": entry.comments[-1]})
        size, page = (
            int(got.query.get(key, [usual])[0]) for key, usual in (("per_page", "30"), ("page", "1"))
        )
        oldest_first = entry.comments[(page - 1) * min(size, 100) :][: min(size, 100)]
        return Answer(200, [{"body": text} for text in oldest_first])

    def _all(self, got: Got) -> Answer:
        if got.method == "GET":
            assert got.query["state"] == ["all"]
            newest = list(reversed(self.entries))[: self.listed]
            return Answer(200, [self._shown(entry) for entry in newest])
        sent = got.json
        if not sent["title"] or len(sent["title"]) > 256 or len(sent["body"]) > 65_536:
            return Answer(422, {"message": "Validation Failed"})
        self.entries.append(Entry(str(len(self.entries) + 1), sent["title"], sent["body"], ""))
        return Answer(201, self._shown(self.entries[-1]))

    @staticmethod
    def _shown(entry: Entry) -> dict[str, Any]:
        state = "open" if entry.open else "closed"
        about = {"number": int(entry.id), "title": entry.title, "body": entry.text, "state": state}
        return about | {"comments": len(entry.comments)}


class Jira:
    """The issues of the project OPS; whoever searches finds one only when it is `indexed`."""

    def __init__(self, user: str, token: str) -> None:
        self.login = base64.b64encode(f"{user}:{token}".encode()).decode()
        self.entries: list[Entry] = []
        self.indexed = True
        self.transitions = True

    def __call__(self, got: Got) -> Answer:
        """Answers one request."""
        if got.headers.get("authorization") != f"Basic {self.login}":
            return Answer(401, {"errorMessages": [f"no: {got.headers.get('authorization')}"]})
        if got.path == "/rest/api/3/search/jql":
            mark = re.findall(r'project = "OPS" AND labels = "([^"]+)"', got.json["jql"])[0]
            hits = [entry for entry in reversed(self.entries) if self.indexed and entry.mark == mark]
            return Answer(200, {"issues": [self._shown(entry) for entry in hits], "isLast": True})
        if got.path == "/rest/api/3/issue":
            return self._create(got.json["fields"])
        match = re.fullmatch(r"/rest/api/3/issue/(OPS-\d+)(?:/(comment|transitions))?", got.path)
        entry = next((entry for entry in self.entries if match and entry.id == match[1]), None)
        if match is None or entry is None:
            return Answer(404, {"errorMessages": ["Issue does not exist or you do not have permission"]})
        if match[2] == "comment":
            if got.method == "POST":
                entry.comments.append(_text_of(got.json["body"]))
            return Answer(200, {"comments": [{"body": text} for text in entry.comments]})
        if match[2] == "transitions":
            return self._transition(entry, got)
        return Answer(200, self._shown(entry))

    def _create(self, fields: dict[str, Any]) -> Answer:
        words = all(re.fullmatch(r"\S+", label) for label in fields["labels"])
        if fields["project"] != {"key": "OPS"} or not words or not 0 < len(fields["summary"]) <= 255:
            return Answer(400, {"errors": {"summary": "wrong"}})
        mark = next(label for label in fields["labels"] if label.startswith("burndeck-"))
        text = _text_of(fields["description"])
        assert len(text) <= 32_767
        self.entries.append(Entry(f"OPS-{len(self.entries) + 1}", fields["summary"], text, mark))
        return Answer(201, {"id": "1", "key": self.entries[-1].id})

    def _transition(self, entry: Entry, got: Got) -> Answer:
        if got.method == "POST":
            entry.open = got.json["transition"]["id"] != "31"
            return Answer(204, "")
        steps = [("11", "new"), ("21", "indeterminate"), ("31", "done")] if self.transitions else []
        shown = [{"id": ident, "to": {"statusCategory": {"key": key}}} for ident, key in steps]
        return Answer(200, {"transitions": shown})

    @staticmethod
    def _shown(entry: Entry) -> dict[str, Any]:
        category = {"key": "indeterminate" if entry.open else "done"}
        fields = {"status": {"statusCategory": category}, "labels": ["burndeck", entry.mark]}
        return {"key": entry.id, "fields": fields}


class ServiceNow:
    """The incident table of one instance."""

    def __init__(self, user: str, password: str) -> None:
        self.login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.entries: list[Entry] = []

    def __call__(self, got: Got) -> Answer:
        """Answers one request."""
        if got.headers.get("authorization") != f"Basic {self.login}":
            return Answer(401, {"error": {"message": f"no: {got.headers.get('authorization')}"}})
        if got.path == "/api/now/table/incident":
            return self._find(got) if got.method == "GET" else self._create(got.json)
        ident = got.path.removeprefix("/api/now/table/incident/")
        entry = next((entry for entry in self.entries if entry.id == ident), None)
        if entry is None:
            return Answer(404, {"error": {"message": "No Record found"}})
        sent = got.json
        if sent.get("state") == "6" and not (sent.get("close_code") and sent.get("close_notes")):
            return Answer(403, {"error": {"message": "Data Policy Exception: close_code is mandatory"}})
        if "state" in sent:
            entry.open = sent["state"] != "6"
        if "work_notes" in sent:
            entry.comments.append(sent["work_notes"])
        return Answer(200, {"result": self._shown(entry)})

    def _find(self, got: Got) -> Answer:
        query = got.query["sysparm_query"][0]
        mark = re.findall(r"correlation_id=([\w-]+)\^ORDERBYDESCsys_created_on", query)[0]
        hits = [entry for entry in reversed(self.entries) if entry.mark == mark]
        return Answer(200, {"result": [self._shown(entry) for entry in hits[:1]]})

    def _create(self, sent: dict[str, Any]) -> Answer:
        title, mark = sent["short_description"], sent["correlation_id"]
        if len(title) > 160 or len(mark) > 100 or len(sent["description"]) > 4000:
            return Answer(400, {"error": {"message": "too long"}})
        self.entries.append(Entry(f"sys{len(self.entries) + 1}", title, sent["description"], mark))
        return Answer(201, {"result": self._shown(self.entries[-1])})

    @staticmethod
    def _shown(entry: Entry) -> dict[str, str]:
        return {"sys_id": entry.id, "state": "2" if entry.open else "6"}


def _text_of(node: dict[str, Any]) -> str:
    """The text of a document in the Atlassian Document Format; a node without its parts is refused."""
    if node["type"] == "text":
        assert node["text"], "Jira refuses an empty text"
        return str(node["text"])
    if node["type"] == "doc":
        assert node["version"] == 1
    return "\n".join(_text_of(child) for child in node["content"])
