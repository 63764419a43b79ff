from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap.curriculum.coverage import Coverage, agreement, agreement_table, compare, comparison_table
from moocmap.curriculum.load import read_sources
from moocmap.curriculum.model import DEPTHS, Area, Course, Guide, GuideSettings, PublishedCoverage, Topic

BREAD = Path(__file__).parent.parent / "guides" / "bread"


@pytest.fixture(scope="module")
def bread():
    sources, _ = read_sources(BREAD)
    return Coverage(sources.guide())


TOPICS = [f"topic-{n}" for n in range(6)]
lessons = st.lists(
    st.dictionaries(st.sampled_from(TOPICS), st.sampled_from(DEPTHS), max_size=6), min_size=1, max_size=4
)


def course(course_id, taught):
    return Course.model_validate(
        {
            "id": course_id,
            "kind": "mooc",
            "title": course_id,
            "provider": "P",
            "instructors": ["I"],
            "year": 2020,
            "language": "en",
            "url": "https://example.org",
            "status": "current",
            "price": {"free": True},
            "certificate": "none",
            "approach": "mixed",
            "emphasis": "balanced",
            "summary": "s",
            "units": [
                {
                    "id": "unit",
                    "title": "t",
                    "lessons": [
                        {
                            "id": f"lesson-{n}",
                            "title": "t",
                            "summary": "s",
                            "topics": [{"id": topic, "depth": depth} for topic, depth in topics.items()],
                        }
                        for n, topics in enumerate(taught)
                    ],
                }
            ],
        }
    )


@st.composite
def coverages(draw, minimum=2):
    taught = draw(st.lists(lessons, min_size=minimum, max_size=3))
    settings = GuideSettings(title="t", description="d", locales=["en"], areas=[Area(id="all", name="All")])
    topics = [Topic(id=topic, name=topic, area="all", definition="d") for topic in TOPICS]
    return Coverage(
        Guide(settings=settings, courses=[course(f"c{n}", t) for n, t in enumerate(taught)], topics=topics)
    )


@given(coverages())
def test_a_course_covers_the_union_of_its_lessons_at_their_deepest(coverage):
    for each in coverage.guide.courses:
        for topic in TOPICS:
            depths = [t.depth for lesson in each.lessons for t in lesson.topics if t.id == topic]
            assert coverage.depth(each.id, topic) == (max(depths, key=DEPTHS.index) if depths else None)


@given(coverages())
def test_shared_and_exclusive_topics_are_what_set_algebra_says(coverage):
    ids = [each.id for each in coverage.guide.courses]
    comparison = compare(coverage, ids)
    taught = {i: {topic.id for topic in coverage.topics(i)} for i in ids}
    assert {t.id for t in comparison.shared} == set.intersection(*taught.values())
    for i in ids:
        others = set.union(*(taught[j] for j in ids if j != i))
        assert {t.id for t in comparison.exclusive[i]} == taught[i] - others
        assert {t.id for t in comparison.deeper_in[i]} <= taught[i] & others


@given(coverages())
def test_at_most_one_course_is_the_deepest_in_a_topic(coverage):
    ids = [each.id for each in coverage.guide.courses]
    comparison = compare(coverage, ids)
    claimed = [topic.id for i in ids for topic in comparison.deeper_in[i]]
    assert len(claimed) == len(set(claimed))
    for i in ids:
        for topic in comparison.deeper_in[i]:
            mine = DEPTHS.index(coverage.depth(i, topic.id))
            for j in ids:
                other = coverage.depth(j, topic.id)
                assert j == i or other is None or DEPTHS.index(other) < mine


def test_the_comparison_table_names_depths_and_verdicts(bread):
    table = comparison_table(bread, compare(bread, ["loaves", "starter"]), "es")
    assert [tuple(row.values()) for row in table] == [
        ("dough", "flour", "harina", "explains", "", "only loaves"),
        ("dough", "kneading", "amasado", "explains", "implements", "deeper in starter"),
        ("dough", "sourdough", "masa madre", "", "implements", "only starter"),
        ("oven", "steam", "vapor", "mentions", "", "only loaves"),
    ]


def test_an_unknown_course_raises(bread):
    with pytest.raises(KeyError):
        bread.table(["loaves", "rolls"], "en")


def test_published_rows_agree_are_explained_or_not(bread):
    published = bread.guide.published[0]
    rows = agreement(bread, published)
    assert [row.verdict for row in rows] == ["agrees", "agrees", "explained"]
    bare = [row.model_copy(update={"explanation": None}) for row in published.rows]
    unexplained = PublishedCoverage(**{**dict(published), "rows": bare})
    assert [row.verdict for row in agreement(bread, unexplained)] == ["agrees", "agrees", "unexplained"]
    assert agreement_table(rows)[2] == {
        "row": 3,
        "label": "Steam",
        "loaves": "both",
        "starter": "published only",
        "verdict": "explained",
    }
