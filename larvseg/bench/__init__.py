"""How much the exact reductions save, measured in one run against plain implementations of the published formulas."""


def main() -> None:
    """Measure and print the table (`larvseg bench`)."""
    from larvseg.bench.run import bench, table

    print(table(bench()))
