"""A clock that was set back leaves files of the future, and no job may fail for them."""

import os
import time

from larvseg.pipeline.clock import bring_back

YEAR = 365 * 86400


def test_files_of_the_future_are_made_now_and_others_keep_their_times(tmp_path, capsys):
    now = time.time()
    ages = {"late": now + YEAR, "later": now + 2 * YEAR, "old": now - YEAR}
    for name, seconds in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    bring_back(str(tmp_path / name) for name in (*ages, "absent"))
    assert all(now - 1 <= (tmp_path / name).stat().st_mtime <= time.time() for name in ("late", "later"))
    assert (tmp_path / "old").stat().st_mtime == now - YEAR
    assert capsys.readouterr().err == f"{tmp_path}/late and 1 more: made in the future, by the clock of this host; made now\n"


def test_where_no_clock_was_set_back_nothing_is_said(tmp_path, capsys):
    (tmp_path / "now").touch()
    bring_back([str(tmp_path / "now")])
    assert capsys.readouterr() == ("", "")
