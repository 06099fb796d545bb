"""What transformers makes of config.json files: defaults, layer types, windows and rotary frequencies.

  python make_configs.py OUT.json     (transformers 5.23.0, torch 2.9.1)

OUT.json: a list of {"name", "config" (the file as published), "expected" (after transformers' defaults)}. tests/llm/config_test.cpp reads it.
Frequencies are float32 values, written as their bits.
"""

import json
import sys

import torch
import transformers as t

LLAMA3 = {"rope_type": "llama3", "factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192}

CASES = {
    "llama defaults": {"model_type": "llama"},
    "llama 2 7b": {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_attention_heads": 32,
        "num_key_value_heads": None,
        "rope_scaling": None,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 4096,
    },
    "llama 3.2 1b": {
        "model_type": "llama",
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "num_hidden_layers": 16,
        "head_dim": 64,
        "rope_theta": 500000.0,
        "rope_scaling": LLAMA3,
        "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": True,
        "vocab_size": 128256,
        "bos_token_id": 128000,
        "eos_token_id": [128001, 128008, 128009],
    },
    "smollm2": {
        "model_type": "llama",
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "num_hidden_layers": 30,
        "rope_theta": 100000,
        "vocab_size": 49152,
        "max_position_embeddings": 8192,
        "tie_word_embeddings": True,
    },
    "llama linear, old type key": {"model_type": "llama", "rope_scaling": {"type": "linear", "factor": 2.5}, "rope_theta": 10000.0},
    "llama linear": {"model_type": "llama", "rope_parameters": {"rope_type": "linear", "factor": 8, "rope_theta": 1e6}},
    "llama both rope spellings": {
        "model_type": "llama",
        "rope_parameters": {"rope_type": "default", "rope_theta": 5e5},
        "rope_scaling": {"type": "linear", "factor": 2.0},
        "rope_theta": 20000.0,
    },
    "llama 3 without original length": {
        "model_type": "llama",
        "max_position_embeddings": 4096,
        "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0},
    },
    "llama 3 with the length beside": {
        "model_type": "llama",
        "max_position_embeddings": 65536,
        "original_max_position_embeddings": 4096,
        "rope_theta": 500000.0,
        "rope_scaling": dict(LLAMA3, factor=8.0),
    },
    "yarn": {
        "model_type": "llama",
        "max_position_embeddings": 131072,
        "rope_theta": 1e6,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768},
    },
    "qwen2.5 with yarn": {
        "model_type": "qwen2",
        "rope_theta": 1000000.0,
        "rope_scaling": {"factor": 4.0, "original_max_position_embeddings": 32768, "type": "yarn"},
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "hidden_size": 3584,
        "num_hidden_layers": 28,
    },
    "yarn with mscale": {
        "model_type": "llama",
        "rope_scaling": {
            "rope_type": "yarn",
            "factor": 40,
            "original_max_position_embeddings": 4096,
            "mscale": 1.0,
            "mscale_all_dim": 0.707,
        },
    },
    "yarn with betas": {
        "model_type": "llama",
        "head_dim": 64,
        "rope_scaling": {"rope_type": "yarn", "factor": 16.0, "original_max_position_embeddings": 8192, "beta_fast": 64, "beta_slow": 2},
    },
    "yarn untruncated": {
        "model_type": "llama",
        "rope_theta": 150000.0,
        "head_dim": 64,
        "rope_scaling": {
            "rope_type": "yarn",
            "factor": 32.0,
            "original_max_position_embeddings": 4096,
            "truncate": False,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
        },
    },
    "yarn with an attention factor": {
        "model_type": "llama",
        "rope_scaling": {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 2048, "attention_factor": 0.75},
    },
    "yarn below one": {
        "model_type": "llama",
        "rope_scaling": {"rope_type": "yarn", "factor": 1.0, "original_max_position_embeddings": 2048},
    },
    "mistral defaults": {"model_type": "mistral"},
    "mistral 7b v0.1": {"model_type": "mistral", "sliding_window": 4096, "rope_theta": 10000.0, "max_position_embeddings": 32768},
    "mistral without a window": {
        "model_type": "mistral",
        "sliding_window": None,
        "rope_theta": 1000000.0,
        "head_dim": 128,
        "hidden_size": 5120,
    },
    "qwen2 defaults": {"model_type": "qwen2"},
    "qwen2 0.5b": {
        "model_type": "qwen2",
        "hidden_size": 896,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "num_hidden_layers": 24,
        "intermediate_size": 4864,
        "rope_theta": 1000000.0,
        "sliding_window": 32768,
        "max_window_layers": 24,
        "use_sliding_window": False,
        "tie_word_embeddings": True,
    },
    "qwen2 with windows": {
        "model_type": "qwen2",
        "num_hidden_layers": 6,
        "sliding_window": 1024,
        "max_window_layers": 2,
        "use_sliding_window": True,
    },
    "qwen3 defaults": {"model_type": "qwen3"},
    "qwen3 0.6b": {
        "model_type": "qwen3",
        "attention_bias": False,
        "head_dim": 128,
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "max_position_embeddings": 40960,
        "max_window_layers": 28,
        "num_attention_heads": 16,
        "num_hidden_layers": 28,
        "num_key_value_heads": 8,
        "rope_scaling": None,
        "rope_theta": 1000000,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "vocab_size": 151936,
    },
    "qwen3 with windows": {
        "model_type": "qwen3",
        "num_hidden_layers": 5,
        "sliding_window": 512,
        "use_sliding_window": True,
        "max_window_layers": 3,
        "attention_bias": True,
    },
    "qwen3 with layer types": {
        "model_type": "qwen3",
        "num_hidden_layers": 3,
        "sliding_window": 64,
        "use_sliding_window": True,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    },
    "gemma 3 text defaults": {"model_type": "gemma3_text"},
    "gemma 3 1b": {
        "model_type": "gemma3_text",
        "hidden_size": 1152,
        "intermediate_size": 6912,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "num_hidden_layers": 26,
        "head_dim": 256,
        "rope_local_base_freq": 10000,
        "rope_scaling": None,
        "rope_theta": 1000000,
        "sliding_window": 512,
        "sliding_window_pattern": 6,
        "max_position_embeddings": 32768,
        "query_pre_attn_scalar": 256,
        "vocab_size": 262144,
    },
    "gemma 3 pattern of two": {
        "model_type": "gemma3_text",
        "num_hidden_layers": 5,
        "sliding_window_pattern": 2,
        "rope_local_base_freq": 5000.0,
    },
    "gemma 3 4b": {
        "model_type": "gemma3",
        "architectures": ["Gemma3ForConditionalGeneration"],
        "eos_token_id": [1, 106],
        "image_token_index": 262144,
        "text_config": {
            "hidden_size": 2560,
            "intermediate_size": 10240,
            "model_type": "gemma3_text",
            "num_hidden_layers": 34,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "sliding_window": 1024,
        },
        "vision_config": {"hidden_size": 1152, "model_type": "siglip_vision_model"},
    },
    "gemma 3 27b": {
        "model_type": "gemma3",
        "text_config": {
            "head_dim": 128,
            "hidden_size": 5376,
            "intermediate_size": 21504,
            "model_type": "gemma3_text",
            "num_attention_heads": 32,
            "num_hidden_layers": 62,
            "num_key_value_heads": 16,
            "query_pre_attn_scalar": 168,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "sliding_window": 1024,
        },
    },
    "gemma 3 rope parameters": {
        "model_type": "gemma3_text",
        "num_hidden_layers": 4,
        "layer_types": ["full_attention", "sliding_attention", "full_attention", "sliding_attention"],
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 2e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 7e3},
        },
        "final_logit_softcapping": 30.0,
    },
    "gemma 3 rope of one type": {
        "model_type": "gemma3_text",
        "num_hidden_layers": 2,
        "sliding_window_pattern": 2,
        "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 3e6}},
    },
}

