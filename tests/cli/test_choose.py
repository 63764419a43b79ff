import json

import pytest


def test_without_answers_it_lists_questions_and_answers(guide, moocmap):
    done = moocmap("choose", root=guide)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "money: May it cost anything?",
        "  money=free  No.",
        "  money=any  Yes.",
    ]
    listed = json.loads(moocmap("choose", "--format", "json", "--locale", "es", root=guide).stdout)
    assert listed == [
        {
            "id": "money",
            "text": "¿Puede costar algo?",
            "answers": [{"id": "free", "text": "No."}, {"id": "any", "text": "Sí."}],
        }
    ]


def test_answers_lead_to_courses_with_reasons(moocmap):
    done = moocmap("choose", "goal=language", "money=free", "--top", "2")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line[0] for line in lines if line[0] in "12"] == ["1", "2"]
    assert "   + it explains transformers (+2)" in lines


def test_json_holds_the_same_with_every_reason(moocmap):
    call = ["choose", "goal=images", "medium=video", "money=free", "--top", "100"]
    ranked = json.loads(moocmap(*call, "--format", "json").stdout)
    assert [(r["excluded"], -r["points"]) for r in ranked] == sorted(
        (r["excluded"], -r["points"]) for r in ranked
    )
    assert any(one["excluded"] for one in ranked)
    for one in ranked:
        assert one["points"] == sum(reason["points"] for reason in one["reasons"])
        assert one["excluded"] == any(reason["excludes"] for reason in one["reasons"])


def test_a_course_that_drops_out_says_why(moocmap):
    done = moocmap("choose", "money=free", "--course", "deep-learning-specialization-2021", "-l", "es")
    assert "(deep-learning-specialization-2021): drops out" in done.stdout
    assert "× es de pago" in done.stdout


def test_a_superseded_course_names_its_successor(moocmap):
    done = moocmap("choose", "goal=images", "--course", "fastai-v3")
    assert done.returncode == 0
    assert "is superseded; its successor is 'fastai-2022'" in done.stderr
    assert "(fastai-2022)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mony=free"], "no question 'mony'; did you mean 'money'?"),
        (["money=fre"], "no answer to 'money' 'fre'; did you mean 'free'?"),
        (["money"], "'money' is no answer; write QUESTION=ANSWER"),
        (["--course", "loavs"], "no course 'loavs'; did you mean 'loaves'?"),
        (["--locale", "de"], "no language 'de'; known: en, es"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_one(guide, moocmap, arguments, message):
    done = moocmap("choose", *arguments, root=guide)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_guide_without_questions_says_what_to_write(guide, moocmap):
    (guide / "curriculum" / "chooser.yml").unlink()
    done = moocmap("choose", root=guide)
    assert done.returncode == 2
    assert "this guide has no questions; write curriculum/chooser.yml" in done.stderr


def test_asked_one_by_one_an_empty_line_skips_a_question(guide, monkeypatch):
    from typer.testing import CliRunner

    from moocmap.cli import app_for, choose

    monkeypatch.setattr(choose, "_is_interactive", lambda: True)
    done = CliRunner().invoke(app_for([]), ["--root", str(guide), "choose"], input="9\n1\n")
    assert done.exit_code == 0
    assert done.stdout.count("1-2, or Enter to skip") == 2
