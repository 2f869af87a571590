"""What runs a network over windows: ONNX Runtime on the CPU, torch on a GPU."""
