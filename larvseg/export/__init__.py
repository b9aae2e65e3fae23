"""Trained segmenters for other programs: an ONNX file, a TorchScript file, or a folder in the form of the Hugging Face Hub."""

from larvseg.export.command import export

__all__ = ["export"]
