"""What transformers computes in float32 with the trained models in ../models.  python make_fable_goldens.py

Writes golden.safetensors into each model's folder: prompt.K int32 [T], last_logits.K f32 [V] (last prompt position), greedy.K int32 [N];
and golden.json: the same prompts and continuations as text, with each step's lead of the winner.
"""

import json, os, torch, transformers as t
from safetensors.torch import save_file

PROMPTS = [
    "Once upon a time",
    "The fox looked at the",
    '"Where are you going?" asked',
    "In a small village by the sea there lived an old",
    "One day, a little",
]
HERE = os.path.dirname(os.path.abspath(__file__))


@torch.no_grad()
def main():
    for name in ("fable-qwen3", "fable-gemma3"):
        d = os.path.join(HERE, "../models", name)
        tok = t.PreTrainedTokenizerFast(tokenizer_file=d + "/tokenizer.json")
        m = t.AutoModelForCausalLM.from_pretrained(d, dtype=torch.float32, attn_implementation="eager").eval()
        gold, rows = {}, []
        for i, p in enumerate(PROMPTS):
            x = torch.tensor(tok(p)["input_ids"])[None]
            leads = []
            y = []
            cur = x
            first = None
            for _ in range(64):
                l = m(input_ids=cur).logits[0, -1].float()
                first = l if first is None else first
                top = l.topk(2)
                leads.append((top.values[0] - top.values[1]).item())
                y.append(top.indices[0].item())
                if y[-1] in (
                    m.generation_config.eos_token_id
                    if isinstance(m.generation_config.eos_token_id, list)
                    else [m.generation_config.eos_token_id]
                ):
                    y.pop()
                    leads.pop()
                    break
                cur = torch.cat([cur, top.indices[:1][None]], 1)
            gold[f"prompt.{i}"] = x[0].int()
            gold[f"last_logits.{i}"] = first.contiguous()
            gold[f"greedy.{i}"] = torch.tensor(y, dtype=torch.int32)
            rows.append(dict(prompt=p, ids=x[0].tolist(), text=tok.decode(y), leads=[round(v, 4) for v in leads]))
        save_file(gold, d + "/golden.safetensors")
        json.dump(rows, open(d + "/golden.json", "w"), indent=1, ensure_ascii=False)
        for r in rows:
            print(name, "|", r["prompt"], "|", r["text"][:150].replace("\n", " "), "| smallest lead", min(r["leads"]))


if __name__ == "__main__":
    main()
