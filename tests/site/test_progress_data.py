from __future__ import annotations

from collections.abc import Mapping

from moocmap.curriculum.model import Guide
from moocmap.site.locales import Strings
from moocmap.site.progress_data import progress_data
from moocmap.site.views import GuideView


def test_lessons_stand_in_the_order_of_study_with_the_middle_of_their_hours(
    guide: Guide, strings: Mapping[str, Strings]
) -> None:
    data = progress_data(GuideView(guide), strings["es"])
    assert list(data["courses"]) == ["alpha", "beta", "gamma-book"]
    assert data["courses"]["alpha"] == [["lesson-1", "Imágenes [y] más", 8.0], ["lesson-2", "Texto", 1.5]]
    assert data["courses"]["beta"] == [["week-1", "1. Gradientes", 0]]


def test_the_page_carries_its_scripts_words_alone(guide: Guide, strings: Mapping[str, Strings]) -> None:
    words = progress_data(GuideView(guide), strings["en"])["words"]
    assert words["tally.lessons.one"] == "{n} lesson done"
    assert "title" not in words
