"""The error for problems that a user can solve. Any other error is a defect and shows its
traceback.
"""


class TrainerError(Exception):
    """Says what is wrong with the input, why, and what to do next. Ends the process with status 2."""
