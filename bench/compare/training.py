"""Steps of training language models, libmlxc and PyTorch (+ PEFT) alternating on the same shapes and threads: medians, and their ratio.

  python3 training.py [--model FOLDER] [--rounds 5] [--steps 3] [--batch 1] [--length 256] [--only lora|scratch] [--device cpu]
                      [--torch-device cpu|cuda] [--ours PROGRAM] [--json FILE]

FOLDER: a Qwen3-0.6B as make_models.py writes it. Needs torch, transformers and peft, and build/bench/bench/bench_language_training
(scripts/build bench bench_language_training). Every number is the median step of a process of its own. LoRA: rank 8 on every linear layer, AdamW,
weights in bfloat16; "scratch": all weights of a small transformer in float32.
"""
import environment  # noqa: F401  first: libraries read it when they are loaded
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SMALL = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 4096, "hidden_size": 256, "intermediate_size": 768,
         "num_hidden_layers": 8, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64, "max_position_embeddings": 2048,
         "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": True}


def torch_step(folder, mode, batch, length, steps, dtype, device):
    """Runs in a process of its own; prints as bench_language_training does."""
    import torch
    import transformers
    torch.manual_seed(1)
    if mode == "scratch":
        config = transformers.AutoConfig.from_pretrained(folder)
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="sdpa")
    else:
        import peft
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="sdpa")
        model = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, target_modules="all-linear"))
    model.to(device).train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.0)
    seconds, cpu = [], []
    for step in range(steps + 1):
        x, y = torch.randint(3, model.config.vocab_size, (2, batch, length))
        start, clock = time.perf_counter(), time.process_time()
        x, y = x.to(device), y.to(device)
        logits = model(input_ids=x).logits
        loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), y.flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        value = loss.item()
        if step > 0:
            seconds.append(time.perf_counter() - start)
            cpu.append(time.process_time() - clock)
    median = statistics.median(seconds)
    print(json.dumps({"step_seconds": median, "cpu_seconds": statistics.median(cpu), "tokens_per_second": batch * length / median, "loss": value}))


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}\nexited with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])["tokens_per_second"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default=str(TOP / "build/compare/qwen3-0.6b"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--only", choices=["lora", "scratch"])
    parser.add_argument("--device", default="cpu", help="of libmlxc: cpu or vulkan:N")
    parser.add_argument("--torch-device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--ours", default=str(TOP / "build/bench/bench/bench_language_training"))
    parser.add_argument("--json")
    parser.add_argument("--torch", nargs=7, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.torch:
        folder, mode, batch, length, steps, dtype, device = options.torch
        return torch_step(folder, mode, int(batch), int(length), int(steps), dtype, device)

    ours, device, theirs = options.ours, options.device, options.torch_device
    with tempfile.TemporaryDirectory() as small:
        (pathlib.Path(small) / "config.json").write_text(json.dumps(SMALL))
        cases = {"scratch": [("libmlxc", [ours, small, "scratch", 4, options.length, options.steps * 4, "high", device]),
                             ("PyTorch", [sys.executable, __file__, "--torch", small, "scratch", 4, options.length, options.steps * 4, "float32", theirs])]}
        lora = [options.model, "lora", options.batch, options.length, options.steps]
        cases["lora"] = [("libmlxc", [ours, *lora, "native", device]), ("PyTorch", [sys.executable, __file__, "--torch", *lora, "bfloat16", theirs])]
        report = {}
        for name, engines in cases.items():
            if options.only not in (None, name):
                continue
            speeds = {engine: [] for engine, _ in engines}
            for round in range(options.rounds):
                for engine, command in engines if round % 2 == 0 else engines[::-1]:
                    speeds[engine].append(run(command))
            medians = {engine: statistics.median(values) for engine, values in speeds.items()}
            ratio = medians["libmlxc"] / medians["PyTorch"]
            report[name] = {"tokens_per_second": speeds, "medians": medians, "ratio": ratio}
            print(f"{name:8} " + "  ".join(f"{engine} {value:9.1f} tokens/s" for engine, value in medians.items()) + f"  ratio {ratio:.2f}",
                  flush=True)
        if options.json:
            pathlib.Path(options.json).write_text(json.dumps(report, indent=1))


main()
