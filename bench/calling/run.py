#!/usr/bin/env python3
"""What calling costs: the same generations from C in process, from Go in three ways, and by one `mlxc` process for each request.

Every way runs in a process of its own; the ways take turns, so that what else the machine does meets all of them alike. Times are of the
generations alone, except for the process for each request, where starting and loading belong to the price. CPU is what all threads of
the process compute in a round: it says the same on a busy machine.

    bench/calling/run.py --build build/release [--model tests/models/fable-qwen3] [--turns 7] [--threads N]
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
WAYS = ["C in process", "Go batch", "Go stream", "Go, naive: a cgo call per token", "an mlxc process per request"]


def build(build_folder, folder):
    """Builds both programs against an installed tree of their own, unless the folder has them already."""
    prefix = os.path.join(folder, "prefix")
    if os.path.exists(prefix):
        library = next(root for root, _, files in os.walk(prefix) if "libmlxc.so.1" in files)
        return (os.path.join(folder, "calling-c"), os.path.join(folder, "calling-go"), os.path.join(prefix, "bin", "mlxc"),
                dict(os.environ, LD_LIBRARY_PATH=library))
    subprocess.run(["cmake", "--install", build_folder, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    lib = next(os.path.join(root, "") for root, _, files in os.walk(prefix) if "libmlxc.so.1" in files)
    environment = dict(os.environ, PKG_CONFIG_PATH=os.path.join(lib, "pkgconfig"), LD_LIBRARY_PATH=lib, CGO_ENABLED="1",
                       GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "mlxc"], env=environment, check=True, capture_output=True, text=True).stdout.split()
    c = os.path.join(folder, "calling-c")
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-std=gnu11", os.path.join(HERE, "c", "calling.c"), *flags, "-o", c], check=True)
    go = os.path.join(folder, "calling-go")
    compiler = subprocess.run([os.path.join(TOP, "scripts", "go-toolchain")], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run([compiler, "build", "-o", go, "."], cwd=HERE, env=environment, check=True)
    return c, go, os.path.join(prefix, "bin", "mlxc"), environment


def process_per_request(mlxc, model, threads, requests, tokens, environment):
    """One turn: the requests one after the other, each a process."""
    start, peak, cpu = time.monotonic(), 0, 0.0
    for i in range(requests):
        child = subprocess.Popen([mlxc, "generate", "--model", model, "--threads", str(threads), "--prompt", f"Once upon a time there were {i} kings",
                                  "--max-tokens", str(tokens), "--temperature", "0", "--json"], stdout=subprocess.PIPE, env=environment)
        text = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        if status or not json.loads(text):
            raise SystemExit(f"mlxc generate failed with status {status}")
        peak, cpu = max(peak, usage.ru_maxrss), cpu + usage.ru_utime + usage.ru_stime
    return {"seconds": [time.monotonic() - start], "cpu": cpu, "peak_kb": peak, "cgo_calls": 0, "allocations": 0}


def measure(arguments, c, go, mlxc, environment, requests, tokens):
    runs = {way: [] for way in WAYS}
    common = [arguments.model, str(arguments.threads), str(requests), str(tokens), str(arguments.rounds)]
    commands = [[c, *common], [go, "batch", *common], [go, "stream", *common], [go, "naive", *common]]
    for turn in range(arguments.turns):
        for way in range(len(WAYS)):
            # Each turn begins with another way: none always comes after the same one.
            way = (way + turn) % len(WAYS)
            if way == 4:
                if turn < 2:
                    runs[WAYS[4]].append(process_per_request(mlxc, arguments.model, arguments.threads, requests, tokens, environment))
                continue
            out = subprocess.run(commands[way], env=environment, check=True, capture_output=True, text=True).stdout
            runs[WAYS[way]].append(json.loads(out))
    return runs


def table(runs, requests, tokens):
    print(f"\n{requests} request{'s' * (requests > 1)} of {tokens} tokens")
    print(f"{'':34}{'time ms':>9} {'quartiles':>15} {'to C':>8} {'CPU ms':>8} {'to C':>8} {'peak MB':>8} {'cgo calls':>10} {'a token':>8} {'allocations a token':>20}")
    base = base_cpu = None
    for way in WAYS:
        seconds = sorted(s for run in runs[way] for s in run["seconds"])
        median = statistics.median(seconds)
        low, high = (seconds[len(seconds) // 4], seconds[-1 - len(seconds) // 4])
        cpu = statistics.median(run["cpu"] for run in runs[way])
        base, base_cpu = base or median, base_cpu or cpu
        peak = max(run["peak_kb"] for run in runs[way]) / 1024
        calls, allocations = runs[way][-1]["cgo_calls"], runs[way][-1]["allocations"]
        go = way.startswith("Go")
        print(f"{way:34}{median * 1e3:9.1f} {low * 1e3:7.1f}-{high * 1e3:<7.1f} {(median / base - 1) * 100:+7.1f}% {cpu * 1e3:8.1f} {(cpu / base_cpu - 1) * 100:+7.1f}% {peak:8.1f} {calls if go else '-':>10} "
              f"{f'{calls / requests / tokens:.2f}' if go else '-':>8} {f'{allocations / requests / tokens:.2f}' if go else '-':>20}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build", "release"))
    parser.add_argument("--model", default=os.path.join(TOP, "tests", "models", "fable-qwen3"))
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=5, help="generations in each process")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as the library chooses")
    parser.add_argument("--programs", help="folder that keeps the built programs for the next time, or for another machine")
    arguments = parser.parse_args()
    arguments.model = os.path.abspath(arguments.model)
    folder = arguments.programs and os.path.abspath(arguments.programs) or tempfile.mkdtemp(prefix="calling-")
    try:
        programs = build(os.path.abspath(arguments.build), folder)
        for requests, tokens in ((1, 200), (16, 64)):
            table(measure(arguments, *programs, requests, tokens), requests, tokens)
    finally:
        if not arguments.programs:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
