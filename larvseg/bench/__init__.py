"""Speed, in one run beside plain references: the exact reductions, training steps, readers, a huge manifest, all of ImageNet-21K."""


def main() -> None:
    """Measure and print the table (`larvseg bench`)."""
    from larvseg.bench import categories, loading, paper_step, step, windows
    from larvseg.bench.datasets import label_extraction_8bit, label_extraction_rgb, large_manifest, large_manifest_text
    from larvseg.bench.readers import tar_indexing
    from larvseg.bench.run import bench, table

    reading, reads = windows.reading()
    print(table([*bench(), label_extraction_8bit(), label_extraction_rgb(), tar_indexing(), *reading]))
    print(windows.text(reads, windows.mixing()))
    print(step.text(step.measure()))
    print(paper_step.counts_text(paper_step.counts()))
    print(loading.text(loading.loading()))
    print(large_manifest_text(large_manifest()))
    print(categories.text(categories.measure("step"), categories.measure("label_map")))
