"""The benchmark measures the same things on both sides; here on small shapes."""

import torch

from larvseg.bench import run


def test_rows_and_table():
    rows = [
        run.image_labels(20, patches=8, size=64),
        run.bank_scores(classes=10, memory=4, top_k=4, dim=16, patches=16),
        run.compare("nothing", "plain", lambda: None, lambda: torch.zeros(1), 2),
    ]
    assert all(row["reference_ms"] > 0 and row["ours_ms"] > 0 for row in rows)
    lines = run.table(rows).splitlines()
    assert len(lines) == 4 and "N = 20" in lines[1] and "nothing" in lines[3]
    assert len({len(line) for line in lines}) == 1


def test_a_training_step_runs_with_and_without_attention():
    for variant in ("none", "cross_image"):
        config = run.miniature(variant).model_copy(update={"attention": run.Attention(variant=variant, memory_size=1, top_k=4)})
        run.stepper(config)()
