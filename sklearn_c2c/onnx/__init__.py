"""Encoders and decoders as ONNX models, which run without Python.

A fitted autoencoder becomes two models, of its `transform` and of its
`inverse_transform`. ONNX Runtime computes them in C++, C#, Java, JavaScript and others,
on a phone or in a browser.
"""

from sklearn_c2c.onnx._model import to_onnx, write_onnx

__all__ = ["to_onnx", "write_onnx"]
