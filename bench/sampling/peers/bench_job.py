"""The common part of the peers' clients: their job, its rows, their report."""

import base64
import json
import os
import resource
import sys
import time

JOB = json.load(open(sys.argv[1]))


def rows():
    with open(JOB["rows"]) as lines:
        return [json.loads(line) for line in lines]


def base64_of(path):
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()


def cpu_ms():
    """CPU of this process and of its ended children, in milliseconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return 1000 * sum(one.ru_utime + one.ru_stime for one in used)


class Work:
    """Time and CPU since the end of the imports."""

    def __init__(self):
        self.ready_at = 1000 * time.time()
        self.before = cpu_ms()

    def report(self, kept, lost):
        said = {"kept": kept, "readyAt": self.ready_at, "cpuMs": cpu_ms() - self.before}
        if lost > 0:
            said["lost"] = {"no-reply": lost}
        with open(JOB["report"] + ".new", "w") as file:
            json.dump(said, file)
        os.replace(JOB["report"] + ".new", JOB["report"])
