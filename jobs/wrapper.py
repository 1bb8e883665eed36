"""Runs one job and records two facts: what runs (started.json) and how it ended (exit.json).

    python3 -I -S wrapper.py <control folder of the job>

It runs under every launcher. So a poll, a re-attachment and a cancellation work the same
everywhere and do not depend on how long a scheduler remembers a job. It is one file, needs
Python 3.6 (the system Python of RHEL 8) or newer and only the standard library. So every node
that can run a job can run it.

Files in the folder (shapes in launchers/folder.ts): job.json is read. secrets.json is read and
then removed. claim.json, started.json, serving.json, exit.json, stdout.log and stderr.log are
written. cancel.json or stop.json say why and how fast to end. The wrapper looks for these two
files while the program runs, so an end can be requested where no signal arrives.

The exit status is that of the program, 128 + the number of a signal, or CLAIMED_ELSEWHERE.
"""

import errno
import json
import os
import signal
import subprocess
import sys
import time

# Exit status of a second copy of a job: another wrapper has the claim. A program's own status 90
# becomes 1.
CLAIMED_ELSEWHERE = 90
NOT_STARTED = 127
MARKER = "HONE_JOB_ID"
# Processes that are left when the program has ended get this long to end by themselves.
LONGEST_SWEEP_SECONDS = 2.0
PAUSE_SECONDS = 0.05
# Time between two looks for a request to end: while the program runs, and while it is ending.
LOOK_SECONDS = 1.0
ENDING_LOOK_SECONDS = 0.1
# While a disk is full or absent, the wrapper tries this long to write how the job ended.
PATIENCE_SECONDS = 120.0
PR_SET_CHILD_SUBREAPER = 36


def read_text(path):
    """The text of a file, or None when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def read_json(path):
    """The content of a JSON file, or None when the file is absent or broken."""
    text = read_text(path)
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def now():
    """The current time in the format of the launchers: UTC, milliseconds."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % int(seconds % 1 * 1000)


def host_name():
    return os.uname()[1]


