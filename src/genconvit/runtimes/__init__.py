"""Networks outside of PyTorch: exported into files, and run by ONNX Runtime or OpenVINO."""
