"""Tables, metrics and figures, from the outputs of evaluations. Never imports torch."""
