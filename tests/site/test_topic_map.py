from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.model import Guide, Topic
from moocmap.site.locales import Strings
from moocmap.site.pages import Origins, shared_data, site_pages
from moocmap.site.rendering import environment, render
from moocmap.site.topic_map import TEXT_WIDTH, TopicMap, in_lines, text_width
from moocmap.site.views import GuideView

REPOSITORY = Path(__file__).parents[2]
Pair = tuple[str, str]


def page_of(guide: Guide, t: Strings, path: str) -> BeautifulSoup:
    view = GuideView(guide)
    page = next(page for page in site_pages(view, t, [], Origins()) if page.path == path)
    templates = environment(REPOSITORY / "site" / "templates")
    return BeautifulSoup(render(page, templates, t, shared_data(view, t, [], Origins())), "html.parser")


def drawn_edges(page: BeautifulSoup) -> set[Pair]:
    ids = [str(node["data-id"]) for node in page.select(".mm-map__svg .mm-node")]
    pairs = [str(path["data-e"]).split() for path in page.select("[data-e]")]
    return {(ids[int(a)], ids[int(b)]) for a, b in pairs}


def listed_edges(page: BeautifulSoup) -> set[Pair]:
    return {
        (str(link["href"]).removeprefix("#topic-"), str(item["data-id"]))
        for item in page.select(".mm-map-list > li")
        for link in item.select('a[href^="#topic-"]')
    }


def edges_of(guide: Guide) -> set[Pair]:
    return {(required, topic.id) for topic in guide.topics for required in topic.requires}


def assert_same_edges(guide: Guide, t: Strings) -> BeautifulSoup:
    page = page_of(guide, t, "map")
    assert drawn_edges(page) == listed_edges(page) == edges_of(guide)
    assert len(page.select("[data-e]")) == len(edges_of(guide))
    every = {topic.id for topic in guide.topics}
    assert {node["data-id"] for node in page.select(".mm-node")} == every
    assert {item["data-id"] for item in page.select(".mm-map-list > li")} == every
    return page


@pytest.mark.parametrize("locale", ["en", "es"])
def test_drawing_list_and_data_have_the_same_edges(
    guide: Guide, strings: dict[str, Strings], locale: str
) -> None:
    assert edges_of(guide)
    assert_same_edges(guide, strings[locale])


@pytest.mark.slow
def test_the_map_of_this_repositorys_guide_has_all_edges_and_stays_small(strings: dict[str, Strings]) -> None:
    guide = load_guide(REPOSITORY, date(2026, 11, 21))[0]
    page = assert_same_edges(guide, strings["es"])
    seen: set[str] = set()
    for item in page.select(".mm-map-list > li"):
        topic = guide.topic_by_id[str(item["data-id"])]
        assert seen.issuperset(topic.requires)
        seen.add(topic.id)
    svg = page.select_one(".mm-map__svg")
    assert svg
    assert len(str(svg).encode()) < 250_000


