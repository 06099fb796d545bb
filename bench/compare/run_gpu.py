"""Runs libmlxc and llama.cpp's Vulkan backend on the same GPU with models of the same shape, in turns, and prints the medians beside each other and beside what the
memory allows.

  python3 run_gpu.py --mlxc MLXC --llama FOLDER --models FOLDER [--only NAME,...] [--rounds 5] [--device vulkan:0] [--copy-tb-s X] [--hold] [--joules] [--json FILE]

FOLDER of models as make_gpu_models.py leaves it; FOLDER of llama holds llama-bench and llama-batched-bench with the Vulkan backend, built with tensor-core shaders.
Each engine measures decoding at batch 1, 8 and 32 (128 tokens before) and a prompt of 512 in one process a round; which goes first alternates.
--hold keeps a CUDA context open (through torch), since a process that uses Vulkan alone does not hold the clock of NVIDIA's data-centre GPUs.
--copy-tb-s: the GPU's copy bandwidth counting reads and writes, for the column "of the bound" (bytes of weights read once a step).
--joules: of a token at batch 1, the idle draw included: the driver's energy counter (nvidia-ml-py) over the busiest second of a longer run, by the tokens
of a second.
"""
import environment  # noqa: F401  first: libraries read it when they are loaded
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

SHAPES_HEADS = {"qwen3-0.6b": 1024, "qwen3-8b": 4096, "gemma3-27b": 5376}
BATCHES = [1, 8, 32]
GOALS = {"qwen3-8b": [1.2, 5, 2.5, 1.3], "qwen3-0.6b": [1.5, 2, 1.5, 1.3]}


class Energy:
    def __init__(self):
        try:
            import pynvml
            pynvml.nvmlInit()
            self.nvml, self.gpu = pynvml, pynvml.nvmlDeviceGetHandleByIndex(0)
        except Exception:
            self.nvml = None

    def joules(self):
        return self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.gpu) / 1e3 if self.nvml else 0.0

    def watts(self, command):
        """Of the busiest second while a command runs, and what it prints."""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        samples = []
        while process.poll() is None:
            samples.append((time.monotonic(), self.joules()))
            time.sleep(0.02)
        best = 0.0
        for start, joules in samples:
            later = next(((t, j) for t, j in samples if t >= start + 1), None)
            if later:
                best = max(best, (later[1] - joules) / (later[0] - start))
        return best, process.stdout.read()

    def clock(self):
        return self.nvml.nvmlDeviceGetClockInfo(self.gpu, self.nvml.NVML_CLOCK_SM) if self.nvml else 0


def output(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexited with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def ours(args, model):
    command = [args.mlxc, "bench", "--model", f"{args.models}/{model}", "--device", args.device, "--json", "-r", "3"]
    rows = json.loads(output([*command, "-p", "512", "-n", "64", "-d", "128", "-b", ",".join(map(str, BATCHES))]))["results"]
    return [row["tokens_per_second"] for row in rows if row["what"] == "generate"] + [row["tokens_per_second"] for row in rows if row["what"] == "prompt"]


def theirs(args, model):
    gguf = ["-m", f"{args.models}/{model}.gguf", "-ngl", "99"]
    rows = json.loads(output([args.llama + "/llama-bench", *gguf, "-fa", "on", "-p", "512", "-n", "64", "-r", "3", "-o", "json"]))
    prompt = next(row["avg_ts"] for row in rows if row["n_prompt"])
    lines = output([args.llama + "/llama-batched-bench", *gguf, "-fa", "on", "-c", "8192", "-b", "2048", "-ub", "512", "-npp", "128", "-ntg", "64",
                    "-npl", ",".join(map(str, BATCHES * 2)), "--output-format", "jsonl"])
    decode = {}
    for line in lines.splitlines():  # the first round compiles pipelines; the last counts
        if line.startswith("{"):
            row = json.loads(line)
            decode[row["pl"]] = row["speed_tg"]
    single = next(row["avg_ts"] for row in rows if row["n_gen"])
    return [max(single, decode[1])] + [decode[b] for b in BATCHES[1:]] + [prompt]


def joules(args, model, energy):
    """Of a token at batch 1: libmlxc's, llama.cpp's."""
    watts, text = energy.watts([args.mlxc, "bench", "--model", f"{args.models}/{model}", "--device", args.device, "--json", "-r", "1", "-p", "0", "-n", "512"])
    found = [watts / json.loads(text)["results"][-1]["tokens_per_second"]]
    if args.llama:
        watts, text = energy.watts([args.llama + "/llama-bench", "-m", f"{args.models}/{model}.gguf", "-ngl", "99", "-fa", "on", "-p", "0", "-n", "512", "-r", "1", "-o", "json"])
        found.append(watts / json.loads(text)[-1]["avg_ts"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mlxc", default="build/release/mlxc")
    parser.add_argument("--llama", help="without: libmlxc alone")
    parser.add_argument("--models", default="build/gpu-models")
    parser.add_argument("--only", default="qwen3-0.6b,qwen3-8b")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="vulkan:0")
    parser.add_argument("--copy-tb-s", type=float, default=0)
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--joules", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args()
    holder = None
    if args.hold:
        holder = subprocess.Popen([sys.executable, "-c", "import torch, time; torch.zeros(1, device='cuda'); print('held', flush=True); time.sleep(36000)"],
                                  stdout=subprocess.PIPE, text=True)
        holder.stdout.readline()
    energy, record = Energy(), {}
    try:
        for model in args.only.split(","):
            weights = os.path.getsize(f"{args.models}/{model}/model.safetensors")
            if model != "qwen3-0.6b" and not model.startswith("gemma"):  # an untied table is not read, but for its rows
                weights -= 151936 * SHAPES_HEADS[model] * 2
            samples = dict(ours=[], theirs=[])
            for turn in range(args.rounds):
                for who in ("ours", "theirs") if turn % 2 == 0 else ("theirs", "ours"):
                    if who == "theirs" and not args.llama:
                        continue
                    samples[who].append((ours if who == "ours" else theirs)(args, model))
                print(f"# {model} round {turn}: SM {energy.clock()} MHz", {k: v[-1] for k, v in samples.items() if v}, flush=True)
            record[model] = dict(samples=samples)
            print(f"\n{model}, bf16, tokens/s, median of {args.rounds}\n\n| | libmlxc | llama.cpp | ratio | goal | of the bound |\n|---|---|---|---|---|---|")
            for i, case in enumerate([f"decode, batch {b}" for b in BATCHES] + ["prompt 512"]):
                a = statistics.median(row[i] for row in samples["ours"])
                b = statistics.median(row[i] for row in samples["theirs"]) if samples["theirs"] else 0
                bound = f"{100 * a * weights / BATCHES[i] / (args.copy_tb_s * 1e12):.0f} %" if i < len(BATCHES) and args.copy_tb_s else ""
                goal = GOALS.get(model, [""] * 4)[i]
                print(f"| {case} | {a:.1f} | {b:.1f} | {a / b if b else 0:.2f} | {goal} | {bound} |", flush=True)
            if args.joules:
                record[model]["joules"] = joules(args, model, energy)
                print("joules a token, batch 1:", ", ".join(f"{value:.2f}" for value in record[model]["joules"]), flush=True)
    finally:
        if holder:
            holder.kill()
    if args.json:
        with open(args.json, "w") as f:
            json.dump(record, f, indent=1)


if __name__ == "__main__":
    main()
