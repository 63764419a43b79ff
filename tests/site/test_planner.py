from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.model import Guide
from moocmap.site.locales import Strings
from moocmap.site.planner_data import planner_data
from moocmap.site.views import GuideView

REPOSITORY = Path(__file__).parents[2]


def test_the_planners_data_are_places_and_names_in_the_words_of_the_locale(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    data = planner_data(GuideView(guide), strings["es"])
    assert data["areas"] == [["basics", "Fundamentos"], ["practice", "Práctica"]]
    assert data["topics"][1] == ["learning-rate", "Tasa de aprendizaje", 0, [0], ["factor de aprendizaje"]]
    alpha, beta, gamma = data["courses"]
    assert alpha[:6] == ["alpha", "Alpha", "en", True, False, "https://example.org/alpha"]
    assert alpha[6][0] == [
        "lesson-1",
        "Imágenes [y] más",
        "https://example.org/alpha/1",
        [6, 10],
        [4 * 1 + 1, 4 * 2 + 0],
    ]
    assert beta[2:5] == ["es", False, True]
    assert gamma[6] == [["chapter-1", "Capítulo 1", "", None, [0]]]
    assert data["estimate"] == (480 + 90) / 2
    assert data["example"] == "learning-rate"  # what superseded courses alone teach is no good example
    assert data["lesson"] == "courses/*/*.html"


def test_a_guide_with_all_hours_or_no_courses_has_planner_data_too(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    alone = guide.model_copy(update={"courses": guide.courses[:1]})
    assert planner_data(GuideView(alone), strings["en"])["estimate"] == 0
    empty = guide.model_copy(update={"courses": [], "topics": [], "terms": []})
    assert planner_data(GuideView(empty), strings["en"])["example"] == "TOPIC"


def test_the_real_guides_data_stay_small(strings: dict[str, Strings]) -> None:
    view = GuideView(load_guide(REPOSITORY, date.today())[0])
    for locale in ("en", "es"):
        text = json.dumps(planner_data(view, strings[locale]), ensure_ascii=False, separators=(",", ":"))
        assert len(gzip.compress(text.encode())) < 32_000
