"""Runs one command at a time and says what it cost, with all that it leaves behind.

A line of JSON in ({argv, env, cwd, core?, terminal?}), a line out. Node cannot do this: processes whose parent has ended
go to PID 1, and nobody learns what they used. As a "child subreaper" this process gets them instead, and wait4() has
their rusage.
"""
import ctypes
import json
import os
import resource
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
TOO_LONG = 30

if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit('prctl(PR_SET_CHILD_SUBREAPER): ' + os.strerror(ctypes.get_errno()))

NULL = os.open(os.devnull, os.O_RDWR)
ALL_CORES = os.sched_getaffinity(0)


def children():
    with open(f'/proc/self/task/{os.getpid()}/children') as file:
        return [int(pid) for pid in file.read().split()]


def kill_all(*_):
    for pid in children():
        os.kill(pid, signal.SIGKILL)


signal.signal(signal.SIGALRM, kill_all)


def milliseconds(seconds):
    return round(seconds * 1000, 3)


def cpu(usage: resource.struct_rusage):
    return usage.ru_utime + usage.ru_stime


def sample(argv, env, cwd, core=False, terminal=False):
    os.chdir(cwd)
    # A notice is only shown to a person, so the run that shows it gets a terminal as its stderr.
    ours, theirs = os.openpty() if terminal else (None, NULL)
    # Should anything hang, SIGKILL ends it, and the sample shows so by its length.
    signal.alarm(TOO_LONG)
    # What `taskset` does, without the cost of starting it. The command's own processes inherit it.
    if core:
        os.sched_setaffinity(0, {max(ALL_CORES)})
    begin = time.perf_counter()
    actions = [(os.POSIX_SPAWN_DUP2, fd, i) for i, fd in enumerate((NULL, NULL, theirs))]
    pid = os.posix_spawn(argv[0], argv, env, file_actions=actions)
    if core:
        os.sched_setaffinity(0, ALL_CORES)
    _, status, own = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    left = []
    while True:
        try:
            left.append(os.wait4(-1, 0)[2])
        except ChildProcessError:
            break
    life = time.perf_counter() - begin
    signal.alarm(0)
    if terminal:
        os.close(theirs)
        os.close(ours)
    return {
        'status': os.waitstatus_to_exitcode(status),
        'wall': milliseconds(wall),
        'cpu': milliseconds(cpu(own)),
        'total': milliseconds(cpu(own) + sum(map(cpu, left))),
        'memory': own.ru_maxrss / 1024,
        'left': len(left),
        'life': milliseconds(life),
    }


for line in sys.stdin:
    print(json.dumps(sample(**json.loads(line))), flush=True)
