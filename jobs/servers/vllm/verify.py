"""Checks that a folder of weights fits the next step and that vLLM can load it.

Runs as a job in vLLM's own environment. Names and values of tensors are compared as in
`hone_trainer verify`. Then a separate process loads the folder with the server's flags and
generates a token about a grey picture. That process may end in any way (a refusal, a crash, out
of memory). Its last words are the reason.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable
from pathlib import Path

# The package is beside jobs/ both in a clone and in an installed package.
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "trainer"))

KEPT_LINES = 400
LONGEST_LINE = 300
SIDE = 112


def arguments() -> tuple[argparse.Namespace, list[str]]:
    """Parses the command line. The words behind `--` are flags of `vllm serve`."""
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(prog="verify.py", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the folder to check")
    parser.add_argument("--base", type=Path, help="the folder with the expected tensor names")
    parser.add_argument("--start", type=Path, help="the folder it was trained from (default: --base)")
    parser.add_argument("--result", type=Path, required=True, help="write the verdict here")
    parser.add_argument("--load", action="store_true", help="only load and answer: used in the separate process")
    parsed = parser.parse_args(words[:end])
    if not parsed.load and parsed.base is None:
        parser.error("--base is required")
    return parsed, words[end + 1 :]


def verify(model: Path, base: Path, start: Path, result: Path, flags: list[str]) -> int:
    """Writes the verdict. Returns 0 when all is well, and 3 when the verdict holds problems."""
    from hone_trainer.result import write_json
    from hone_trainer.verify import Verdict, verify_folder

    def answers(verdict: Verdict, folder: Path) -> None:
        told, lines, status = load_apart(folder, flags)
        verdict.loads = told.get("loads", False)
        verdict.generates = told.get("generates", False)
        if not verdict.loads:
            verdict.problems.append(f"vLLM does not load the weights: {reason(lines, status)}")
        elif not verdict.generates:
            verdict.problems.append(f"vLLM loads the weights but generates no token: {reason(lines, status)}")

    verdict = verify_folder(model, base, start, answers)
    write_json(result, verdict.as_dict())
    print(json.dumps(verdict.as_dict()), flush=True)
    return 0 if verdict.passed else 3


def load_apart(folder: Path, flags: list[str]) -> tuple[dict[str, bool], list[str], int]:
    """Loads the folder in a separate process. Returns its findings, its last lines and its exit
    status.
    """
    with tempfile.TemporaryDirectory() as own:
        found = Path(own) / "found.json"
        command = [sys.executable, __file__, "--load", "--model", str(folder), "--result", str(found), "--", *flags]
        # With one process, an error is raised where it happens. Otherwise vLLM only reports that
        # another process failed.
        env = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", **os.environ}
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
            assert child.stdout is not None
            for raw in child.stdout:
                line = raw.decode(errors="replace").rstrip()
                lines.append(line)
                print(line, file=sys.stderr, flush=True)
        told = json.loads(found.read_text()) if found.is_file() else {}
        return told, list(lines), child.returncode


_PREFIX = re.compile(r"^(\(\S+ pid=\d+\)\s*)?(\[rank\d+\]:\s)?((ERROR|CRITICAL)\s+\S+ \S+ \[[^\]]*\]\s)?")
# A line that begins with the name of an exception, and an error line of argparse.
_ERROR = re.compile(r"^(?:(?:\w+\.)*\w*(?:Error|Exception)\b:|.*: error: )")


def reason(lines: Iterable[str], status: int) -> str:
    """The last lines of a log that name an error. Without such lines, its last line and how the
    process ended.
    """
    bare = [_PREFIX.sub("", line).rstrip() for line in lines]
    named = list(dict.fromkeys(line for line in bare if _ERROR.match(line)))
    if named:
        return "; ".join(shortened(line) for line in named[-3:])
    ended = f"it ended by signal {-status}" if status < 0 else f"it ended with status {status}"
    last = next((line for line in reversed(bare) if line.strip()), None)
    return f"{ended} and wrote nothing" if last is None else f"{ended}; its last line is: {shortened(last)}"


def shortened(line: str) -> str:
    """Shortens a line for people: some errors list all tensors of the model."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …"


def load(folder: Path, result: Path, flags: list[str]) -> int:
    """Loads the folder as the server would and lets the model generate one token about a grey
    picture.
    """
    from vllm import LLM, SamplingParams
    from vllm.engine.arg_utils import EngineArgs, FlexibleArgumentParser

    parser = EngineArgs.add_cli_args(FlexibleArgumentParser(prog="vllm serve"))
    # The engine does not know the flags of the HTTP server.
    parsed, _ = parser.parse_known_args(["--model", str(folder), *flags])
    engine = EngineArgs.from_cli_args(parsed)
    # Compiling does not pay for one token.
    engine.enforce_eager = True
    llm = LLM.from_engine_args(engine)
    note(result, loads=True, generates=False)
    content = [
        {"type": "image_url", "image_url": {"url": grey_picture()}},
        {"type": "text", "text": "Describe the picture."},
    ]
    sampling = SamplingParams(temperature=0.0, max_tokens=1)
    [answer] = llm.chat([{"role": "user", "content": content}], sampling, use_tqdm=False)
    note(result, loads=True, generates=len(answer.outputs[0].token_ids) > 0)
    return 0


def note(result: Path, **found: bool) -> None:
    """Records the progress, because the next step may end the process."""
    result.write_text(json.dumps(found))


def grey_picture() -> str:
    """A grey picture as a data URL, the form that requests use."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), (128, 128, 128)).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def main() -> int:
    """Checks or loads, as the command line says."""
    asked, flags = arguments()
    if asked.load:
        return load(asked.model, asked.result, flags)
    return verify(asked.model, asked.base, asked.start or asked.base, asked.result, flags)


if __name__ == "__main__":
    sys.exit(main())
