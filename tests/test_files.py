import errno
import os
import shutil
from pathlib import Path

import pytest

from moocmap.files import copy_folder, worded, write_atomically


def test_a_file_is_written_with_its_folders(tmp_path):
    write_atomically(tmp_path / "a" / "b.txt", "ñ")
    assert (tmp_path / "a" / "b.txt").read_text(encoding="utf-8") == "ñ"
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "a.txt"
    file.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(file, "new")
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_copied_or_the_first_file_that_could_not_be_is_told(tmp_path, monkeypatch):
    source = tmp_path / "source"
    for name in ("a.txt", "b/c.txt"):
        write_atomically(source / name, name)
    copy_folder(source, tmp_path / "copy")
    assert (tmp_path / "copy" / "b" / "c.txt").read_text() == "b/c.txt"

    def full(file, place):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file, None, place)

    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(OSError, match="No space") as refused:
        copy_folder(source, tmp_path / "other")
    assert not isinstance(refused.value, shutil.Error)
    assert Path(refused.value.filename).is_relative_to(tmp_path / "other")
    assert worded(refused.value).endswith(
        ".txt: No space left on device; make room on the disk and run again"
    )
