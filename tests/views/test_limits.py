"""Every page that leads to a caution has the sign of a limit beside it, in the same row or item."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

CAUTIONS = {f"/claim/{name}" for name in "S05-5 S11-2 S19-1 S19-2 S22-1 S22-2 S23-2 S25-2".split()}
#: what counts as beside: the nearest of these around a link
ROWS = frozenset(("li", "tr", "dd", "dt", "p", "h1", "h2", "h3"))
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
LISTS = ("intervention", "situation", "problem", "goal", "hedge", "sentence", "decision", "relation", "claim")
PAGES = (
    "/",
    "/claim/",
    "/source",
    "/matrix?cell=int:MoreChemotherapy+sit:RelapsedALL",
    "/search?q=chemotherapy",
    "/resolve?curie=atc:L01BB07",
    "/explain?s=int:NewerDrugs&p=kg:limitedBenefitFor&o=sit:RefractoryALL",
)


class LimitFinder(HTMLParser):
    """Finds the links to cautions, and those without the sign of a limit in the nearest row around them."""

    def __init__(self) -> None:
        super().__init__()
        self.linked: set[str] = set()
        self.bare: list[str] = []
        self._open: list[tuple[str, list[str], list[bool]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if "limits-word" in (values.get("class") or ""):
            for _, _, marked in self._open:
                marked[:] = [True]
        if tag not in VOID:
            self._open.append((tag, [], [False]))
        href = values.get("href") or ""
        if tag == "a" and href in CAUTIONS:
            self.linked.add(href)
            # a paragraph inside an item or a cell is a part of it
            around = [links for name, links, _ in self._open if name in {"li", "tr"}]
            around = around or [links for name, links, _ in self._open if name in ROWS]
            (around[-1] if around else self.bare).append(href)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Leave elements without content out: none is a row."""

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, links, (marked,) = self._open.pop()
            self.bare += [] if marked else links
            if name == tag:
                break


def find_limits(html: str) -> LimitFinder:
    finder = LimitFinder()
    finder.feed(html.partition("<main")[2].partition("</main>")[0])
    finder.close()
    return finder


def read(client: FlaskClient, address: str) -> str:
    answer = client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def test_the_finder_sees_a_caution_dressed_as_an_offer() -> None:
    bare = (
        '<main><ul><li><a href="/claim/S05-5">x</a></li><li><b class="limits-word">limit</b></li></ul></main>'
    )
    assert find_limits(bare).bare == ["/claim/S05-5"]
    assert find_limits(bare.replace(">x<", '><i class="limits-word">limit</i>x<')).bare == []


@pytest.mark.parametrize("address", PAGES)
def test_a_page_of_its_own_kind_marks_its_cautions(client: FlaskClient, address: str) -> None:
    found = find_limits(read(client, address))
    assert found.linked
    assert found.bare == []


@pytest.mark.parametrize("kind", LISTS)
def test_every_page_of_a_kind_marks_its_cautions(client: FlaskClient, kind: str) -> None:
    pages = sorted(set(re.findall(rf'href="(/{kind}/[^"?#]+)"', read(client, f"/{kind}/"))))
    assert len(pages) > 5
    assert {page: bare for page in pages if (bare := find_limits(read(client, page)).bare)} == {}


def test_every_answer_and_a_case_mark_their_cautions(client: FlaskClient) -> None:
    listed = client.get("/questions", headers={"Accept": "application/json"}).get_json()["questions"]
    answers = {item["href"]: find_limits(read(client, item["href"])) for item in listed}
    assert {address: found.bare for address, found in answers.items() if found.bare} == {}
    assert answers["/questions/negative-statements"].linked == CAUTIONS
    ticked = {"ALL": "yes", "activeRelapse": "yes", "refractory": "yes"}
    answer = client.post("/case", data=ticked, headers={"Accept": "text/html"}).get_data(as_text=True)
    found = find_limits(answer)
    assert len(found.linked) > 3
    assert found.bare == []
