"""Loss curves of ten training steps in PyTorch, for tests/train, and the digits that examples train on.

  python3 tests/golden/make_trainer.py       needs torch, safetensors and scikit-learn; writes
    examples/data/digits_images.npy          float16 [1797, 1, 8, 8], 0 to 1 in steps of 1/16: scikit-learn's load_digits
    examples/data/digits_labels.npy          uint8 [1797]
    examples/data/iris.csv                   scikit-learn's load_iris, with the names of the classes
    tests/train/golden/curves.safetensors    first parameters and losses, named case/what; batches are the digits in their order

Parameters have the names that torch.nn.Sequential gives them.
"""
import pathlib

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from sklearn.datasets import load_digits, load_iris
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH, STEPS = 32, 10
tensors = {}


def digits():
    data = load_digits()
    images = (data.images / 16).astype(numpy.float16).reshape(-1, 1, 8, 8)
    labels = data.target.astype(numpy.uint8)
    numpy.save(ROOT / "examples/data/digits_images.npy", images)
    numpy.save(ROOT / "examples/data/digits_labels.npy", labels)
    return torch.tensor(images.astype(numpy.float32)), torch.tensor(labels.astype(numpy.int64))


def iris():
    data = load_iris()
    names = [name.replace(" (cm)", "").replace(" ", "_") for name in data.feature_names]
    rows = [",".join([f"{value:g}" for value in sample] + [str(data.target_names[kind])]) for sample, kind in zip(data.data, data.target)]
    (ROOT / "examples/data/iris.csv").write_text("\n".join([",".join(names + ["kind"])] + rows) + "\n")


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 10))


def record(case, model, make_optimizer, batch, images, labels, schedule=None, clip=None, loss_of=F.cross_entropy):
    torch.manual_seed(1)
    model = model()
    for name, value in model.state_dict().items():
        if "num_batches" not in name:
            tensors[f"{case}/begin/{name}"] = value.detach().clone()
    optimizer, losses, norms = make_optimizer(model.parameters()), [], []
    scheduler = schedule(optimizer) if schedule else None
    for step in range(STEPS):
        rows = slice(step * batch, (step + 1) * batch)
        optimizer.zero_grad()
        loss = loss_of(model(images[rows]), labels[rows])
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), clip or 1e30).item())
        optimizer.step()
        if scheduler:
            scheduler.step()
        losses.append(loss.item())
    tensors[f"{case}/losses"] = torch.tensor(losses, dtype=torch.float64)
    tensors[f"{case}/norms"] = torch.tensor(norms, dtype=torch.float64)
    for name, value in model.state_dict().items():
        if "num_batches" not in name:
            tensors[f"{case}/end/{name}"] = value.detach().clone()


def main():
    images, labels = digits()
    iris()
    sgd = lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)
    record("mlp", mlp, sgd, BATCH, images, labels, clip=0.5)
    cosine = lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, STEPS)
    record("mlp_adamw", mlp, lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1), BATCH, images, labels, schedule=cosine)
    record("cnn", cnn, lambda p: torch.optim.Adam(p, lr=0.005), BATCH, images, labels)
    record("accumulate", mlp, sgd, 2 * BATCH, images, labels)
    smooth = lambda y, t: F.cross_entropy(y, t, label_smoothing=0.1, ignore_index=3)
    record("ignore", mlp, sgd, 2 * BATCH, images, labels, loss_of=smooth)
    out = ROOT / "tests/train/golden/curves.safetensors"
    save_file({name: value.contiguous() for name, value in tensors.items()}, out)
    print(out, out.stat().st_size)


main()
