"""Figures of the paper and of diagnostics. Each is a folder or a module with a function `figure`, which its stage names."""
