"""Judges pairs with another answer checker.

Usage: `python oracles.py math-verify|mathruler < pairs.jsonl`. Reads {id, gold, answer, bare} a
line and writes {id, same} a line (null: the checker could not read the pair). The last line is
{"cpu": seconds of user time spent on judging}.
"""

import json
import resource
import signal
import sys


def with_dollars(text):
    return text if "$" in text or "\\boxed" in text or "\\[" in text else f"${text}$"


def math_verify_checker():
    from math_verify import parse, verify

    def check(row):
        # All defaults, with its own time limits of 5 s.
        gold, answer = parse(with_dollars(row["gold"])), parse(with_dollars(row["answer"]))
        understood = all(any(not isinstance(item, str) for item in side) for side in (gold, answer))
        return bool(verify(gold, answer)) if understood else None

    return check


def mathruler_checker():
    from mathruler.grader import grade_answer

    def late(_number, _frame):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)

    def check(row):
        # mathruler has no time limit, and needs the answer without text around it.
        signal.alarm(5)
        try:
            return bool(grade_answer(row["bare"], row["gold"]))
        finally:
            signal.alarm(0)

    return check


def main():
    check = {"math-verify": math_verify_checker, "mathruler": mathruler_checker}[sys.argv[1]]()
    rows = [json.loads(line) for line in sys.stdin]
    # The first call loads modules, which is not counted.
    check({"gold": "1", "answer": "$1$", "bare": "1"})
    began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for row in rows:
        try:
            same = check(row)
        except Exception:  # A checker that fails has no verdict. It must not end the run.
            same = None
        print(json.dumps({"id": row["id"], "same": same}))
    print(json.dumps({"cpu": resource.getrusage(resource.RUSAGE_SELF).ru_utime - began}))


if __name__ == "__main__":
    main()
