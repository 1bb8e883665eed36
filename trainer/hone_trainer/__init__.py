"""Hone's trainer: each job is one process, and each process reads one JSON file of settings."""
