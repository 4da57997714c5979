#!/usr/bin/env python3
"""A tool in Python. The count runs beside the command, and nothing of it is waited for or shown."""
import os
import subprocess
import sys

OPTIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "telemetry.json")


def count(name, **attributes):
    pairs = [f"{key}={value}" for key, value in attributes.items()]
    try:
        subprocess.Popen(
            ["otlp-tally", "count", name, *pairs, "--options", OPTIONS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        pass  # it is not installed: the tool works without it


def main(arguments):
    if arguments == ["build"]:
        count("build")
        print("built")
        count("build_finished", target="release", cached="false")
        return 0
    print("usage: trix build", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
