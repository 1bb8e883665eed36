"""The demo's base model: a real Qwen2.5-VL, only small, trained from nothing."""
