"""LoRA adapters as PEFT writes them, what transformers + PEFT compute with them, and what PyTorch's training makes of them.

  python3 tests/golden/make_adapters.py      needs torch, transformers, peft and safetensors

Writes a folder in tests/models/adapters/ for each adapter (adapter_config.json, adapter_model.safetensors and golden.safetensors), for the model
of the folder's name up to the dot. Everything is computed in float32. golden.safetensors holds, as far as they apply:

  prompt int32 [T], logits f32 [T, V], greedy int32 [N]      with the adapter
  tokens int32 [B, T + 1], rate f32, loss, grad/NAME          the first training step on these windows: only the adapter is trained
  losses f32 [10], final/NAME                                 ten steps of AdamW on them

and tests/models/adapters/full.safetensors the same for the training of every weight of the tiny qwen3 model.
"""
import json
import pathlib
import shutil

import peft
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"
OUT = MODELS / "adapters"
STEPS, RATE = 10, 2e-3

# name: LoraConfig's arguments. The part before the dot is the model.
CASES = {
    "fable-qwen3.attention": dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
    "fable-gemma3.mlp": dict(r=2, lora_alpha=4, target_modules=["gate_proj", "down_proj"]),
    "qwen3.all": dict(r=3, lora_alpha=5, use_rslora=True, target_modules="all-linear"),
    "qwen2.patterns": dict(r=2, lora_alpha=4, target_modules=["k_proj", "o_proj", "up_proj"],
                           rank_pattern={"o_proj": 3}, alpha_pattern={"layers.1.self_attn.k_proj": 9}),
    "qwen3-untied.head": dict(r=2, lora_alpha=3, target_modules=["lm_head", "down_proj"]),
}


def load(name):
    return transformers.AutoModelForCausalLM.from_pretrained(MODELS / name, dtype=torch.float32, attn_implementation="eager").eval()


def windows(model, count, length):
    """Random ids; no padding among them: torch.nn.Embedding passes no gradient to the row of padding_idx."""
    generator = torch.Generator().manual_seed(5)
    return torch.randint(3, model.config.vocab_size, (count, length + 1), generator=generator)


def train(model, tokens, golden, keep):
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(parameters.values(), lr=RATE, weight_decay=0.01)
    losses = []
    for step in range(STEPS):
        logits = model(input_ids=tokens[:, :-1]).logits
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            for name, p in parameters.items():
                if keep(name):
                    golden["grad/" + name] = p.grad.clone()
        optimizer.step()
        losses.append(loss.item())
    golden.update(tokens=tokens.int(), rate=torch.tensor([RATE]), losses=torch.tensor(losses))
    for name, p in parameters.items():
        if keep(name):
            golden["final/" + name] = p.detach().clone()
    print("  losses", losses[0], losses[-1])


def adapter(name, arguments):
    torch.manual_seed(3)
    base = name.split(".")[0]
    model = peft.get_peft_model(load(base), peft.LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **arguments)).eval()
    model.peft_config["default"].base_model_name_or_path = base
    model.peft_config["default"].init_lora_weights = True  # what is usual in published folders
    for key, p in model.named_parameters():
        if "lora_B" in key:
            p.data *= 0.5
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"] = sorted(config["target_modules"])  # a set, in an order that changes from run to run
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    golden = {}
    with torch.no_grad():
        prompt = windows(model, 1, 12)[:, :-1] if not base.startswith("fable") else fable_prompt(base)
        logits = model(input_ids=prompt).logits[0]
        greedy = model.generate(input_ids=prompt, max_new_tokens=24, do_sample=False, eos_token_id=-1, pad_token_id=0,
                                repetition_penalty=1.0, no_repeat_ngram_size=0)[0, prompt.shape[1]:]
        golden.update(prompt=prompt[0].int(), logits=logits.clone(), greedy=greedy.int())
    print(name, len(list(model.named_parameters())), "greedy", greedy.tolist()[:8])
    rename = lambda key: key.replace(".default", "")
    learned = {}
    train(model, windows(model, 3, 20), learned, lambda key: True)
    golden.update({rename(key): value for key, value in learned.items()})
    save_file({key: value.contiguous() for key, value in golden.items()}, folder / "golden.safetensors")


def fable_prompt(base):
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(MODELS / base / "tokenizer.json"))
    return torch.tensor(tokenizer("Once upon a time there was a")["input_ids"])[None]


def full():
    model = load("qwen3")
    kept = ["model.embed_tokens.weight", "model.norm.weight", "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_norm.weight",
            "model.layers.1.input_layernorm.weight", "model.layers.1.mlp.down_proj.weight", "lm_head.weight"]
    golden = {}
    print("full")
    train(model, windows(model, 3, 20), golden, lambda key: key in kept)
    save_file({key: value.contiguous() for key, value in golden.items()}, OUT / "full.safetensors")


OUT.mkdir(exist_ok=True)
for name, arguments in CASES.items():
    adapter(name, arguments)
full()
