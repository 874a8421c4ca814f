"""What stands in front of the page: host, origin, password, and the policy a browser is given."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from typing import Any

import pytest
from fake_knowledge import FakeKnowledge

from rag.app.guard import Guard, is_loopback
from rag.app.server import application, launch
from rag.config import AppSettings
from rag.errors import ConfigError

HTML = (
    b'<html><meta property="og:image" content="https://far/x.jpg" /><script>1</script><script\nsrc=\'a.js\'></script>'
)


async def inner(scope: Any, receive: Any, send: Any) -> None:
    kind = b"text/html; charset=utf-8" if scope["path"] == "/" else b"text/plain"
    headers = [(b"content-type", kind), (b"content-length", str(len(HTML)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": HTML[:50], "more_body": True})
    await send({"type": "http.response.body", "body": HTML[50:]})


def get(guard: Guard, path: str = "/", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    messages: list[Any] = []
    sent = {"host": "127.0.0.1:7860", **headers}
    scope = {"type": "http", "path": path, "headers": [(k.encode(), v.encode()) for k, v in sent.items()]}

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        messages.append(message)

    asyncio.run(guard(scope, receive, send))
    start, *bodies = messages
    named = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], named, b"".join(message["body"] for message in bodies)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:7860", 200),
        ("localhost", 200),
        ("[::1]:7860", 200),
        ("evil.test", 400),
        ("127.0.0.1.evil.test", 400),
        ("", 400),
        ("[", 400),
        ("evil.test@127.0.0.1:1", 400),
        ("[[::1]]:7860", 400),
    ],
)
def test_only_loopback_names_are_answered(host: str, status: int) -> None:
    assert get(Guard(inner, "127.0.0.1"), host=host)[0] == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:7860", 200),
        ("http://evil.test", 403),
        ("null", 403),
        ("http://127.0.0.1:9", 403),
        ("http://[", 403),
    ],
)
def test_other_sites_are_refused(origin: str, status: int) -> None:
    assert get(Guard(inner, "127.0.0.1"), origin=origin)[0] == status


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"any:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (basic("钥匙:1"), 200),
        (basic("钥匙"), 401),
        (basic(""), 401),
        ("", 401),
        ("Basic ?", 401),
        ("Bearer 钥匙:1", 401),
    ],
)
def test_a_password_is_asked_for(authorization: str, status: int) -> None:
    guard = Guard(inner, "0.0.0.0", "钥匙:1")
    answered, headers, body = get(guard, host="box.local:7860", authorization=authorization)
    assert answered == status
    assert ("www-authenticate" in headers) == (status == 401) == (b"script" not in body)


def test_scripts_carry_the_nonce_of_the_policy() -> None:
    guard = Guard(inner, "127.0.0.1")
    _, headers, body = get(guard)
    policy = headers["content-security-policy"]
    nonces = re.findall(r"'nonce-([\w-]{20,})'", policy)
    assert len(nonces) == 1 and body.count(f'<script nonce="{nonces[0]}"'.encode()) == 2
    assert "script-src 'self' 'nonce-" in policy and "default-src 'none'" in policy and "http" not in policy
    assert b"https://far" not in body and int(headers["content-length"]) == len(body)
    assert get(guard)[1]["content-security-policy"] != policy


def test_what_is_no_page_passes_unchanged() -> None:
    assert get(Guard(inner, "127.0.0.1"), path="/file")[2] == HTML


@pytest.fixture(scope="module")
def client() -> Any:
    from starlette.testclient import TestClient

    return TestClient(application(FakeKnowledge(), AppSettings()), "http://127.0.0.1")


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/file=/etc/passwd", "/gradio_api/file=pyproject.toml", "/gradio_api/FILE=/etc/passwd"),
        *("/gradio_api/file=%2e%2e/%2e%2e/etc/passwd", "/gradio_api/file%3D/etc/passwd", "/file=/etc/passwd"),
        *(
            "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
            "/assets/..%2f..%2froutes.py",
            "/monitoring",
            "/docs",
            "/openapi.json",
        ),
        *("/gradio_api/proxy=http://127.0.0.1:1/", "/gradio_api/mcp/", "/gradio_api/runs"),
    ],
)
def test_no_file_and_no_back_door_is_served(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (400, 403, 404), answer.text[:200]
    assert "root:" not in answer.text


def test_the_page_names_no_other_site(client: Any) -> None:
    page = client.get("/").text
    places = set(re.findall(r"""(?:src|href|content)=["'](?:https?:)?//[^"']*""", page))
    assert places == set() and "fonts.g" not in page and client.get("/gradio_api/info").json()["named_endpoints"] == {}


def test_an_open_address_without_a_password_is_refused() -> None:
    for host in ("0.0.0.0", "192.168.0.2", "::", "example.org", ""):
        assert not is_loopback(host)
        with pytest.raises(ConfigError, match="set a password"):
            application(FakeKnowledge(), AppSettings(host=host))


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"cannot serve on 127\.0\.0\.1 port {port} \(.+\): set another"
        ) as error:
            launch(FakeKnowledge(), AppSettings(port=port), open_browser=False)
    assert "\n" not in str(error.value)
