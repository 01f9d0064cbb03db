"""Statements in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from notify_cli import sql


def test_loaded_statements_need_their_files_no_more(tmp_path: Path) -> None:
    (tmp_path / "one.sql").write_text("select :user_id::bigint", encoding="utf-8")
    (tmp_path / "two.sql").write_text("select :now", encoding="utf-8")
    folder = sql.Folder(str(tmp_path / "module.py"))

    folder.load()
    for path in tmp_path.iterdir():
        path.unlink()

    assert folder("one") == "select %(user_id)s::bigint"
    assert folder("two") == "select coalesce(%(now)s::timestamptz, now())"


def test_a_statement_that_cannot_be_read_is_found_when_all_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "one.sql").write_text("select :user_id", encoding="utf-8")
    with pytest.raises(ValueError, match="user_id has no type"):
        sql.Folder(str(tmp_path / "module.py")).load()
