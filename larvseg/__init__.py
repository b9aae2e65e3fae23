"""LarvSeg: large-vocabulary semantic segmentation from pixel labels and image labels, as one DAG."""

__version__ = "0.1.0"


def __getattr__(name: str):
    """`larvseg.load`, without importing torch before it is asked for."""
    if name == "load":
        from larvseg.loading import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