CLASSES = {
    "llama": t.LlamaConfig,
    "mistral": t.MistralConfig,
    "qwen2": t.Qwen2Config,
    "qwen3": t.Qwen3Config,
    "gemma3_text": t.Gemma3TextConfig,
    "gemma3": t.Gemma3Config,
}


def expected(config):
    whole = CLASSES[config["model_type"]].from_dict(config)
    c = getattr(whole, "text_config", whole)
    module = __import__(f"transformers.models.{c.model_type.split('_')[0]}.modeling_{c.model_type.split('_')[0]}", fromlist=["x"])
    rotary = next(getattr(module, n) for n in dir(module) if n.endswith("RotaryEmbedding"))(c)
    types = (
        getattr(c, "layer_types", None)
        or ["sliding_attention" if c.model_type == "mistral" and c.sliding_window else "full_attention"] * c.num_hidden_layers
    )
    ropes = {}
    for kind in sorted(set(types)):
        f = getattr(rotary, f"{kind}_inv_freq", getattr(rotary, "inv_freq", None))
        a = getattr(rotary, f"{kind}_attention_scaling", getattr(rotary, "attention_scaling", None))
        ropes[kind] = {"frequency_bits": f.float().view(torch.int32).tolist(), "attention_factor": a}
    return {
        "vocab_size": c.vocab_size,
        "hidden_size": c.hidden_size,
        "intermediate_size": c.intermediate_size,
        "num_hidden_layers": c.num_hidden_layers,
        "num_attention_heads": c.num_attention_heads,
        "num_key_value_heads": c.num_key_value_heads,
        "head_dim": getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads,
        "max_position_embeddings": c.max_position_embeddings,
        "rms_norm_eps": c.rms_norm_eps,
        "tie_word_embeddings": whole.tie_word_embeddings,
        "windows": [c.sliding_window if k == "sliding_attention" else 0 for k in types],
        "layer_types": types,
        "ropes": ropes,
        "query_pre_attn_scalar": getattr(c, "query_pre_attn_scalar", None),
        "final_logit_softcapping": getattr(c, "final_logit_softcapping", None),
        "eos_token_id": whole.eos_token_id if "eos_token_id" in config else c.eos_token_id,
    }


def main():
    t.logging.set_verbosity_error()
    rows = [{"name": n, "config": c, "expected": expected(json.loads(json.dumps(c)))} for n, c in CASES.items()]
    with open(sys.argv[1], "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")


if __name__ == "__main__":
    main()
