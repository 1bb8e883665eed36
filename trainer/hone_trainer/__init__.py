"""Hone's trainer: one process a job, one JSON file of settings a process."""
