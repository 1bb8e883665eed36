"""The error that a user can act on; everything else is a defect and shows its traceback."""


class TrainerError(Exception):
    """Says what is wrong with the input, why, and what to do next. Ends the process with status 2."""
