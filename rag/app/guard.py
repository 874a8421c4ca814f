"""What stands in front of the page: who may ask, from where, and what a browser may load.

The policy is the second wall behind escaping: scripts only from this server (inline ones carry a nonce made anew for
each page, so an ``onerror=`` never runs), and nothing at all from any other host. Gradio compiles its templates in
the browser, so ``unsafe-eval`` must stay, and it sets styles inline.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["Guard", "is_loopback"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PORT = re.compile(r":[0-9]{1,5}\Z")
_SCRIPT = re.compile(rb"<script(?=[\s>])")
# Gradio's page names its own pictures and site for link previews: no one needs them here.
_PREVIEW = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>')
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine alone."""
    return host.removeprefix("[").removesuffix("]").lower() in _LOOPBACK


def _policy(nonce: str) -> bytes:
    return (
        "default-src 'none'; base-uri 'self'; object-src 'none'; frame-src 'none'; frame-ancestors 'none'; "
        f"form-action 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
        "worker-src 'self' blob:"
    ).encode()


class Guard:
    """An ASGI application around another: checks host, origin and password, and adds the security headers.

    ``host`` is the address bound to. On loopback only loopback names are answered, so that another site's name
    cannot be pointed here; ``password`` (any user name) is asked for whenever it is not empty.
    """

    def __init__(self, application: Application, host: str, password: str = "") -> None:
        self._application, self._local, self._password = application, is_loopback(host), password

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 400, 401 or 403."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        refusal = self._refusal(headers)
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif refusal:
            await _refuse(send, *refusal)
        else:
            await self._application(scope, receive, _Page(send))

    def _refusal(self, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if self._local and not is_loopback(_PORT.sub("", host)):
            return 400, "this address answers to 127.0.0.1 and localhost only"
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if origin and origin not in (f"http://{host}", f"https://{host}"):
            return 403, "requests from other sites are refused"
        if self._password and not self._knows(headers.get(b"authorization", b"")):
            return 401, "a password is needed"
        return None

    def _knows(self, authorization: bytes) -> bool:
        kind, _, value = authorization.partition(b" ")
        if kind.lower() != b"basic":
            return False
        try:
            _, _, password = base64.b64decode(value, validate=True).partition(b":")
        except binascii.Error:
            return False
        return hmac.compare_digest(password, self._password.encode())


async def _refuse(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="Wenju", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


class _Page:
    """Sends a response on with the headers added; an HTML page is held back to give its scripts the nonce."""

    def __init__(self, send: Send) -> None:
        self._send, self._nonce = send, secrets.token_urlsafe(16)
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Handle one message of the response."""
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers = [*message["headers"], *_HEADERS, (b"content-security-policy", _policy(self._nonce))]
        message = {**message, "headers": headers}
        kinds = [value for name, value in headers if name.lower() == b"content-type"]
        packed = any(name.lower() == b"content-encoding" for name, _ in headers)
        if kinds and kinds[0].startswith(b"text/html") and not packed:
            self._start = message
        else:
            await self._send(message)

    async def _finish(self, start: Message) -> None:
        body = _PREVIEW.sub(b"", bytes(self._body))
        body = _SCRIPT.sub(b'<script nonce="' + self._nonce.encode() + b'"', body)
        headers = [item for item in start["headers"] if item[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
