"""Runs libmlxc and llama.cpp on the same weights, one after the other, again and again, and prints the medians beside each other and beside
what the machine allows.

  python3 run.py --llama FOLDER --models FOLDER [--smollm2 FOLDER] [--threads N] [--rounds 5] [--only NAME] [--quick] [--json FILE]

FOLDERs as build_llama, make_models.py and scripts/fetch-smollm2 leave them. Needs build/release/mlxc (make build) and build/bench/bench/bench_ceilings
(scripts/build bench bench_ceilings).
Each number is a process of its own; the two engines alternate within a round, and which goes first alternates with the rounds, so that a
noisy or throttling machine meets both alike. Ratios are those of the medians.
"""
import environment  # noqa: F401  first: libraries read it when they are loaded
import argparse
import json
import os
import statistics
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

# name, prompt, generated, batch, depth: what `mlxc bench -p -n -b -d` takes.
CASES = [
    ("decode, batch 1", 0, 64, 1, 0),
    ("decode, batch 1, 2048 cached", 0, 32, 1, 2048),
    ("decode, batch 16 in all", 0, 32, 16, 0),
    ("prompt 256", 256, 0, 1, 0),
    ("prompt 2048", 2048, 0, 1, 0),
]
GOALS = [1.0, 1.5, 2.0, 1.2, 1.5]


def output(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexited with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def ours(case, model, threads):
    _, prompt, generated, batch, depth = case
    command = [TOP + "/build/release/mlxc", "bench", "--model", model["folder"], "--threads", str(threads), "--precision", "native", "--json", "-r", "1",
               "-p", str(prompt), "-n", str(generated), "-b", str(batch), "-d", str(depth)]
    return json.loads(output(command))["results"][-1]["tokens_per_second"]


def theirs(case, model, threads, llama):
    _, prompt, generated, batch, depth = case
    common = ["-m", model["gguf"], "-t", str(threads)]
    if batch > 1:
        rows = output([llama + "/bin/llama-batched-bench", *common, "-c", str(batch * (16 + generated + 16)), "-b", "2048", "-ub", "512", "-npp", "16",
                       "-ntg", str(generated), "-npl", str(batch), "--output-format", "jsonl"])
        return json.loads([line for line in rows.splitlines() if line.startswith("{")][-1])["speed_tg"]
    rows = json.loads(output([llama + "/bin/llama-bench", *common, "-p", str(prompt), "-n", str(generated), "-d", str(depth), "-r", "1", "-o", "json"]))
    return rows[-1]["avg_ts"]


def ceiling(case, model, machine):
    """Tokens a second if weights and cache are read once a step at memory speed, and all multiply-adds run at the speed of registers."""
    _, prompt, generated, batch, depth = case
    c = model["config"]
    head_dim = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
    layers, kv_heads, heads = c["num_hidden_layers"], c.get("num_key_value_heads") or c["num_attention_heads"], c["num_attention_heads"]
    matrices = layers * (c["hidden_size"] * head_dim * (2 * heads + 2 * kv_heads) + 3 * c["hidden_size"] * c["intermediate_size"])
    head = c["vocab_size"] * c["hidden_size"]
    read, dot = machine["read_gb_s"] * 1e9, max(machine["dot_gflop_s"].values()) * 1e9
    if prompt:
        attention = 4 * layers * heads * head_dim * prompt * (prompt + 1) / 2  # q k and p v over the lower triangle
        flops = 2 * matrices * prompt + attention + 2 * head
        return prompt / max(flops / dot, 2 * (matrices + head) / read)
    context = depth + generated / 2
    cache = 2 * 2 * layers * kv_heads * head_dim * context * batch
    flops = batch * (2 * (matrices + head) + 4 * layers * heads * head_dim * context)
    return batch / max((2 * (matrices + head) + cache) / read, flops / dot)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama", default=TOP + "/build/llama")
    parser.add_argument("--models", default=TOP + "/build/compare")
    parser.add_argument("--smollm2", default=TOP + "/build/smollm2")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["smollm2-135m", "qwen3-0.6b"])
    parser.add_argument("--quick", action="store_true", help="one round, without the long contexts")
    parser.add_argument("--json", help="also write every single measurement to this file")
    args = parser.parse_args()

    models = [dict(name="smollm2-135m", folder=args.smollm2), dict(name="qwen3-0.6b", folder=args.models + "/qwen3-0.6b")]
    models = [m for m in models if args.only in (None, m["name"])]
    cases = [(c, g) for c, g in zip(CASES, GOALS) if not (args.quick and max(c[1], c[4]) > 1000)]
    machine = json.loads(output([TOP + "/build/bench/bench/bench_ceilings", str(args.threads)]))
    print(f"{args.threads} threads; the machine reads {machine['read_gb_s']:.1f} GB/s and multiplies "
          + ", ".join(f"{name} {speed:.0f} GFLOP/s" for name, speed in machine["dot_gflop_s"].items()))

    record = dict(machine=machine, rows=[])
    for model in models:
        model["gguf"] = f"{args.models}/{model['name']}.gguf"
        model["config"] = json.load(open(model["folder"] + "/config.json"))
        print(f"\n{model['name']}, bf16, tokens/s (median of {1 if args.quick else args.rounds})\n")
        print("| | libmlxc | llama.cpp | ratio | goal | of the ceiling |\n|---|---|---|---|---|---|")
        for case, goal in cases:
            samples = dict(ours=[], theirs=[])
            for turn in range(1 if args.quick else args.rounds):
                for who in ("ours", "theirs") if turn % 2 == 0 else ("theirs", "ours"):
                    speed = ours(case, model, args.threads) if who == "ours" else theirs(case, model, args.threads, args.llama)
                    samples[who].append(speed)
            a, b, limit = statistics.median(samples["ours"]), statistics.median(samples["theirs"]), ceiling(case, model, machine)
            print(f"| {case[0]} | {a:.1f} | {b:.1f} | {a / b:.2f} | {goal} | {100 * a / limit:.0f} % of {limit:.0f} |", flush=True)
            record["rows"].append(dict(model=model["name"], case=case[0], ceiling=limit, **samples))
    if args.json:
        with open(args.json, "w") as f:
            json.dump(record, f, indent=1)


if __name__ == "__main__":
    main()
