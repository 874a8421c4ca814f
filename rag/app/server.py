"""Serve the page on one address, behind the guard."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.app.guard import Application, Guard, is_loopback
from rag.app.handlers import Knowledge, load_gradio
from rag.app.page import asset, build
from rag.errors import ConfigError

if TYPE_CHECKING:
    from rag.app.evaluation import Evaluator
    from rag.config import AppSettings

__all__ = ["application", "check_address", "launch"]

_FONTS = (
    *("system-ui", "-apple-system", "Segoe UI", "PingFang SC", "PingFang TC", "Microsoft YaHei UI"),
    *("Microsoft JhengHei UI", "Noto Sans CJK SC", "Noto Sans CJK TC", "Source Han Sans SC", "sans-serif"),
)
_MAX_FILE = "100mb"
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace")


def check_address(settings: AppSettings) -> None:
    """Raise ``ConfigError`` when the address reaches beyond this machine and no password is set."""
    if not is_loopback(settings.host) and not settings.password:
        raise ConfigError(
            f"host {settings.host} is open to other machines: set a password ([app] password in the settings), or use "
            "127.0.0.1"
        )


def application(
    kb: Knowledge,
    settings: AppSettings,
    *,
    examples: Sequence[str] = (),
    uploads: Path | None = None,
    evaluator: Evaluator | None = None,
) -> Application:
    """The whole service as one ASGI application; see ``build`` for ``examples``, ``uploads`` and ``evaluator``.

    Raises ``ConfigError`` when the address reaches beyond this machine and no password is set.
    """
    check_address(settings)
    gradio = load_gradio()
    from fastapi import FastAPI

    # Neither our application nor Gradio's describes itself to strangers.
    silent: dict[str, Any] = {"docs_url": None, "redoc_url": None, "openapi_url": None}
    server = FastAPI(**silent)
    page = build(kb, settings, examples=examples, uploads=uploads, evaluator=evaluator)
    options: dict[str, Any] = {
        "server_name": settings.host,
        "server_port": settings.port,
        "theme": gradio.themes.Base(font=list(_FONTS), font_mono=list(_MONO)),
        # In the head, for Gradio would confine a style sheet of ours to a part of the page.
        "head": f"<style>{asset('page.css')}</style>",
        "max_file_size": _MAX_FILE,
        "allowed_paths": [],
        "footer_links": [],
        "app_kwargs": silent,
    }
    unused = ("run_history", "ssr_mode", "mcp_server", "pwa", "show_error", "enable_monitoring")
    server = gradio.mount_gradio_app(server, page, path="/", **options, **dict.fromkeys(unused, False))
    return Guard(server, settings.host, settings.password)


def launch(
    kb: Knowledge,
    settings: AppSettings,
    *,
    open_browser: bool,
    on_ready: Callable[[str], None] | None = None,
    examples: Sequence[str] = (),
    uploads: Path | None = None,
    evaluator: Evaluator | None = None,
) -> None:
    """Serve the page until interrupted; ``on_ready`` gets its address once it answers. Port 0 takes any free one.

    Raises ``ConfigError`` when the address cannot be used.
    """
    served = application(kb, settings, examples=examples, uploads=uploads, evaluator=evaluator)
    import uvicorn

    listener = _listen(settings.host, settings.port)
    host = settings.host if is_loopback(settings.host) else "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}/"

    def ready() -> None:
        if on_ready is not None:
            on_ready(address)
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False, "ws": "none"}
    # Streams that are still open must not keep the program from ending when it is told to.
    Server(uvicorn.Config(served, timeout_graceful_shutdown=2, **config)).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot serve on {host} port {port} ({reason}): set another host or port") from error
    return listener
