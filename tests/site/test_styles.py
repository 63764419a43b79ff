from __future__ import annotations

from pathlib import Path

import pytest

from moocmap.site.errors import SiteError
from moocmap.site.styles import bundle

REPOSITORY = Path(__file__).parents[2]


def test_sheets_are_joined_in_their_order_without_comments(tmp_path: Path) -> None:
    (tmp_path / "site.css").write_text(
        '/* All. */\n@import "./b.css";\n@import "./a.css";\np { margin: 0; }\n'
    )
    (tmp_path / "a.css").write_text("a { color: red; } /* why */\n\na:hover { color: blue; }\n")
    (tmp_path / "b.css").write_text("/* B\n */\nb { color: green; }\n")
    joined = "b { color: green; }\na { color: red; } a:hover { color: blue; }\np { margin: 0; }\n"
    assert bundle(tmp_path / "site.css") == joined


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    (tmp_path / "site.css").write_text('@import "./gone.css";\n')
    with pytest.raises(SiteError, match=r"gone.css: this style sheet is missing \(imported by site.css\)"):
        bundle(tmp_path / "site.css")


def test_every_sheet_of_the_site_is_joined() -> None:
    folder = REPOSITORY / "site" / "assets" / "css"
    imported = {
        line.split('"')[1] for line in (folder / "site.css").read_text().splitlines() if line.startswith("@")
    }
    assert imported == {f"./{path.name}" for path in folder.glob("*.css")} - {"./site.css"}
