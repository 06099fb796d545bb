"""What calling costs: the same requests made in five ways, with time, peak memory and cgo calls.

  python3 bench/calling/run.py [--model FOLDER] [--requests 16] [--tokens 64] [--rounds 7]

Ways: C in process (batch, stream), Go batch, Go stream, a cgo call for every token, one `mlxc generate` process a request. A round runs every way
once, in turn; within a process a first run warms up and the next three are timed (a process a request is timed whole: loading is what it
costs). Medians over all rounds; the spread is that of the middle half. Needs `make build`, `scripts/build bench bench_calling` and Go 1.24.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HERE = os.path.dirname(os.path.abspath(__file__))


def checked(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexited with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def build_go(stage):
    checked(["cmake", "--install", TOP + "/build/release", "--prefix", stage])
    go = checked([TOP + "/scripts/go-toolchain"]).strip()
    environment = dict(os.environ, PKG_CONFIG_PATH=stage + "/lib/pkgconfig", LD_LIBRARY_PATH=stage + "/lib", CGO_ENABLED="1", GOTOOLCHAIN="local")
    checked([go, "build", "-o", TOP + "/build/calling", "."], cwd=HERE, env=environment)
    return environment


def processes(args):
    seconds, peak, tokens = 0, 0, 0
    for _ in range(args.requests):
        start = time.monotonic()
        child = subprocess.Popen([TOP + "/build/release/mlxc", "generate", "--model", args.model, "--prompt", "Once upon a time", "--max-tokens",
                                  str(args.tokens), "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        text = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            sys.exit("mlxc generate failed")
        seconds += time.monotonic() - start
        peak = max(peak, usage.ru_maxrss)
        tokens += len(json.loads(text)[0]["tokens"])
    return dict(seconds=[seconds], tokens=tokens, cgo_calls=0, peak_kb=peak)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=TOP + "/tests/models/fable-qwen3")
    parser.add_argument("--requests", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()

    environment = build_go(TOP + "/build/calling-stage")
    tail = [args.model, str(args.requests), str(args.tokens), "3"]
    in_process = {
        "C, batch": [TOP + "/build/bench/bench/bench_calling", "batch"],
        "C, stream": [TOP + "/build/bench/bench/bench_calling", "stream"],
        "Go, GenerateBatch": [TOP + "/build/calling", "batch"],
        "Go, Generate in a goroutine each": [TOP + "/build/calling", "stream"],
        "Go, a cgo call for every token": [TOP + "/build/calling", "naive"],
    }
    runs = {name: [] for name in in_process}
    runs["one `mlxc` process a request"] = []
    for _ in range(args.rounds):
        for name, command in in_process.items():
            runs[name].append(json.loads(checked(command + tail, env=environment)))
        runs["one `mlxc` process a request"].append(processes(args))

    print(f"{args.requests} requests of {args.tokens} tokens, {os.path.basename(args.model)}\n")
    print("| | ms | spread | against C | tokens | peak MB | cgo calls |\n|---|---|---|---|---|---|---|")
    base = {}
    for name, rows in runs.items():
        times = sorted(1000 * s for row in rows for s in row["seconds"])
        median = statistics.median(times)
        spread = 100 * (times[3 * len(times) // 4] - times[len(times) // 4]) / median
        base[name] = median
        against = base["C, batch"] if "atch" in name else base["C, stream"]
        print(f"| {name} | {median:.1f} | {spread:.1f} % | {100 * (median / against - 1):+.1f} % | {rows[0]['tokens']} | "
              f"{max(row['peak_kb'] for row in rows) / 1024:.0f} | {rows[0]['cgo_calls']} |")


if __name__ == "__main__":
    main()
