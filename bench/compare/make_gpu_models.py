"""Writes models of random weights for the comparison on a GPU, each as a Hugging Face folder and, for llama.cpp, as a GGUF file of the same shape.

  python3 make_gpu_models.py OUT NAME[:LAYERS]...     NAME: qwen3-0.6b, qwen3-8b, gemma3-27b (no GGUF)

bf16, normal weights of deviation 0.02. Needs torch; uses the GPU's generator where there is one. Speed does not depend on the values of weights. No tokenizer: both
engines are given token ids.
"""
import json
import os
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import torch

SHAPES = {
    "qwen3-0.6b": dict(hidden=1024, intermediate=3072, layers=28, heads=16, kv_heads=8, head_dim=128, vocab=151936, tied=True),
    "qwen3-8b": dict(hidden=4096, intermediate=12288, layers=36, heads=32, kv_heads=8, head_dim=128, vocab=151936, tied=False),
    "gemma3-27b": dict(hidden=5376, intermediate=21504, layers=62, heads=32, kv_heads=16, head_dim=128, vocab=262208, tied=True),
}


def tensors(s, gemma):
    """(Hugging Face name, GGUF name, shape)"""
    yield "model.embed_tokens.weight", "token_embd.weight", (s["vocab"], s["hidden"])
    for i in range(s["layers"]):
        p, b = f"model.layers.{i}.", f"blk.{i}."
        yield p + "input_layernorm.weight", b + "attn_norm.weight", (s["hidden"],)
        yield p + "self_attn.q_proj.weight", b + "attn_q.weight", (s["heads"] * s["head_dim"], s["hidden"])
        yield p + "self_attn.k_proj.weight", b + "attn_k.weight", (s["kv_heads"] * s["head_dim"], s["hidden"])
        yield p + "self_attn.v_proj.weight", b + "attn_v.weight", (s["kv_heads"] * s["head_dim"], s["hidden"])
        yield p + "self_attn.o_proj.weight", b + "attn_output.weight", (s["hidden"], s["heads"] * s["head_dim"])
        yield p + "self_attn.q_norm.weight", b + "attn_q_norm.weight", (s["head_dim"],)
        yield p + "self_attn.k_norm.weight", b + "attn_k_norm.weight", (s["head_dim"],)
        yield p + "post_attention_layernorm.weight", b + "ffn_norm.weight", (s["hidden"],)
        if gemma:
            yield p + "pre_feedforward_layernorm.weight", b + "pre_ffn_norm.weight", (s["hidden"],)
            yield p + "post_feedforward_layernorm.weight", b + "post_ffn_norm.weight", (s["hidden"],)
        yield p + "mlp.gate_proj.weight", b + "ffn_gate.weight", (s["intermediate"], s["hidden"])
        yield p + "mlp.up_proj.weight", b + "ffn_up.weight", (s["intermediate"], s["hidden"])
        yield p + "mlp.down_proj.weight", b + "ffn_down.weight", (s["hidden"], s["intermediate"])
    yield "model.norm.weight", "output_norm.weight", (s["hidden"],)
    if not s["tied"]:
        yield "lm_head.weight", "output.weight", (s["vocab"], s["hidden"])


