"""The demo's base model: a real but small Qwen2.5-VL, trained from random weights."""
