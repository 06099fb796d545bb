"""How far transformers' own run in the stored dtype is from its float32 run, for each model and prompt.

  python make_native_errors.py MODELS     (writes MODELS/native_errors.json)
"""

import glob
import json
import os
import sys

import torch
import transformers
from safetensors.torch import load_file


@torch.no_grad()
def errors(folder, golden):
    multimodal = "Gemma3ForConditionalGeneration" in json.load(open(folder + "/config.json"))["architectures"]
    kind = transformers.Gemma3ForConditionalGeneration if multimodal else transformers.AutoModelForCausalLM
    model = kind.from_pretrained(folder, dtype="auto", attn_implementation="eager").eval()
    largest, rms = [], []
    for k in range(3):
        expected = golden[f"logits.{k}"]
        difference = model(input_ids=golden[f"prompt.{k}"].long()[None]).logits[0].float() - expected
        largest.append(float("%.2g" % (difference.abs().max() / expected.abs().max())))
        rms.append(float("%.2g" % (difference.pow(2).mean().sqrt() / expected.pow(2).mean().sqrt())))
    return dict(dtype=str(model.dtype).split(".")[-1], max=largest, rms=rms)


def main():
    found = {}
    for path in sorted(glob.glob(sys.argv[1] + "/*/golden.safetensors")):
        golden, folder = load_file(path), os.path.dirname(path)
        if "logits.0" in golden:
            found[os.path.basename(folder)] = errors(folder, golden)
    with open(sys.argv[1] + "/native_errors.json", "w") as f:
        json.dump(found, f, indent=1)


if __name__ == "__main__":
    main()
