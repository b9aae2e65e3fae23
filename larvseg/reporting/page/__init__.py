"""The report: one page with tables, figures, claims, curves, data and models, and the lineage of each number. Never imports torch."""
