"""Where pipelines tell of a deploy or another change: `POST /changes`, believed by its signature alone.

Signed as Standard Webhooks has it with the secret of `burndeck login changes`. The same change may be posted
again and again: the feed has it once.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from agent.errors import ConfigError
from agent.process.bodies import MOST_BYTES, read_body
from agent.process.seldom import Seldom
from agent.secrets import find_secret
from agent.settings_changes import CHANGES_SECRET
from agent.telemetry.changes.posted import FieldError
from agent.webhooks import signed_by, signers_of

if TYPE_CHECKING:
    from standardwebhooks import Webhook as Signer
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from agent.settings import Settings

PATH = "/changes"
_SAID = {408: "the body did not come in time", 413: f"the body has more than {MOST_BYTES // 1024} KB"}
_log = logging.getLogger(__name__)

OnPosted = Callable[[bytes, str], Awaitable[None]]
"""Takes a body and the id of its message; raises `FieldError` for one that is no change."""


class ChangeHook:
    """The endpoint, and who may speak to it: nobody before `load`, or while `[changes] webhook` is off."""

    def __init__(self, settings: Settings) -> None:
        self._wanted = settings.changes.webhook
        self._signers: list[Signer] = []
        self._unsigned = Seldom(_log)

    def load(self) -> None:
        """Looks for the secret; without one nothing is taken, and the log says so. May wait for a person."""
        if not self._wanted:
            return
        try:
            self._signers = signers_of("changes", find_secret(CHANGES_SECRET).secret)
        except ConfigError as error:
            _log.warning("no change of a pipeline is taken: %s", error.message)

    def route(self, on_posted: OnPosted) -> Route:
        """The endpoint as part of a server."""
        from starlette.routing import Route

        async def take(request: Request) -> Response:
            return await self._take(request, on_posted)

        return Route(PATH, take, methods=["POST"])

    async def _take(self, request: Request, on_posted: OnPosted) -> Response:
        from starlette.responses import Response

        if not self._signers:
            return _refusal(404, "changes are not taken here")
        body = await read_body(request)
        if isinstance(body, int):
            return _refusal(body, _SAID[body])
        if not signed_by(self._signers, request.headers, body):
            self._unsigned.warn("a posted change is refused: not signed with the secret, or not just now")
            return _refusal(401, "not signed with the secret, or not just now")
        try:
            await on_posted(body, request.headers["webhook-id"])
        except FieldError as error:
            _log.warning("a posted change is refused: %s", error)
            return _refusal(400, str(error), error.field)
        return Response(status_code=204)


def _refusal(status: int, why: str, field: str = "") -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse({"error": why} | ({"field": field} if field else {}), status_code=status)
