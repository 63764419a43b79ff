"""The joined script must do what the modules do: it runs in Node where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from moocmap.site.errors import SiteError
from moocmap.site.scripts import bundle

NODE = shutil.which("node")
MODULES = {
    "main.js": "// Starts.\n/** Two\n * lines. */\n"
    'import {twice, Counter as Tally} from "./numbers.js";\nimport {shout} from "./words.js";\n'
    "const tally = new Tally();\ntally.add(twice(20));\nconsole.log(shout(String(tally.sum)));\n",
    "numbers.js": 'import {shout} from "./words.js";\nconst two = 2;\n'
    "export const twice = (n) => n * two;\n"
    "export class Counter {\n  sum = 2;\n  add(n) { this.sum += n; this.said = shout('x'); }\n}\n",
    "words.js": "let calls = 0;\nexport function shout(text) {\n  calls += 1;\n"
    "  return `${text}! (${calls})`;\n}\n",
}


def write(folder: Path, modules: dict[str, str]) -> Path:
    for name, text in modules.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_the_joined_script_does_what_the_modules_do(tmp_path: Path) -> None:
    write(tmp_path, MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "joined.cjs").write_text(bundle(tmp_path, "main.js"))
    said = [
        subprocess.run([str(NODE), name], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for name in ("main.js", "joined.cjs")
    ]
    assert said == ["42! (2)\n"] * 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "words.js",
            'import {twice} from "./numbers.js";\n',
            r"circle: main.js → numbers.js → words.js → numbers.js",
        ),
        (
            "main.js",
            'import {a} from "./absent.js";\n',
            r"absent.js: this module is missing \(imported by main.js\)",
        ),
        (
            "main.js",
            '\nimport * as all from "./words.js";\n',
            r"main.js:2: expected .* found 'import \* as all",
        ),
        ("main.js", "export default 1;\n", r"main.js:1: expected"),
        ("main.js", 'import {shout} from "https://example.org/words.js";\n', r"main.js:1: expected"),
    ],
)
def test_what_cannot_be_joined_is_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, MODULES | {name: text})
    with pytest.raises(SiteError, match=message):
        bundle(tmp_path, "main.js")


def test_comments_on_lines_of_their_own_are_left_out(tmp_path: Path) -> None:
    text = '// One.\n\n/** Two\n * lines. */\nconst a = "// no"; // stays\n'
    text += '  /** Three. */\nconst b = "/** no */";\n'
    joined = bundle(write(tmp_path, {"main.js": text}), "main.js")
    assert 'const a = "// no"; // stays\nconst b = "/** no */";\n' in joined
    assert not any(word in joined for word in ("One", "Two", "lines", "Three"))
