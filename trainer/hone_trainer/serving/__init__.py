"""A small OpenAI-compatible server for one folder of weights."""
