"""Runs one job and leaves two facts behind: what it is (started.json) and how it ended (exit.json).

    python3 -I -S wrapper.py <control folder of the job>

It runs under every launcher, so that a poll, a re-attachment and a cancellation are the same everywhere and do not
depend on how long a scheduler remembers. One file, Python's standard library only, 3.6 or newer (the system Python of
RHEL 8): every node that can run a job can run it.

Files in the folder (shapes in launchers/folder.ts): job.json (read), secrets.json (read, then removed), claim.json,
started.json, serving.json, exit.json, stdout.log, stderr.log (written), cancel.json or stop.json (why and how fast to
end; looked for while the program runs, so that an end can be asked for where no signal gets through).

Its exit status is the program's, 128 + the number of a signal, or CLAIMED_ELSEWHERE.
"""

import errno
import json
import os
import signal
import subprocess
import sys
import time

# Exit status of a second copy of a job: another wrapper has the claim. A program's own 90 becomes 1.
CLAIMED_ELSEWHERE = 90
NOT_STARTED = 127
MARKER = "HONE_JOB_ID"
# What is left when the program has ended gets this long to end by itself.
LONGEST_SWEEP_SECONDS = 2.0
PAUSE_SECONDS = 0.05
# How often it looks for a request to end, and how often once it is ending.
LOOK_SECONDS = 1.0
ENDING_LOOK_SECONDS = 0.1
# How long a full or absent disk may keep it from writing how the job ended.
PATIENCE_SECONDS = 120.0
PR_SET_CHILD_SUBREAPER = 36


def read_text(path):
    """The text of a file; None when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def read_json(path):
    """What a JSON file holds; None when it is absent or broken."""
    text = read_text(path)
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def now():
    """This moment as the launchers write it: UTC, milliseconds."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % int(seconds % 1 * 1000)


def host_name():
    return os.uname()[1]


