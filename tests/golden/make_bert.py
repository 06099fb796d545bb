"""Makes tiny random BERT encoders in the layouts that sentence-embedding folders have, and what transformers computes with them in float32.

  python make_bert.py OUT [--seed N]      (transformers 5.23.0, torch 2.9.1)

OUT/bert-mean: bare tensor names, mean pooling, normalised. OUT/bert-cls: names under "bert.", norms named gamma and beta, float16,
class token pooling, not normalised. golden.safetensors: prompt.K int32 [T], hidden.K f32 [T, H], embedding.K f32 [H].
"""

import argparse
import json
import os

import torch
import transformers as t
from safetensors.torch import load_file, save_file

LENGTHS = [1, 7, 40]


def make(out, name, seed, dtype, cls, renamed):
    torch.manual_seed(seed)
    folder = os.path.join(out, name)
    config = t.BertConfig(
        vocab_size=211, hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96, max_position_embeddings=64
    )
    model = t.BertModel(config, add_pooling_layer=False)
    with torch.no_grad():
        for n, p in model.named_parameters():
            if p.dim() >= 2:
                p.normal_(0, 0.5 if "embeddings" in n else 2.0 / p.shape[-1] ** 0.5)
            else:
                p.normal_(1.0 if n.endswith("LayerNorm.weight") else 0.0, 0.2)
    model.to(dtype).save_pretrained(folder)
    model = t.BertModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", add_pooling_layer=False).eval()

    golden = {}
    for k, length in enumerate(LENGTHS):
        ids = torch.randint(3, 211, (length,))
        with torch.no_grad():
            hidden = model(input_ids=ids[None]).last_hidden_state[0]
        embedding = hidden[0].clone() if cls else torch.nn.functional.normalize(hidden.mean(0), dim=0)
        golden |= {f"prompt.{k}": ids.int(), f"hidden.{k}": hidden.contiguous(), f"embedding.{k}": embedding.contiguous()}
    save_file(golden, folder + "/golden.safetensors")

    if renamed:
        old = lambda n: "bert." + n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        weights = load_file(folder + "/model.safetensors")
        save_file({old(n): w for n, w in weights.items()}, folder + "/model.safetensors", metadata={"format": "pt"})
    modules = ["Transformer", "Pooling"] + ([] if cls else ["Normalize"])
    paths = ["", "1_Pooling", "2_Normalize"]
    write(
        folder,
        "modules.json",
        [dict(idx=i, name=str(i), path=paths[i], type="sentence_transformers.models." + m) for i, m in enumerate(modules)],
    )
    write(
        folder,
        "1_Pooling/config.json",
        dict(
            word_embedding_dimension=48,
            pooling_mode_cls_token=cls,
            pooling_mode_mean_tokens=not cls,
            pooling_mode_max_tokens=False,
            pooling_mode_mean_sqrt_len_tokens=False,
        ),
    )
    write(folder, "sentence_bert_config.json", dict(max_seq_length=32, do_lower_case=False))


def write(folder, name, value):
    os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
    with open(os.path.join(folder, name), "w") as f:
        json.dump(value, f, indent=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=5)
    a = parser.parse_args()
    make(a.out, "bert-mean", a.seed, torch.float32, cls=False, renamed=False)
    make(a.out, "bert-cls", a.seed + 1, torch.float16, cls=True, renamed=True)


if __name__ == "__main__":
    main()
