from moocmap.curriculum.bibliography import read_references
from moocmap.parsed import ParsedFiles

TWO_WORKS = r"""% a remark

@article{lin-2013,
  author = {Lin, Min and Chen, Qiang},
  title = {Network in {N}etwork \& more},
  year = {2013},
  eprint = {1312.4400},
}
@misc{x-2020, title = {X}, year = 2020, note = {unverified}}
"""


def read(tmp_path, text):
    file = tmp_path / "references.bib"
    file.write_text(text, encoding="utf-8")
    return read_references(file, ParsedFiles(file.parent))


def test_fields_are_plain_text_and_lines_are_known(tmp_path):
    references, lines, problems = read(tmp_path, TWO_WORKS)
    assert problems == []
    assert lines == {"lin-2013": 3, "x-2020": 9}
    assert references[0].title == "Network in Network & more"
    assert [author.name for author in references[0].authors] == ["Min Lin", "Qiang Chen"]
    assert references[0].fields == {"eprint": "1312.4400"}
    assert [reference.is_verified for reference in references] == [True, False]


def test_a_missing_file_holds_nothing(tmp_path):
    assert read_references(tmp_path / "references.bib", ParsedFiles(tmp_path)) == ([], {}, [])


def test_repeated_and_odd_keys_and_broken_syntax_are_placed(tmp_path):
    _, _, problems = read(
        tmp_path,
        "@misc{a-1, title={A}, year={1}}\n@misc{a-1, title={B}, year={1}}\n@misc{A_2, title={C}, year={1}}\n",
    )
    assert [(d.line, d.column, d.rule) for d in problems] == [(2, 7, "duplicate-id"), (3, 7, "wrong-id")]
    references, _, problems = read(tmp_path, "@misc{a-1,\n title={A},\n year={1}\n\n@misc{b-1, title={B}}\n")
    assert references == []
    assert [d.rule for d in problems] == ["bibtex-syntax"]


def test_surnames_keep_their_particles_and_organisations_stay_whole(tmp_path):
    people = "{Khan Academy} and van der Maaten, Laurens and Smith, Leslie N. and others"
    references, _, _ = read(tmp_path, f"@misc{{a-1, title={{T}}, year=2000, author={{{people}}}}}")
    assert [author.surname for author in references[0].authors] == ["Khan Academy", "van der Maaten", "Smith"]
    assert references[0].authors[1].name == "Laurens van der Maaten"
    assert references[0].has_more_authors
