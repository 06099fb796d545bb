#!/usr/bin/env python3
"""The vote model (64 features -> Linear 128 + ReLU -> Linear 1, mean over the batch) from C and from Go, beside what sgemm reaches meanwhile.

C and Go run in processes of their own and take turns; a row is the median of the turns, of which C gives medians, too. "of sgemm" is the share of the votes that the
measured product of two 1024 x 1024 matrices would allow at 16.6 kFLOP a vote.

    bench/vote/run.py --build build/release [--turns 7] [--seconds 0.3]
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
FLOP_PER_VOTE = 2 * (64 * 128 + 128)


def build(build_folder, folder):
    prefix = os.path.abspath(os.path.join(build_folder, "vote-prefix"))
    subprocess.run(["cmake", "--install", build_folder, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    lib = next(root for root, _, files in os.walk(prefix) if "libmlxc.so.1" in files)
    environment = dict(os.environ, PKG_CONFIG_PATH=os.path.join(lib, "pkgconfig"), LD_LIBRARY_PATH=lib, CGO_ENABLED="1", GOTOOLCHAIN="local",
                       GOFLAGS="-buildvcs=false", CGO_LDFLAGS=f"-L{lib}")  # Go keeps what pkg-config said for another folder
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "mlxc"], env=environment, check=True, capture_output=True, text=True).stdout.split()
    c, go = os.path.join(folder, "vote-c"), os.path.join(folder, "vote-go")
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-std=c11", os.path.join(HERE, "c", "vote.c"), *flags, "-o", c], check=True)
    compiler = subprocess.run([os.path.join(TOP, "scripts", "go-toolchain")], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run([compiler, "build", "-o", go, "."], cwd=HERE, env=environment, check=True)
    return c, go, environment


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--batches", default="10,100,1000,10000,100000")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    batches = arguments.batches.split(",")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        c, go, environment = build(arguments.build, folder)
        for _ in range(arguments.turns):
            for command in ([c, str(arguments.seconds), "1", *batches], [go, str(arguments.seconds), "1", "1", *batches],
                            [go, str(arguments.seconds), "1", "8", *batches]):
                text = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
                lines += [json.loads(line) for line in text.splitlines()]
    sgemm = statistics.median(line["gflops"] for line in lines if line["what"] == "sgemm")
    allowed = sgemm * 1e9 / FLOP_PER_VOTE

    def median(key, **wanted):
        return statistics.median(line[key] for line in lines if all(line.get(k) == v for k, v in wanted.items()))

    table = [{"batch": int(batch), "C": median("votes_per_second", what="C", batch=int(batch)),
              "Go": median("votes_per_second", what="Go", batch=int(batch), callers=1),
              "Go, 8 callers": median("votes_per_second", what="Go", batch=int(batch), callers=8),
              "bytes": median("bytes_per_call", what="Go", batch=int(batch), callers=1),
              "allocations": median("allocations_per_call", what="Go", batch=int(batch), callers=1)} for batch in batches]
    if arguments.json:
        print(json.dumps({"sgemm_gflops": sgemm, "votes_allowed": allowed, "batches": table}))
        return
    print(f"sgemm 1024: {sgemm:.1f} GFLOP/s, which allows {allowed / 1e6:.2f} M votes/s at {FLOP_PER_VOTE / 1e3:.1f} kFLOP a vote")
    print(f"{'batch':>8} {'C, M votes/s':>13} {'of sgemm':>9} {'Go, M votes/s':>14} {'8 callers':>10} {'bytes/call':>11} {'allocs/call':>12}")
    for row in table:
        print(f"{row['batch']:>8} {row['C'] / 1e6:>13.3f} {row['C'] / allowed:>9.2f} {row['Go'] / 1e6:>14.3f} {row['Go, 8 callers'] / 1e6:>10.3f} "
              f"{row['bytes']:>11.1f} {row['allocations']:>12.3f}")


if __name__ == "__main__":
    main()