def test_lines_end_where_their_boxes_are(guide: Guide, strings: dict[str, Strings]) -> None:
    drawing = TopicMap(guide, strings["en"]).drawing
    for line in drawing.lines:
        source, target = drawing.boxes[line.source], drawing.boxes[line.target]
        numbers = [int(n) for n in re.findall(r"-?\d+", line.path)]
        assert numbers[:2] == [source.x + 172, source.y + source.height // 2]
        assert end_of(line.path) == (target.x, target.y + target.height // 2)


def end_of(path: str) -> tuple[int, int]:
    """Follow a path of M, h and c commands to its end."""
    x = y = 0
    for command, rest in re.findall(r"([Mhc])([^Mhc]*)", path):
        numbers = [int(n) for n in rest.split()]
        if command == "M":
            x, y = numbers
        else:
            x, y = x + (numbers[0] if command == "h" else numbers[4]), y + (numbers[5:] or [0])[0]
    return x, y


def test_a_node_is_a_link_with_the_topics_name(guide: Guide, strings: dict[str, Strings]) -> None:
    page = page_of(guide, strings["es"], "map")
    node = page.select_one('[data-id="learning-rate-finder"]')
    assert node
    assert node["href"] == "topics/learning-rate-finder.html"
    assert node["aria-label"] == "Buscador de la tasa de aprendizaje"
    assert " ".join(span.text for span in node.select("tspan")) == node["aria-label"]
    group = node.parent
    assert group
    assert group["aria-label"] == "Práctica"


def test_the_script_gets_what_courses_teach(guide: Guide, strings: dict[str, Strings]) -> None:
    page = page_of(guide, strings["en"], "map")
    script = page.select_one("#mm-map")
    assert script
    data = json.loads(script.text)
    ids = [str(node["data-id"]) for node in page.select(".mm-node")]
    taught = {course: {ids[n] for n in places} for course, places in data["courses"].items()}
    assert taught["alpha"] == {"learning-rate", "learning-rate-finder", "ulmfit"}
    assert taught["gamma-book"] == set()  # a mention is no teaching
    assert data["definitions"][ids.index("ulmfit")] == "A way to fine-tune language models."
    assert data["planner"] == "planner.html"


def test_texts_are_shown_as_they_are(guide: Guide, strings: dict[str, Strings]) -> None:
    nasty = '<script>"&*x*'
    topics = [guide.topics[0].model_copy(update={"name": nasty}), *guide.topics[1:]]
    page = page_of(guide.model_copy(update={"topics": topics}), strings["en"], "map")
    node = page.select_one('[data-id="gradient"]')
    assert node
    assert node["aria-label"] == node.text == nasty
    assert page.select("script:not([type])") == []


# A topic among its neighbours ------------------------------------------------------------------------


def around(guide: Guide, t: Strings, topic_id: str) -> set[str]:
    drawing = TopicMap(guide, t).around(guide.topic_by_id[topic_id])
    return {box.topic.id for box in drawing.boxes} if drawing else set()


def test_a_neighbourhood_holds_what_a_topic_needs_and_opens(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    t = strings["en"]
    assert around(guide, t, "gradient") == {"gradient", "learning-rate"}
    assert around(guide, t, "learning-rate") == {"gradient", "learning-rate", "learning-rate-finder"}
    assert around(guide, t, "learning-rate-finder") == {"gradient", "learning-rate", "learning-rate-finder"}
    assert around(guide, t, "ulmfit") == set()


def test_a_neighbourhood_stays_small(guide: Guide, strings: dict[str, Strings]) -> None:
    many = [
        Topic(id=f"t{n}", name=f"t{n}", area="basics", definition="x", requires=["gradient"])
        for n in range(30)
    ]
    large = Guide(settings=guide.settings, courses=[], topics=[*guide.topics, *many])
    assert len(around(large, strings["en"], "gradient")) == 11


def test_the_picture_of_a_neighbourhood_is_for_the_eye_only(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    page = page_of(guide, strings["en"], "topics/learning-rate")
    picture = page.select_one(".mm-around")
    assert isinstance(picture, Tag)
    assert picture["aria-hidden"] == "true"
    assert {link["tabindex"] for link in picture.select("a")} == {"-1"}
    centre = picture.select_one(".mm-node--centre")
    assert centre
    assert centre.text == "Learning rate"
    said = [link.text for link in page.select(".mm-neighbours a")]
    assert said == ["Gradient", "Learning rate finder"]


def test_names_are_broken_into_even_lines_that_fit() -> None:
    lines = in_lines("reinforcement learning from human feedback (RLHF)")
    assert " ".join(lines) == "reinforcement learning from human feedback (RLHF)"
    assert len(lines) == 3
    assert all(text_width(line) <= TEXT_WIDTH for line in lines)
    assert in_lines("gradient") == ("gradient",)
