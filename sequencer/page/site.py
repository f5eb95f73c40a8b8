"""The page's routes: static files of this package, plotly's chart code, and what the page is told.

Everything is read once, when the program starts. Nothing here knows a venue's inside: what changes
comes from the API, as for everybody.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sequencer.page.words import words

FOLDER: Final = "files"
PLACEHOLDER: Final = b"@CHART_CODE@"
MEDIA_TYPES: Final = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}

STYLES_OF_PLOTLY: Final = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
)
"""Two style elements that plotly.js 4.1 adds to a page: an empty one, which it fills rule by rule,
and the rules of its maps. Of another version the second is refused, and no chart here needs it."""

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {' '.join(STYLES_OF_PLOTLY)}",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""No inline script or style, no eval, nothing from elsewhere, in nobody's frame; and no text
becomes markup or code, in plotly's hands neither."""

HEADERS: Final = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

FRESH: Final = "no-cache"
FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class About:
    """What a venue's program knows of itself and the API does not say. `bits` are the proven bits
    of the parameter set, as text, rounded down."""

    l1: str
    parameters: str
    shape_classes: tuple[str, ...]
    bits: str
    proves: bool
    shows_accounts: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """One answer: always the same bytes, and a name of them (made once: the largest has 5 MB)."""

    data: bytes
    media_type: str
    cache: str = FRESH
    tag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", f'"{hashlib.sha256(self.data).hexdigest()[:32]}"')

    async def answer(self, request: Request) -> Response:
        """The bytes, or that whoever asks has them already."""
        headers = {**HEADERS, "cache-control": self.cache, "etag": self.tag}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.data, headers=headers, media_type=self.media_type)


def page_routes(about: About) -> list[BaseRoute]:
    """Routes of the page, for an application."""
    return [
        Route(path, document.answer, methods=["GET"], name=path)
        for path, document in documents(about).items()
    ]


def documents(about: About) -> Mapping[str, Document]:
    """Everything that is served, by its path."""
    chart_code = _chart_code()
    chart_path = f"/page/plotly-{hashlib.sha256(chart_code.data).hexdigest()[:16]}.min.js"
    found = {"/": _page(chart_path), chart_path: chart_code}
    for each in sorted(files(__package__).joinpath(FOLDER).iterdir(), key=lambda file: file.name):
        if each.name != "index.html":
            kind = MEDIA_TYPES[each.name.rpartition(".")[2]]
            found[f"/page/{each.name}"] = Document(each.read_bytes(), kind)
    found["/page/about.json"] = _json(asdict(about))
    found["/page/words.json"] = _json(words(mock=about.l1 == "mock"))
    return found


def _page(chart_path: str) -> Document:
    page = files(__package__).joinpath(FOLDER, "index.html").read_bytes()
    return Document(page.replace(PLACEHOLDER, chart_path.encode("ascii")), MEDIA_TYPES["html"])


def _chart_code() -> Document:
    """plotly's script out of the installed wheel. Its path has its digest, so it can be kept."""
    data = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    return Document(data, MEDIA_TYPES["js"], FOR_EVER)


def _json(record: Mapping[str, object]) -> Document:
    return Document(json.dumps(record).encode("utf-8"), "application/json")
