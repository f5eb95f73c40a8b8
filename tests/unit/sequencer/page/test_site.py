"""What the page is made of: whole, of this package alone, readable in both schemes."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import sequencer.page
from sequencer.page.site import FOR_EVER, FRESH, HEADERS, POLICY, About, documents, page_routes

FILES = Path(sequencer.page.__file__).parent / "files"
ABOUT = About("mock", "fast", ("S",), "102.6", proves=True)
PAGE = (FILES / "index.html").read_text(encoding="utf-8")
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in FILES.glob("*.js")}
ALL_SCRIPTS = "\n".join(SCRIPTS.values())
STYLES = (FILES / "page.css").read_text(encoding="utf-8")
VOID = {"br", "hr", "img", "input", "link", "meta"}
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser"
    r"|createContextualFragment|srcdoc|\.on[a-z]+ =|localStorage|sessionStorage|document\.cookie"
)
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'
LINES_MAX = 400
COLUMNS_MAX = 100
SMALL_TEXT = 4.5
"""Least contrast of small text, by WCAG 2.2, 1.4.3 (level AA)."""


class Markup(HTMLParser):
    """Reads a page as a strict reader would: everything that was opened is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        self.faults += [f"{tag} stays open" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"{tag} has an attribute twice")
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"{tag} is closed at {self.getpos()} and was not the last opened")


MARKUP = Markup(PAGE)
IDS = [attributes["id"] for _, attributes in MARKUP.elements if "id" in attributes]


def test_the_markup_is_whole() -> None:
    assert PAGE.startswith('<!doctype html>\n<html lang="en">')
    assert MARKUP.faults == []
    assert len(IDS) == len(set(IDS))


def test_the_reader_of_markup_finds_what_is_wrong() -> None:
    assert Markup("<p><b></p></b>").faults
    assert Markup("<ul><li></li>").faults
    assert Markup('<p id="a" id="b"></p>').faults


def test_what_elements_and_scripts_refer_to_is_there() -> None:
    named = ("aria-labelledby", "aria-describedby", "for")
    wanted = {a[name] for _, a in MARKUP.elements for name in named if name in a}
    wanted |= {
        name for text in SCRIPTS.values() for name in re.findall(r'byId\("([\w-]+)"\)', text)
    }
    assert wanted and wanted <= set(IDS)
    for tag, attributes in MARKUP.elements:
        if tag == "button":
            assert attributes.get("type") == "button"


def test_headings_go_down_one_step_at_a_time() -> None:
    levels = [int(tag[1]) for tag, _ in MARKUP.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_there_is_no_script_style_or_handler_in_the_markup() -> None:
    for tag, attributes in MARKUP.elements:
        assert tag != "style" and "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "script" or attributes["src"]


@pytest.mark.parametrize("path", sorted(FILES.iterdir()), ids=lambda path: path.name)
def test_a_file_names_nothing_outside_and_is_of_readable_size(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(NAMESPACE, "")
    assert not re.search(r"https?:|wss?:/|//\w+\.|url\(|@import|data:", text)
    assert text.count("\n") <= LINES_MAX
    if path.suffix == ".js":
        assert [line for line in text.splitlines() if len(line) > COLUMNS_MAX] == []


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_no_text_becomes_markup_or_code(name: str) -> None:
    assert not SINKS.search(SCRIPTS[name])


def test_every_file_that_is_asked_for_is_served() -> None:
    served = documents(ABOUT)
    text = served["/"].data.decode()
    asked = set(re.findall(r'(?:src|href)="(/page/[^"]+)"', text))
    asked |= {
        name for script in SCRIPTS.values() for name in re.findall(r'"(/page/[^"]+)"', script)
    }
    assert asked <= set(served) and len(asked) > len(SCRIPTS)
    assert {f"/page/{name}" for name in SCRIPTS} <= asked, "and no script is there for nothing"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=page_routes(ABOUT)))


def test_every_answer_carries_the_policy_and_sets_no_cookie(client: TestClient) -> None:
    for path in documents(ABOUT):
        response = client.get(path)
        assert response.status_code == 200
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert "set-cookie" not in response.headers
        assert response.headers["cache-control"] == (FOR_EVER if "plotly" in path else FRESH)
        again = client.get(path, headers={"if-none-match": response.headers["etag"]})
        assert again.status_code == 304 and not again.content
        assert client.post(path).status_code == 405


def test_the_policy_lets_nothing_in_that_is_not_ours() -> None:
    directives = dict(each.split(" ", 1) for each in POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["trusted-types"] == "'none'"
    for name in ("base-uri", "form-action", "frame-ancestors"):
        assert directives[name] == "'none'"
    assert "unsafe" not in POLICY and "*" not in POLICY and ":" not in POLICY


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[place : place + 2]) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


LIGHT = colours(STYLES.split("@media", maxsplit=1)[0])
DARK = {**LIGHT, **colours(STYLES.split("prefers-color-scheme: dark")[1].split("}\n}")[0])}
TEXTS = (
    ("ink", "ground"),
    ("ink", "surface"),
    ("ink", "sunken"),
    ("soft", "ground"),
    ("soft", "surface"),
    ("accent", "surface"),
    ("accent", "ground"),
    ("on-proved", "proved"),
    ("on-held", "held"),
    ("on-batched", "batched"),
    ("warn", "surface"),
    ("warn", "warn-ground"),
    ("bad", "surface"),
    ("bad", "bad-ground"),
)


@pytest.mark.parametrize(("text", "ground"), TEXTS)
@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(scheme[text], scheme[ground]) >= SMALL_TEXT


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert LIGHT != DARK and set(LIGHT) == set(DARK)