def write_draft(path, value):
    """Writes JSON beside its final name and forces it to disk. Two hosts may share the folder, hence the name."""
    draft = "%s.%s.%d" % (path, host_name(), os.getpid())
    with open(draft, "w", encoding="utf-8") as file:
        file.write(json.dumps(value) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return draft


def sync_folder(path):
    """Forces a rename to disk; not every file system can."""
    try:
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(folder)
    except OSError:
        pass
    finally:
        os.close(folder)


def write_json(path, value):
    """Writes JSON whole or not at all, over what is there."""
    os.rename(write_draft(path, value), path)
    sync_folder(path)


def create_json(path, value):
    """Writes JSON whole unless the file is there already. Returns whether it was us."""
    draft = write_draft(path, value)
    try:
        # A link, unlike a rename, fails where the name is taken; unlike O_EXCL it never shows a half-written file.
        os.link(draft, path)
        sync_folder(path)
        return True
    except OSError as error:
        if error.errno == errno.EEXIST:
            # A network file system may lose the answer and ask again: then the name is ours, with two links.
            return os.stat(draft).st_nlink == 2
        # A file system without hard links: exclusive still, though not whole at once.
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")
        return True
    finally:
        remove(draft)


def remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass


def process_stat(pid):
    """(parent, start in clock ticks after boot) of a living process; None when it is gone or a zombie."""
    text = read_text("/proc/%s/stat" % pid)
    if text is None:
        return None
    # The command's name stands in parentheses and may hold blanks and parentheses: count from the last one.
    fields = text[text.rfind(")") + 2 :].split(" ")
    return None if fields[0] in ("Z", "X") or len(fields) < 20 else (int(fields[1]), int(fields[19]))


def start_ticks(pid):
    stat = process_stat(pid)
    return None if stat is None else stat[1]


def processes_of(job_id):
    """Ids of living processes of the job: those that carry its marker, and those that descend from this one."""
    marker = (MARKER + "=" + job_id).encode("utf-8")
    me = os.getpid()
    parents, marked = {}, set()
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if not entry.isdigit():
            continue
        pid = int(entry)
        stat = process_stat(pid)
        if stat is None:
            continue
        parents[pid] = stat[0]
        try:
            with open("/proc/%d/environ" % pid, "rb") as file:
                if marker in file.read().split(b"\0"):
                    marked.add(pid)
        except OSError:
            pass  # Gone meanwhile, or another user's.
    for pid in parents:
        above, steps = parents[pid], 0
        while above in parents and above != me and steps < 1000:
            above, steps = parents[above], steps + 1
        if above == me:
            marked.add(pid)
    marked.discard(me)
    return marked


def reap():
    """Buries the children that ended; orphans of the program are ours."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass  # It ended by itself.


def end_processes(job_id, grace_seconds):
    """Sends TERM, then KILL after the grace, until nothing of the job is left. Returns how many there were."""
    reap()
    first = processes_of(job_id)
    send(first, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    left, pause = first, PAUSE_SECONDS
    # A process that forks while we read /proc shows up in the next look.
    while left:
        time.sleep(pause)
        reap()
        left = processes_of(job_id)
        if time.monotonic() >= deadline:
            send(left, signal.SIGKILL)
            pause = min(pause * 1.5, 2.0)  # What waits for a dead disk does not end at once.
    return len(first)


def memory_kills():
    """How often the kernel killed something of this cgroup for lack of memory; None where nothing counts it."""
    paths = []
    for line in (read_text("/proc/self/cgroup") or "").splitlines():
        controllers, path = line.split(":", 2)[1:]
        if controllers == "":
            paths += ["/sys/fs/cgroup%s/memory.events" % path]
        elif "memory" in controllers.split(","):
            paths += ["/sys/fs/cgroup/memory%s/memory.oom_control" % path]
    # Inside a container the path is often the one outside, and the container's own cgroup is mounted at the top.
    for path in paths + ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"]:
        for line in (read_text(path) or "").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def scheduler():
    """The job of a scheduler that this process runs in; None outside of one."""
    for name, variable, restarts in (
        ("slurm", "SLURM_JOB_ID", "SLURM_RESTART_COUNT"),
        ("pbs", "PBS_JOBID", ""),
        ("lsf", "LSB_JOBID", ""),
    ):
        if os.environ.get(variable):
            count = os.environ.get(restarts, "0")
            return {"name": name, "id": os.environ[variable], "restarts": int(count) if count.isdigit() else 0}
    return None


def identity():
    """What tells this process from all others, on all machines and after restarts."""
    boot = read_text("/proc/sys/kernel/random/boot_id")
    who = {"pid": os.getpid(), "startTicks": start_ticks(os.getpid()), "bootId": boot.strip() if boot else None}
    who["host"] = host_name()
    if scheduler() is not None:
        who["scheduler"] = scheduler()
    return who


def free_port(address):
    """A port that nobody listens on here. Another may take it before the program does; that shows in its log."""
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def reached_by(job, listen):
    """The name that others reach this machine by, for a program that listens on `listen`."""
    if job.get("advertise"):
        return job["advertise"]
    if listen not in ("0.0.0.0", "::"):
        return listen
    return os.environ.get("SLURMD_NODENAME") or host_name()


def adopt_orphans():
    """Makes this process the parent of what the program leaves behind, so that it is found with any environment."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except Exception:  # No ctypes, no libc, no Linux: the marker alone has to do.
        pass


SHELL = """\
trap 'status=$?; echo "hone: setup line $((LINENO - 1)) failed with exit code $status" >&2; exit $status' ERR
%s
trap - ERR
exec "$@"
"""


def with_setup(argv, setup):
    """The program behind the shell lines that come before it. The shell becomes it: a signal finds the program."""
    if not setup:
        return argv
    words = [line.split(None, 1)[0] for line in setup if line.strip()]
    # `module` is a function that only a login shell is sure to have.
    flags = ["-l"] if "module" in words or "ml" in words else []
    return ["bash"] + flags + ["-c", SHELL % "\n".join(setup), "hone-setup"] + argv


class Stopped(Exception):
    """The end was asked for before the program was started."""


class Wrapper:
    """One run of one job: the state that signals and the main line share."""

    def __init__(self, folder):
        self.folder = folder
        self.job = {}
        self.child = None
        self.stopped_at = None
        self.killed = False
        self.started_at = now()

    def path(self, name):
        return os.path.join(self.folder, name)

    def is_end_wanted(self):
        return os.path.exists(self.path("cancel.json")) or os.path.exists(self.path("stop.json"))

    def grace_seconds(self):
        """The grace that whoever asked for the end wants; the job's own when only a signal came."""
        intents = [read_json(self.path(name)) for name in ("cancel.json", "stop.json")]
        asked = [intent.get("graceSeconds") for intent in intents if isinstance(intent, dict)]
        asked = [seconds for seconds in asked if isinstance(seconds, (int, float))]
        return min(asked) if asked else self.job.get("gracePeriodSeconds", 10)

    def signal_group(self, number):
        if self.child is not None:
            try:
                os.killpg(self.child, number)
            except OSError:
                pass  # The group is empty.

    def stop(self, *_):
        """Asks the program to end; the looks that follow see to it that it does."""
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()
            self.signal_group(signal.SIGTERM)
            signal.setitimer(signal.ITIMER_REAL, ENDING_LOOK_SECONDS, ENDING_LOOK_SECONDS)

    def look(self, *_):
        """What it does every second while the program runs."""
        if self.stopped_at is None:
            if self.is_end_wanted():
                self.stop()
        elif not self.killed and time.monotonic() >= self.stopped_at + self.grace_seconds():
            self.killed = True
            self.signal_group(signal.SIGKILL)

    def take_secrets(self):
        """Secrets that a launcher could not hand over by inheritance. The file goes before the program comes."""
        secrets = read_json(self.path("secrets.json"))
        self.remove_secrets()
        return secrets if isinstance(secrets, dict) else {}

    def remove_secrets(self):
        """Drafts too: a launcher may have died while it wrote one."""
        for name in os.listdir(self.folder):
            if name.startswith("secrets.json"):
                remove(self.path(name))

    def command(self):
        """argv and the environment of the program, as bytes: an old Python in a plain locale cannot encode them."""
        job = self.job
        secrets = self.take_secrets()
        argv, env = list(job["argv"]), dict(job["env"])
        if job.get("kind") == "serve":
            listen = job.get("listen", "127.0.0.1")
            port = free_port(listen)
            write_json(self.path("serving.json"), {"host": reached_by(job, listen), "port": port})
            fill = lambda text: text.replace("{port}", str(port)).replace("{host}", listen)  # noqa: E731
            argv, env = [fill(word) for word in argv], {name: fill(value) for name, value in env.items()}
        own = {"HONE_JOB": job["key"], MARKER: job["id"]}
        whole = dict(os.environb)
        for part in (secrets, env, own):
            whole.update({name.encode("utf-8"): value.encode("utf-8") for name, value in part.items()})
        absent = [name for name in job.get("secretEnv", []) if not whole.get(name.encode("utf-8"))]
        if absent:
            raise RuntimeError("the environment variable %s did not reach the job" % ", ".join(absent))
        return [word.encode("utf-8") for word in with_setup(argv, job.get("setup", []))], whole

    def start(self, started):
        argv, env = self.command()
        if self.is_end_wanted():
            self.stop()
        if self.stopped_at is not None:
            raise Stopped()
        with open(self.path("stdout.log"), "ab") as out, open(self.path("stderr.log"), "ab") as err:
            # Its own session: a signal to its group reaches what it started and not this process.
            child = subprocess.Popen(
                argv,
                cwd=self.job["cwd"].encode("utf-8"),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        child.returncode = 0  # It is buried below, with the orphans, and never by subprocess.
        self.child = child.pid
        if self.stopped_at is not None:  # A signal came before there was a group to send it to.
            self.signal_group(signal.SIGTERM)
        adopt_orphans()
        started.update(childPid=child.pid, childStartTicks=start_ticks(child.pid))
        write_json(self.path("started.json"), started)

    def wait(self):
        """(exit code, name of the signal) of the program."""
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid != self.child:
                continue
            if os.WIFSIGNALED(status):
                number = os.WTERMSIG(status)
                known = {item.value: item.name for item in signal.Signals}
                return None, known.get(number, "SIG%d" % number)
            return os.WEXITSTATUS(status), None

    def finish(self, ending):
        """Writes how it ended. A disk that is full for a moment must not make a finished job a lost one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.remove_secrets()
                return write_json(self.path("exit.json"), dict(ending, finishedAt=now()))
            except OSError:
                if time.monotonic() > deadline or not os.path.isdir(self.folder):
                    raise
                time.sleep(1)

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.stop)
        signal.signal(signal.SIGALRM, self.look)
        with open(self.path("job.json"), encoding="utf-8") as file:
            self.job = json.load(file)
        who = identity()
        if not create_json(self.path("claim.json"), who):
            return self.refuse(who)
        ending = {"code": None, "signal": None, "error": None, "leftBehind": 0, "startedAt": self.started_at}
        kills = memory_kills()
        try:
            started = dict(who, startedAt=self.started_at, childPid=None, childStartTicks=None)
            write_json(self.path("started.json"), started)
            self.start(started)
            signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
            self.look()
            ending["code"], ending["signal"] = self.wait()
        except Stopped:
            pass
        except Exception as error:  # Whatever it is, somebody waits for a record of it.
            ending["error"] = explain(error)
        signal.setitimer(signal.ITIMER_REAL, 0)
        # Children that outlive the program (data workers, engine processes, own sessions) would keep the GPU.
        self.signal_group(signal.SIGTERM)
        ending["leftBehind"] = end_processes(self.job["id"], min(self.grace_seconds(), LONGEST_SWEEP_SECONDS))
        ending["stopRequested"] = self.stopped_at is not None
        killed_for_memory = kills is not None and (memory_kills() or 0) > kills and ending["code"] != 0
        self.finish(dict(ending, outOfMemory=True) if killed_for_memory else ending)
        return exit_status(ending)

    def refuse(self, who):
        """Another copy has the claim. If it was this very job before its scheduler started it again, it is over."""
        first = read_json(self.path("claim.json"))
        before, mine = (first or {}).get("scheduler"), who.get("scheduler")
        if before and mine and before.get("id") == mine["id"] and before.get("restarts", 0) < mine["restarts"]:
            ending = {"code": None, "signal": None, "stopRequested": True, "leftBehind": 0, "startedAt": None}
            ending["error"] = "%s ended it on %s and started it again" % (mine["name"], first.get("host"))
            create_json(self.path("exit.json"), dict(ending, finishedAt=now()))
        return CLAIMED_ELSEWHERE


def explain(error):
    """What went wrong, with the file that it is about."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    name = "" if error.filename is None else ": " + os.fsencode(error.filename).decode("utf-8", "replace")
    return "%s: %s%s" % (errno.errorcode.get(error.errno, error.errno), error.strerror, name)


def exit_status(ending):
    if ending["signal"] is not None:
        return 128 + getattr(signal, ending["signal"], signal.SIGTERM)
    if ending["code"] is not None:
        return 1 if ending["code"] == CLAIMED_ELSEWHERE else ending["code"]
    return NOT_STARTED if ending["error"] is not None else 128 + signal.SIGTERM


if __name__ == "__main__":
    sys.exit(Wrapper(os.path.abspath(sys.argv[1])).run())