def write_draft(path, value):
    """Writes JSON to a draft beside its final name and forces it to disk. The host is part of the
    draft's name because two hosts may share the folder."""
    draft = "%s.%s.%d" % (path, host_name(), os.getpid())
    with open(draft, "w", encoding="utf-8") as file:
        file.write(json.dumps(value) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return draft


def sync_folder(path):
    """Forces a rename to disk. Some file systems cannot do this."""
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
    """Writes JSON completely or not at all, and replaces an existing file."""
    os.rename(write_draft(path, value), path)
    sync_folder(path)


def create_json(path, value):
    """Writes JSON completely unless the file exists. Returns whether this call wrote it."""
    draft = write_draft(path, value)
    try:
        # A link fails where the name is taken, which a rename does not. A link never shows a
        # half-written file, which O_EXCL does.
        os.link(draft, path)
        sync_folder(path)
        return True
    except OSError as error:
        if error.errno == errno.EEXIST:
            # A network file system may lose the answer and ask again. Then the name is ours and has
            # two links.
            return os.stat(draft).st_nlink == 2
        # A file system without hard links. This is still exclusive, but a reader may see half a
        # file.
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
    """(parent, start in clock ticks after boot) of a living process. None when the process is gone
    or a zombie."""
    text = read_text("/proc/%s/stat" % pid)
    if text is None:
        return None
    # The command's name is in parentheses and may hold blanks and parentheses. So count from the
    # last parenthesis.
    fields = text[text.rfind(")") + 2 :].split(" ")
    return None if fields[0] in ("Z", "X") or len(fields) < 20 else (int(fields[1]), int(fields[19]))


def start_ticks(pid):
    stat = process_stat(pid)
    return None if stat is None else stat[1]


def processes_of(job_id):
    """Ids of living processes of the job: processes with its marker and descendants of this
    process."""
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
            pass  # The process is gone by now, or belongs to another user.
    for pid in parents:
        above, steps = parents[pid], 0
        while above in parents and above != me and steps < 1000:
            above, steps = parents[above], steps + 1
        if above == me:
            marked.add(pid)
    marked.discard(me)
    return marked


def reap():
    """Collects the exit status of children that ended, including orphans of the program."""
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
            pass  # The process ended by itself.


def end_processes(job_id, grace_seconds):
    """Sends TERM, then KILL after the grace, until no process of the job is left. Returns how many
    processes there were."""
    reap()
    first = processes_of(job_id)
    send(first, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    left, pause = first, PAUSE_SECONDS
    # A process that forks while /proc is read appears in the next look.
    while left:
        time.sleep(pause)
        reap()
        left = processes_of(job_id)
        if time.monotonic() >= deadline:
            send(left, signal.SIGKILL)
            # A process that waits for a dead disk does not end at once.
            pause = min(pause * 1.5, 2.0)
    return len(first)


def memory_kills():
    """How often the kernel killed a process of this cgroup for lack of memory. None where the
    kernel does not count this."""
    paths = []
    for line in (read_text("/proc/self/cgroup") or "").splitlines():
        controllers, path = line.split(":", 2)[1:]
        if controllers == "":
            paths += ["/sys/fs/cgroup%s/memory.events" % path]
        elif "memory" in controllers.split(","):
            paths += ["/sys/fs/cgroup/memory%s/memory.oom_control" % path]
    # Inside a container the path is often the path outside, and the container's own cgroup is
    # mounted at the top.
    for path in paths + ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"]:
        for line in (read_text(path) or "").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def scheduler():
    """The scheduler's job that contains this process. None outside of a scheduler."""
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
    """Identifies this process among all processes, on all machines and after restarts."""
    boot = read_text("/proc/sys/kernel/random/boot_id")
    who = {"pid": os.getpid(), "startTicks": start_ticks(os.getpid()), "bootId": boot.strip() if boot else None}
    who["host"] = host_name()
    if scheduler() is not None:
        who["scheduler"] = scheduler()
    return who


def free_port(address):
    """A port that nobody listens on here. Another program may take it before our program does; our
    program's log then shows that."""
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def reached_by(job, listen):
    """The name by which other machines reach this machine, for a program that listens on `listen`.
    """
    if job.get("advertise"):
        return job["advertise"]
    if listen not in ("0.0.0.0", "::"):
        return listen
    return os.environ.get("SLURMD_NODENAME") or host_name()


def adopt_orphans():
    """Makes this process the parent of orphans of the program. So they are found whatever their
    environment is."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # There is no ctypes, no libc or no Linux. Then only the marker finds processes.
    except Exception:
        pass


SHELL = """\
trap 'status=$?; echo "hone: setup line $((LINENO - 1)) failed with exit code $status" >&2; exit $status' ERR
%s
trap - ERR
exec "$@"
"""


def with_setup(argv, setup):
    """Puts the setup lines before the program. The shell becomes the program, so that a signal
    reaches the program."""
    if not setup:
        return argv
    words = [line.split(None, 1)[0] for line in setup if line.strip()]
    # `module` is a shell function that only a login shell is sure to have.
    flags = ["-l"] if "module" in words or "ml" in words else []
    return ["bash"] + flags + ["-c", SHELL % "\n".join(setup), "hone-setup"] + argv


class Stopped(Exception):
    """The end was requested before the program was started."""


class Wrapper:
    """One run of one job: the state that the signal handlers and the main flow share."""

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
        """The grace of the request to end. Without a request, only a signal came: then the job's
        own grace."""
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
        """Asks the program to end. The looks that follow kill it when it does not."""
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()
            self.signal_group(signal.SIGTERM)
            signal.setitimer(signal.ITIMER_REAL, ENDING_LOOK_SECONDS, ENDING_LOOK_SECONDS)

    def look(self, *_):
        """Runs every second while the program runs."""
        if self.stopped_at is None:
            if self.is_end_wanted():
                self.stop()
        elif not self.killed and time.monotonic() >= self.stopped_at + self.grace_seconds():
            self.killed = True
            self.signal_group(signal.SIGKILL)

    def take_secrets(self):
        """Reads secrets that a launcher could not pass by inheritance. The file is removed before
        the program starts."""
        secrets = read_json(self.path("secrets.json"))
        self.remove_secrets()
        return secrets if isinstance(secrets, dict) else {}

    def remove_secrets(self):
        """Removes the file of secrets and its drafts: a launcher may have died while it wrote a
        draft."""
        for name in os.listdir(self.folder):
            if name.startswith(("secrets.json", ".tmp-secrets.json")):
                remove(self.path(name))

    def command(self):
        """argv and environment of the program, as bytes: an old Python in a plain locale cannot
        encode them."""
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
            # A session of its own: a signal to the program's group reaches its children and not
            # this process.
            child = subprocess.Popen(
                argv,
                cwd=self.job["cwd"].encode("utf-8"),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        child.returncode = 0  # `reap` collects the child with the orphans; subprocess must not.
        self.child = child.pid
        if self.stopped_at is not None:  # A signal came before there was a group to send it to.
            self.signal_group(signal.SIGTERM)
        adopt_orphans()
        started.update(childPid=child.pid, childStartTicks=start_ticks(child.pid))
        write_json(self.path("started.json"), started)

    def wait(self):
        """Waits for the program. Returns its exit code and the name of its signal."""
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
        """Writes how the job ended. A disk that is full for a moment must not turn a finished job
        into a lost job."""
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
        except Exception as error:  # Whatever the error is, a caller waits for its record.
            ending["error"] = explain(error)
        signal.setitimer(signal.ITIMER_REAL, 0)
        # Children that outlive the program (data workers, engine processes, sessions of their own)
        # would keep the GPU.
        self.signal_group(signal.SIGTERM)
        ending["leftBehind"] = end_processes(self.job["id"], min(self.grace_seconds(), LONGEST_SWEEP_SECONDS))
        ending["stopRequested"] = self.stopped_at is not None
        killed_for_memory = kills is not None and (memory_kills() or 0) > kills and ending["code"] != 0
        self.finish(dict(ending, outOfMemory=True) if killed_for_memory else ending)
        return exit_status(ending)

    def refuse(self, who):
        """Another copy has the claim. If the claim is of this same job before its scheduler
        restarted it, that run is over."""
        first = read_json(self.path("claim.json"))
        before, mine = (first or {}).get("scheduler"), who.get("scheduler")
        if before and mine and before.get("id") == mine["id"] and before.get("restarts", 0) < mine["restarts"]:
            ending = {"code": None, "signal": None, "stopRequested": True, "leftBehind": 0, "startedAt": None}
            ending["error"] = "%s ended it on %s and started it again" % (mine["name"], first.get("host"))
            create_json(self.path("exit.json"), dict(ending, finishedAt=now()))
        return CLAIMED_ELSEWHERE


def explain(error):
    """The error's text with the file that it is about."""
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
