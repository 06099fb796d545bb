"""Losses, their gradients, ten steps of every optimizer, and modules in PyTorch, for tests/nn.

  python3 tests/golden/make_training.py      writes tests/nn/golden/training.safetensors; needs torch and safetensors

Names are case/what. Everything is float32 unless an index.
"""
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parent.parent / "nn" / "golden" / "training.safetensors"
tensors = {}


def keep(name, tensor):
    tensors[name] = tensor.detach().clone().contiguous()


def record(case, inputs, output):
    """Inputs that need gradients, the output, and the gradients of its sum."""
    total = output.sum()
    for name, value in inputs.items():
        keep(f"{case}/{name}", value)
    keep(f"{case}/output", output)
    wanted = {name: value for name, value in inputs.items() if value.requires_grad}
    for name, gradient in zip(wanted, torch.autograd.grad(total, list(wanted.values()))):
        keep(f"{case}/grad_{name}", gradient)


def leaf(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).requires_grad_()


def losses():
    x, t = leaf(5, 7, scale=2), torch.randn(5, 7)
    record("mse", {"x": x, "t": t}, F.mse_loss(x, t))
    record("mae", {"x": x, "t": t}, F.l1_loss(x, t))
    record("huber", {"x": x, "t": t}, F.huber_loss(x, t, delta=0.7))
    indices = torch.tensor([3, 0, -100, 6, 2])
    record("ce", {"x": x, "t": indices}, F.cross_entropy(x, indices))
    record("ce_none", {"x": x, "t": indices}, F.cross_entropy(x, indices, reduction="none"))
    record("ce_smooth", {"x": x, "t": indices}, F.cross_entropy(x, indices, label_smoothing=0.1))
    probabilities = torch.softmax(torch.randn(5, 7), -1)
    record("ce_probabilities", {"x": x, "t": probabilities}, F.cross_entropy(x, probabilities, label_smoothing=0.2))
    targets = torch.rand(5, 7)
    weight = torch.rand(7) + 0.5
    record("bce", {"x": x, "t": targets}, F.binary_cross_entropy_with_logits(x, targets))
    record("bce_weighted", {"x": x, "t": targets, "w": weight}, F.binary_cross_entropy_with_logits(x, targets, pos_weight=weight))
    logs = torch.log_softmax(x, -1).detach().requires_grad_()
    record("kl", {"x": logs, "t": probabilities}, F.kl_div(logs, probabilities, reduction="batchmean"))


def composed():
    x = leaf(4, 6)
    w1, b1, w2, b2 = leaf(8, 6, scale=0.4), leaf(8), leaf(3, 8, scale=0.4), leaf(3)
    record("mlp", dict(x=x, w1=w1, b1=b1, w2=w2, b2=b2), F.linear(F.gelu(F.linear(x, w1, b1)), w2, b2).square())

    x = leaf(2, 5, 8)  # pre-norm attention with two heads, and a residual
    gain, bias = (torch.rand(8) + 0.5).requires_grad_(), leaf(8)
    wq, wk, wv, wo = (leaf(8, 8, scale=0.4) for _ in range(4))
    h = F.layer_norm(x, (8,), gain, bias)
    q, k, v = (F.linear(h, w).view(2, 5, 2, 4).transpose(1, 2) for w in (wq, wk, wv))
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(2, 5, 8)
    record("attention", dict(x=x, gain=gain, bias=bias, wq=wq, wk=wk, wv=wv, wo=wo), (x + F.linear(y, wo)).square())

    x, w, b = leaf(2, 3, 6, 6), leaf(4, 3, 3, 3, scale=0.3), leaf(4)  # a convolution, batch norm, relu, max pool
    gain, bias = (torch.rand(4) + 0.5).requires_grad_(), leaf(4)
    y = F.max_pool2d(F.relu(F.batch_norm(F.conv2d(x, w, b, padding=1), None, None, gain, bias, training=True)), 2)
    record("convolution", dict(x=x, w=w, b=b, gain=gain, bias=bias), y.square())

    x = leaf(4, 2, 3)  # an LSTM over four steps
    cell = torch.nn.LSTM(3, 5)
    names = dict(wi=cell.weight_ih_l0, wh=cell.weight_hh_l0, bi=cell.bias_ih_l0, bh=cell.bias_hh_l0)
    record("lstm", dict(x=x, **names), cell(x)[0].square())


