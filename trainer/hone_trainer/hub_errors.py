"""The kinds of problems with a hub, one word each. Details name no address, because it may hold a
password or a signature.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from huggingface_hub import errors


class HubProblem(Exception):
    """A problem of a known kind. services/hub.ts knows the same kinds."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes: the hub client wraps a lost connection in a complaint about its
    cache.
    """
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def problem_of(error: BaseException) -> HubProblem | None:
    """The kind of an error. None for a defect, which shows its traceback."""
    for each in _chain(error):
        found = _kind(each)
        if found is not None:
            return found
    return None


def _kind(error: BaseException) -> HubProblem | None:
    if isinstance(error, HubProblem):
        return error
    # The order counts: a gated repository also counts as not found.
    if isinstance(error, errors.GatedRepoError):
        return HubProblem("gated", "its owner lets in only accounts that accepted its terms")
    if isinstance(error, errors.RepositoryNotFoundError):
        return HubProblem("no-repo", "there is no such model, or it is private")
    if isinstance(error, errors.RevisionNotFoundError):
        return HubProblem("no-revision", "there is no such branch, tag or commit")
    if isinstance(error, errors.HFValidationError):
        return HubProblem("no-repo", "this is no name of a model")
    if isinstance(error, (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError)) and _is_offline():
        return HubProblem("not-cached", "HF_HUB_OFFLINE is set and the hub client's cache does not hold it whole")
    if isinstance(error, errors.EntryNotFoundError):
        return HubProblem("no-weights", "a file that it lists is not there")
    if isinstance(error, errors.HfHubHTTPError):
        return _status_kind(error.response.status_code)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HubProblem("disk-full", "no space is left")
    name = type(error).__name__
    library = type(error).__module__.split(".")[0]
    if library in ("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3") or isinstance(
        error, (ConnectionError, errors.FileMetadataError)
    ):
        return HubProblem("unreachable", name)
    # The client's message for a body that ended early.
    if isinstance(error, OSError) and "Consistency check failed" in str(error):
        return HubProblem("unreachable", "a file ended early")
    return None


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _status_kind(status: int) -> HubProblem:
    if status in (401, 403):
        return HubProblem("refused", f"HTTP {status}")
    if status == 429 or status >= 500:
        return HubProblem("busy", f"HTTP {status}")
    return HubProblem("unreachable", f"HTTP {status}")
