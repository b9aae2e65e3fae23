"""The second front door: after Snakemake, DVC has nothing to execute."""


def test_dvc_repro_after_snakemake_executes_no_rule_and_then_is_up_to_date(copy):
    copy.run("git", "init", "--quiet")
    first = copy.run("dvc", "repro")
    assert first.count("Nothing to be done") == 6, first
    second = copy.run("dvc", "repro")
    assert second.count("didn't change, skipping") == 6 and "Running stage" not in second, second
    assert "Data and pipelines are up to date" in copy.run("dvc", "status")
    assert "supervised-a150" in copy.run("dvc", "metrics", "show", "--json")