def config(s, gemma):
    common = dict(hidden_size=s["hidden"], intermediate_size=s["intermediate"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"],
                  num_key_value_heads=s["kv_heads"], head_dim=s["head_dim"], vocab_size=s["vocab"], rope_theta=1e6, rms_norm_eps=1e-6,
                  max_position_embeddings=40960, tie_word_embeddings=s["tied"], torch_dtype="bfloat16", eos_token_id=2)
    if gemma:
        return dict(common, architectures=["Gemma3ForCausalLM"], model_type="gemma3_text", hidden_activation="gelu_pytorch_tanh", sliding_window=1024,
                    sliding_window_pattern=6, query_pre_attn_scalar=168, rope_local_base_freq=1e4)
    return dict(common, architectures=["Qwen3ForCausalLM"], model_type="qwen3", hidden_act="silu")


def gguf_header(name, s, entries):
    text = lambda t: struct.pack("<Q", len(t)) + t.encode()
    u32 = lambda k, v: text(k) + struct.pack("<II", 4, v)
    f32 = lambda k, v: text(k) + struct.pack("<If", 6, v)
    string = lambda k, v: text(k) + struct.pack("<I", 8) + text(v)
    values = [string("general.architecture", "qwen3"), string("general.name", name), u32("qwen3.block_count", s["layers"]), u32("qwen3.context_length", 40960),
              u32("qwen3.embedding_length", s["hidden"]), u32("qwen3.feed_forward_length", s["intermediate"]), u32("qwen3.attention.head_count", s["heads"]),
              u32("qwen3.attention.head_count_kv", s["kv_heads"]), f32("qwen3.rope.freq_base", 1e6), f32("qwen3.attention.layer_norm_rms_epsilon", 1e-6),
              u32("qwen3.attention.key_length", s["head_dim"]), u32("qwen3.attention.value_length", s["head_dim"]), u32("qwen3.vocab_size", s["vocab"]),
              string("tokenizer.ggml.model", "no_vocab"), u32("general.file_type", 32)]
    header, offset, offsets = b"GGUF" + struct.pack("<IQQ", 3, len(entries), len(values)) + b"".join(values), 0, []
    for _, gguf, shape in entries:
        kind, size = (0, 4) if len(shape) == 1 else (30, 2)
        header += text(gguf) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n in reversed(shape)) + struct.pack("<IQ", kind, offset)
        offsets.append(offset)
        offset += (size * torch.Size(shape).numel() + 31) // 32 * 32
    header += b"\0" * (-len(header) % 32)
    return header, [len(header) + o for o in offsets]


def write(out, name, layers=None):
    s, gemma = dict(SHAPES[name]), name.startswith("gemma")
    if layers:
        s["layers"] = int(layers)
    entries = list(tensors(s, gemma))
    folder = os.path.join(out, name)
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/config.json", "w") as f:
        json.dump(config(s, gemma), f, indent=1)
    table, offset = {}, 0
    for hf, _, shape in entries:
        size = 2 * torch.Size(shape).numel()
        table[hf] = dict(dtype="BF16", shape=list(shape), data_offsets=[offset, offset + size])
        offset += size
    head = json.dumps(table).encode()
    head += b" " * (-len(head) % 8)
    safetensors = os.open(folder + "/model.safetensors", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.pwrite(safetensors, struct.pack("<Q", len(head)) + head, 0)
    places = []
    if not gemma:
        header, places = gguf_header(name, s, entries)
        gguf = os.open(f"{out}/{name}.gguf", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.pwrite(gguf, header, 0)

    def put(fd, values, at):
        rest = memoryview(values.contiguous().view(torch.uint8).numpy().reshape(-1))
        while len(rest):
            done = os.pwrite(fd, rest[: 1 << 26], at)
            rest, at = rest[done:], at + done

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    with ThreadPoolExecutor(8) as pool:
        jobs = []
        for i, (hf, _, shape) in enumerate(entries):
            norm = len(shape) == 1
            values = (torch.full(shape, 0.0 if gemma else 1.0) if norm else (torch.randn(shape, device=device) * 0.02).to(torch.bfloat16)).cpu()
            jobs.append(pool.submit(put, safetensors, values.to(torch.bfloat16), 8 + len(head) + table[hf]["data_offsets"][0]))
            if places:
                jobs.append(pool.submit(put, gguf, values.float() if norm else values, places[i]))
            while sum(not job.done() for job in jobs) > 16:
                next(job for job in jobs if not job.done()).result()
        for job in jobs:
            job.result()
    print(f"{folder}: {(offset + len(head)) / 1e9:.1f} GB", flush=True)


for argument in sys.argv[2:]:
    write(sys.argv[1], *argument.split(":"))
