"""The page, made with Gradio. It is served on loopback alone, and neither it nor its server asks any other address for anything."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from larvseg.demo.regions import STYLE, svg, table
from larvseg.errors import LarvSegError
from larvseg.loading import LoadedRun, load
from larvseg.pictures.pictures import CONVERTED, FORMATS, printable, read

HOST = "127.0.0.1"
BYTES = 2**28
TOP = 30
# Gradio reads these when it is imported: no statistics, no check for a newer version, no tunnel, no second server.
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_SHARE": "False", "GRADIO_SSR_MODE": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}
# What a browser may fetch for the page: whatever else a page or a picture's name should ask for, it does not get.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"


def serve(models: Sequence[str], port: int | None = None) -> None:
    """Serve the page for `models` until Ctrl-C. Raises LarvSegError for a run that is not there, or without Gradio."""
    gradio = _gradio()
    runs = {printable(model): load(model) for model in models}
    with TemporaryDirectory(prefix="larvseg-demo-") as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads  # pictures that were dropped go when the page does
        launch(gradio, runs, port, block=True)


def launch(gradio: ModuleType, runs: dict[str, LoadedRun], port: int | None, block: bool) -> Any:
    """Start the server, and wait for its end if it is to `block`; returns the page."""
    from starlette.middleware import Middleware  # which comes with Gradio

    page = build(gradio, runs)
    try:
        page.launch(
            server_name=HOST,
            server_port=port,
            share=False,
            ssr_mode=False,
            inbrowser=False,
            quiet=True,
            prevent_thread_lock=True,
            max_file_size=BYTES,
            footer_links=[],
            css=STYLE,
            theme=gradio.themes.Default(font="system-ui", font_mono="monospace"),  # others fetch their letters from elsewhere
            app_kwargs={"middleware": [Middleware(_Policy)]},
        )
    except OSError as error:
        raise LarvSegError(f"port {port}: {error}; give another --port") from None
    print(f"larvseg demo: {page.local_url} (Ctrl-C ends it)", flush=True)
    if block:
        page.block_thread()
    return page


def build(gradio: ModuleType, runs: dict[str, LoadedRun]) -> Any:
    """The page: a place for a picture, the choice of a model, and what was found."""

    def show(picture: str | None, model: str) -> str:
        if picture is None:
            return ""
        try:
            opened = read(Path(picture))
            if opened.image.width * opened.image.height > CONVERTED:
                raise LarvSegError(f"more than {CONVERTED} pixels; `larvseg segment` takes pictures of this size")
            found = runs[model].segment(opened.image)
        except LarvSegError as error:
            return f'<p role="alert">{escape(printable(str(error).removeprefix(str(Path(picture).parent) + os.sep)))}</p>'
        return svg(found) + table(found, TOP)

    with gradio.Blocks(title="LarvSeg", analytics_enabled=False) as page:
        with gradio.Row():
            with gradio.Column(scale=1):
                kinds = ", ".join(FORMATS)
                picture = gradio.File(label=f"a picture ({kinds})", type="filepath", elem_id="picture", height=140)
                model = gradio.Dropdown(list(runs), value=next(iter(runs)), label="model", elem_id="model")
            with gradio.Column(scale=3):
                regions = gradio.HTML(elem_id="found")
        for changed in (picture.change, model.change):
            changed(show, [picture, model], regions, api_visibility="private", concurrency_limit=1)
    return page


class _Policy:
    """Puts POLICY into each answer (an ASGI middleware)."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"content-security-policy", POLICY.encode())]
            await send(message)

        await self.app(scope, receive, with_policy)


def _gradio() -> ModuleType:
    os.environ.update(QUIET)
    try:
        import gradio
    except ImportError:
        raise LarvSegError("larvseg demo needs Gradio, in an environment of its own: see docs/segment.md") from None
    return gradio