def optimizers():
    cases = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.01),
        "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.1),
        "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        "adam": lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.01),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.02),
        "rmsprop_centered": lambda p: torch.optim.RMSprop(p, lr=0.02, momentum=0.9, centered=True),
        "lion": lambda p: Lion(p, lr=0.02, weight_decay=0.1),
    }
    x, t = torch.randn(16, 6), torch.randint(0, 3, (16,))
    start = [torch.randn(8, 6) * 0.4, torch.zeros(8), torch.randn(3, 8) * 0.4, torch.zeros(3)]
    keep("steps/x", x)
    keep("steps/t", t)
    for i, value in enumerate(start):
        keep(f"steps/p{i}", value)
    for name, make in cases.items():
        parameters = [value.clone().requires_grad_() for value in start]
        optimizer, curve = make(parameters), []
        for _ in range(10):
            w1, b1, w2, b2 = parameters
            loss = F.cross_entropy(F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2), t)
            curve.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        keep(f"steps/{name}/losses", torch.tensor(curve))
        for i, value in enumerate(parameters):
            keep(f"steps/{name}/p{i}", value)

    gradients = [torch.randn(4, 3) * 2, torch.randn(5)]
    parameters = [torch.zeros(4, 3, requires_grad=True), torch.zeros(5, requires_grad=True)]
    for i, (parameter, gradient) in enumerate(zip(parameters, gradients)):
        keep(f"clip/g{i}", gradient)
        parameter.grad = gradient.clone()
    keep("clip/norm", torch.nn.utils.clip_grad_norm_(parameters, 1.5).reshape(()))
    for i, parameter in enumerate(parameters):
        keep(f"clip/out{i}", parameter.grad)


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2; PyTorch has none."""

    def __init__(self, parameters, lr, weight_decay, betas=(0.9, 0.999)):
        super().__init__(parameters, dict(lr=lr, weight_decay=weight_decay, betas=betas))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"]).add_((m * b1 + p.grad * (1 - b1)).sign(), alpha=-group["lr"])
                m.mul_(b2).add_(p.grad, alpha=1 - b2)


def schedules():
    parameter = torch.zeros(1, requires_grad=True)

    def rates(make, count):
        optimizer = torch.optim.SGD([parameter], lr=0.4)
        schedule, result = make(optimizer), []
        for _ in range(count):
            result.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return torch.tensor(result, dtype=torch.float64)

    s = torch.optim.lr_scheduler
    keep("schedule/step", rates(lambda o: s.StepLR(o, 3, 0.5), 12))
    keep("schedule/cosine", rates(lambda o: s.CosineAnnealingLR(o, 10, 0.01), 10))
    keep("schedule/one_cycle", rates(lambda o: s.OneCycleLR(o, 0.4, total_steps=20), 20))


def modules():
    """Whole modules under PyTorch's own names: the state before a training pass, x, the output, buffers after it, gradients of sum(y^2)."""
    nn = torch.nn
    first = lambda y: y[0]
    image, rows = (2, 4, 5, 6), (3, 4, 6)
    cases = {
        "conv2d": (nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=1, dilation=(1, 2), groups=2), image, None),
        "conv_transpose2d": (nn.ConvTranspose2d(4, 6, (3, 2), stride=(2, 3), padding=1, output_padding=(1, 0), groups=2), image, None),
        "conv_transpose2d_dilated": (nn.ConvTranspose2d(4, 3, 3, dilation=2, bias=False), image, None),
        "conv_transpose1d": (nn.ConvTranspose1d(4, 2, 4, stride=2, padding=1), (2, 4, 5), None),
        "batch_norm": (nn.BatchNorm2d(4), image, None),
        "group_norm": (nn.GroupNorm(2, 4), image, None),
        "layer_norm": (nn.LayerNorm(6), rows, None),
        "log_softmax": (nn.LogSoftmax(1), rows, None),
        "rnn": (nn.RNN(6, 5, nonlinearity="relu"), rows, first),
        "gru": (nn.GRU(6, 5, num_layers=2, batch_first=True), rows, first),
        "lstm": (nn.LSTM(6, 5, num_layers=2, batch_first=True, bidirectional=True), rows, first),
        "lstm_last": (nn.LSTM(6, 5, num_layers=2, bidirectional=True, bias=False), rows, lambda y: torch.cat(list(y[1][0][-2:]), -1)),
    }
    for name, (module, shape, take) in cases.items():
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter, 0.2, 0.5)
        x = leaf(*shape)
        keep(f"module/{name}/x", x)
        for key, value in module.state_dict().items():
            if value.ndim > 0:
                keep(f"module/{name}/state/{key}", value)
        y = module(x) if take is None else take(module(x))
        keep(f"module/{name}/output", y)
        for key, value in module.named_buffers():
            if value.ndim > 0:
                keep(f"module/{name}/after/{key}", value)
        names, wanted = zip(("x", x), *module.named_parameters())
        for key, gradient in zip(names, torch.autograd.grad(y.square().sum(), wanted)):
            keep(f"module/{name}/grad/{key}", gradient)


torch.manual_seed(7)
losses()
composed()
optimizers()
schedules()
modules()
OUT.parent.mkdir(exist_ok=True)
save_file(tensors, OUT)
print(len(tensors), "tensors,", OUT.stat().st_size, "bytes")
