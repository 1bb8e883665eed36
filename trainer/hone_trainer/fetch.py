"""Fetches a model of the Hugging Face hub into a folder, checks it, and resumes where a killed run
stopped.

`snapshot_download` was rejected. As of huggingface_hub 2.4 it starts each unfinished file again
after a kill, and for four shards in flight that is most of a model. Its parts are used instead:
the listing, the look at a file, the streaming GET.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_url,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers, disable_progress_bars
from huggingface_hub.utils import logging as hub_logging

from hone_trainer.hub_errors import HubProblem, problem_of
from hone_trainer.result import write_json

FILES_AT_ONCE = 4
TRIES_WITHOUT_A_BYTE = 3
REPORT_SECONDS = 1.0
PIECE = 1 << 20


@dataclass(frozen=True)
class HubFile:
    """A file of a repository: its size in bytes, and its hash at the hub."""

    name: str
    size: int
    sha256: str | None
    git_sha1: str | None


def is_needed(name: str) -> bool:
    """Whether a file is weights in safetensors, or configures model, tokenizer, processor or chat
    template.

    Folders are left out, because they hold other formats (onnx/, original/). Only the folder of
    further chat templates is kept.
    """
    folder, _, file = name.rpartition("/")
    if folder not in ("", "additional_chat_templates") or file.startswith("."):
        return False
    return file.endswith((".safetensors", ".json", ".jinja", ".txt")) or file in ("tokenizer.model", "merges", "vocab")


def choose(names: list[str]) -> list[str]:
    """The files to fetch. A second copy of the weights as one file in the maker's own format is
    left out.
    """
    needed = [name for name in names if is_needed(name)]
    if "model.safetensors" in needed or "model.safetensors.index.json" in needed:
        needed = [name for name in needed if not name.startswith("consolidated")]
    return sorted(needed)


@dataclass(frozen=True)
class Listing:
    """The useful files of a revision of a repository."""

    commit: str
    files: list[HubFile]
    parameters: int | None

    def as_dict(self, repo: str) -> dict[str, Any]:
        weights = [file.size for file in self.files if file.name.endswith(".safetensors")]
        return {
            "status": "ok",
            "repo": repo,
            "commit": self.commit,
            "bytes": sum(file.size for file in self.files),
            "weightBytes": sum(weights),
            "parameters": self.parameters,
        }


def look(repo: str, revision: str | None) -> Listing:
    """Resolves the revision and lists its files. Also asks for one of them, because a gated model
    lists its files to anybody.
    """
    info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    if info.sha is None:
        raise HubProblem("unreachable", "the answer names no commit")
    by_name = {entry.rfilename: entry for entry in info.siblings or []}
    names = choose(list(by_name))
    if "config.json" not in names:
        raise HubProblem("no-weights", "it has no config.json")
    if not any(name.endswith(".safetensors") for name in names):
        raise HubProblem("no-weights", "it has no *.safetensors")
    files = []
    for name in names:
        entry = by_name[name]
        sha256 = entry.lfs.sha256 if entry.lfs is not None else None
        # Some mirrors leave sizes out of the listing.
        size = entry.size if entry.size is not None else _size(repo, info.sha, name)
        files.append(HubFile(name, size, sha256, entry.blob_id if sha256 is None else None))
    _size(repo, info.sha, "config.json")
    parameters = info.safetensors.total if info.safetensors is not None else None
    return Listing(info.sha, files, parameters)


def _size(repo: str, commit: str, name: str) -> int:
    """Size of a file in bytes, from a request as if to download it."""
    size = get_hf_file_metadata(hf_hub_url(repo, name, revision=commit)).size
    if size is None:
        raise HubProblem("unreachable", f"the answer names no size of {name}")
    return size


def download(repo: str, listing: Listing, output: Path) -> None:
    """Downloads every file of the listing into `output`. Complete files are kept."""
    output.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        waiting = [pool.submit(_bring, repo, listing.commit, file, output) for file in listing.files]
        try:
            for each in waiting:
                each.result()
        except BaseException:
            for each in waiting:
                each.cancel()
            raise


def _bring(repo: str, commit: str, file: HubFile, output: Path) -> None:
    target = output / file.name
    # A file gets its final name only when it is complete.
    if target.is_file() and target.stat().st_size == file.size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = output / ".parts" / f"{file.name.replace('/', '--')}.{(file.sha256 or file.git_sha1 or commit)[:16]}"
    part.parent.mkdir(parents=True, exist_ok=True)
    cached = try_to_load_from_cache(repo, file.name, revision=commit)
    for last in (False, True):
        if isinstance(cached, str) and not last:
            shutil.copyfile(cached, part)
        else:
            _get(repo, commit, file, part)
        if _is_as_named(file, part):
            break
        # A part of another file, or a proxy's own page in the middle of it: try once more from the
        # start.
        part.unlink()
        if last:
            raise HubProblem("damaged", f"{file.name} arrived twice with content that does not match the hub's hash")
    with part.open("rb") as done:
        os.fsync(done.fileno())
    part.rename(target)


def _get(repo: str, commit: str, file: HubFile, part: Path) -> None:
    """Downloads the bytes that `part` lacks. Looks the file up again for each try, because
    addresses of large files expire.
    """
    fruitless = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        if before > file.size:
            part.unlink()
            before = 0
        if before == file.size and part.exists():
            return
        try:
            url = hf_hub_url(repo, file.name, revision=commit)
            location = get_hf_file_metadata(url).location
            # A large file is on another host. That host gets no token, because the address is
            # signed.
            headers = build_hf_headers(token=None if _same_host(url, location) else False)
            with part.open("ab") as stream:
                http_get(
                    location,
                    stream,
                    resume_size=before,
                    headers=headers,
                    expected_size=file.size,
                    displayed_filename=file.name,
                )
            return
        except Exception as error:
            problem = problem_of(error)
            now = part.stat().st_size if part.exists() else 0
            fruitless = 0 if now > before else fruitless + 1
            if problem is None or problem.kind not in ("unreachable", "busy") or fruitless >= TRIES_WITHOUT_A_BYTE:
                raise
            time.sleep(2**fruitless)


def _same_host(one: str, other: str) -> bool:
    from urllib.parse import urlsplit

    return urlsplit(one).netloc == urlsplit(other).netloc


def _is_as_named(file: HubFile, path: Path) -> bool:
    """Whether the bytes have the hash of the hub. Where the hub has no hash, only the size counts."""
    size = path.stat().st_size
    if size != file.size:
        return False
    if file.sha256 is None and file.git_sha1 is None:
        return True
    digest = hashlib.sha256() if file.sha256 is not None else hashlib.sha1(b"blob %d\0" % size)
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest() == (file.sha256 or file.git_sha1)


def from_cache(repo: str, revision: str | None, output: Path | None) -> Listing:
    """For users who work offline: the files that the hub client's cache holds of the revision, if
    they are complete.
    """
    snapshot = Path(snapshot_download(repo, revision=revision, local_files_only=True, allow_patterns=["*"]))
    names = choose([path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()])
    files = [HubFile(name, (snapshot / name).stat().st_size, None, None) for name in names]
    if output is not None:
        for file in files:
            target = output / file.name
            draft = output / ".parts" / file.name.replace("/", "--")
            draft.parent.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(snapshot / file.name, draft)
            draft.rename(target)
    return Listing(snapshot.name, files, None)


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                yield path.stat().st_size
        except FileNotFoundError:
            # The file was renamed meanwhile.
            continue


def _report(output: Path, total: int, over: threading.Event) -> None:
    """Reports each second how many bytes are there. Ends the process when its parent is gone,
    because nobody would read the report.
    """
    parent = os.getppid()
    while not over.wait(REPORT_SECONDS):
        if os.getppid() != parent:
            os._exit(1)
        print(json.dumps({"done": sum(_sizes(output)), "total": total}), flush=True)


def fetch(repo: str, revision: str | None, output: Path | None, result: Path) -> int:
    """Looks a model up and, with an output folder, downloads it. Writes the outcome into the result
    file. Exit status 4 means a problem that the result file names.
    """
    disable_progress_bars()
    hub_logging.set_verbosity_error()
    over = threading.Event()
    try:
        if constants.HF_HUB_OFFLINE:
            listing = from_cache(repo, revision, output)
        else:
            listing = look(repo, revision)
            if output is not None:
                total = sum(file.size for file in listing.files)
                threading.Thread(target=_report, args=(output, total, over), daemon=True).start()
                download(repo, listing, output)
        if output is not None:
            shutil.rmtree(output / ".parts", ignore_errors=True)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        write_json(result, {"status": "failed", "kind": problem.kind, "detail": problem.detail})
        return 4
    finally:
        over.set()
    write_json(result, listing.as_dict(repo))
    return 0
