#!/usr/bin/env python3
"""A training step against PyTorch's: the same layers, batches, optimizer (AdamW) and number of threads.

Both run in this process by turns, `--steps` steps a turn, so that what else the machine does meets both alike; a figure is the median over
the turns. A step ends when its loss is on the host. PyTorch's optimizer is its fused one, the fastest it has. CPU is what all threads of
the process computed in that time: with --threads 1 it says the same on a busy machine.

    bench/compare/train.py [--library build/release/libmlxc.so.1] [--rounds 7] [--threads N] [--cases mlp,cnn]
    bench/compare/train.py --device vulkan:0 --torch cuda

Needs torch and numpy.
"""
import environment  # noqa: F401  first: libraries read it when they are loaded
import argparse
import ctypes
import json
import os
import pathlib
import statistics
import time
from ctypes import byref, c_double, c_int32, c_int64, c_uint32, c_uint64, c_void_p

TOP = pathlib.Path(__file__).resolve().parents[2]
RELU, GELU = 0, 6       # MLXC_ACTIVATION_...
NAN = float("nan")


class TrainerOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("loss", c_int32), ("label_smoothing", c_double), ("ignore_index", c_int64),
                ("huber_delta", c_double), ("clip_norm", c_double), ("clip_value", c_double), ("accumulate", c_int64), ("seed", c_uint64),
                ("precision", c_int32), ("gradient_norm", c_int32), ("loss_scale", c_double), ("loss_scale_steps", c_int64),
                ("schedule", c_void_p)]


class Event(ctypes.Structure):
    _fields_ = [("kind", c_int32), ("skipped", c_int32), ("counts", c_int64 * 5), ("loss", c_double), ("numbers", c_double * 8),
                ("best", c_int32), ("stopping", c_int32), ("reserved", c_uint64 * 4)]


class Ours:
    """Builds models of the C interface and trains them with mlxc_trainer_step: one call a step."""
    name = "libmlxc"

    def __init__(self, library, device, precision):
        os.environ["MLXC_LIBRARY"] = library  # read when the wrapper is imported
        import mlxc_arrays
        self.c, self.lib, self.precision = mlxc_arrays, mlxc_arrays.lib, precision
        self.device = self.lib.new("mlxc_device_open", device.encode())

    def make(self, name, *arguments):
        return self.lib.new("mlxc_module_" + name, *arguments)

    def linear(self, n, m):
        return self.make("linear", c_int64(n), c_int64(m), c_int32(1))

    def convolution(self, n, m):
        return self.make("convolution", c_int64(n), c_int64(m), self.c.dims((3, 3)), None, self.c.dims((1, 1)), None,
                         c_int32(2), c_int64(1), c_int32(1))

    def batch_norm(self, n):
        return self.make("batch_norm", c_int64(n), c_double(1e-5), c_double(0.1))

    def relu(self):
        return self.make("activation", c_int32(RELU), c_double(NAN))

    def gelu(self):
        return self.make("activation", c_int32(GELU), c_double(NAN))

    def pool(self):
        return self.make("max_pool", self.c.dims((2, 2)), None, None, c_int32(2))

    def flatten(self):
        return self.make("flatten")

    def embedding(self, n, m):
        return self.make("embedding", c_int64(n), c_int64(m))

    def layer_norm(self, n):
        return self.make("layer_norm", c_int64(n), c_double(1e-5))

    def attention(self, n, heads):
        return self.make("attention", c_int64(n), c_int64(heads), c_int32(1), c_int32(1))

    def residual(self, *parts):
        return self.make("residual", self.sequential(*parts))

    def sequential(self, *parts):
        return self.make("sequential", (c_void_p * len(parts))(*parts), c_int64(len(parts)))

    def array(self, values):
        return self.c.Array.of(values.astype("float32" if values.dtype.kind == "f" else "int32"), self.device)

    def begin(self, model, x, y):
        self.x, self.y = self.array(x), self.array(y)
        options = TrainerOptions()
        self.lib.dll.mlxc_trainer_options_init(byref(options), c_uint32(ctypes.sizeof(options)))
        options.precision = {"float32": 0, "bfloat16": 1, "float16": 2}[self.precision]
        parameters = self.lib.new("mlxc_parameters_new", self.device, c_uint64(1))
        self.trainer = self.lib.new("mlxc_trainer_new", model, parameters, None, byref(options))

    def step(self):
        event = Event()
        self.lib.call("mlxc_trainer_step", self.trainer, self.x.handle, self.y.handle, byref(event))
        return event.loss


class Torch:
    name = "PyTorch"

    def __init__(self, device, precision, threads):
        import torch
        torch.set_num_threads(threads)
        self.torch, self.nn, self.device, self.precision = torch, torch.nn, device, precision

    def linear(self, n, m):
        return self.nn.Linear(n, m)

    def convolution(self, n, m):
        return self.nn.Conv2d(n, m, 3, padding=1)

    def batch_norm(self, n):
        return self.nn.BatchNorm2d(n)

    def relu(self):
        return self.nn.ReLU()

    def gelu(self):
        return self.nn.GELU()

    def pool(self):
        return self.nn.MaxPool2d(2)

    def flatten(self):
        return self.nn.Flatten()

    def embedding(self, n, m):
        return self.nn.Embedding(n, m)

    def layer_norm(self, n):
        return self.nn.LayerNorm(n)

    def attention(self, n, heads):
        torch, nn = self.torch, self.nn

        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.qkv, self.out = nn.Linear(n, 3 * n), nn.Linear(n, n)

            def forward(self, x):
                q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
                y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
                return self.out(y.transpose(1, 2).flatten(2))

        return Attention()

    def residual(self, *parts):
        nn = self.nn

        class Residual(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(*parts)

            def forward(self, x):
                return x + self.body(x)

        return Residual()

    def sequential(self, *parts):
        return self.nn.Sequential(*parts)

    def begin(self, model, x, y):
        torch = self.torch
        self.model = model.to(self.device)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
        self.x, self.y = torch.tensor(x).to(self.device), torch.tensor(y).long().to(self.device)

    def step(self):
        torch = self.torch
        self.optimizer.zero_grad()
        with torch.autocast(self.device, getattr(torch, self.precision), enabled=self.precision != "float32"):
            logits = self.model(self.x)
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, -2), self.y.flatten())
        loss.backward()
        self.optimizer.step()
        return loss.item()


def mlp(m):
    return m.sequential(m.linear(784, 512), m.relu(), m.linear(512, 512), m.relu(), m.linear(512, 10))


def cnn(m):
    return m.sequential(m.convolution(1, 16), m.batch_norm(16), m.relu(), m.pool(), m.convolution(16, 32), m.batch_norm(32), m.relu(),
                        m.pool(), m.flatten(), m.linear(32 * 7 * 7, 10))


def digits(m):
    return m.sequential(m.convolution(1, 16), m.batch_norm(16), m.relu(), m.pool(), m.convolution(16, 32), m.batch_norm(32), m.relu(),
                        m.pool(), m.flatten(), m.linear(32 * 2 * 2, 10))


def transformer(m):
    def block():
        return [m.residual(m.layer_norm(128), m.attention(128, 4)),
                m.residual(m.layer_norm(128), m.linear(128, 512), m.gelu(), m.linear(512, 128))]
    return m.sequential(m.embedding(512, 128), *block(), *block(), m.layer_norm(128), m.linear(128, 512))


CASES = {
    "mlp": ("784-512-512-10, batch 256", mlp, lambda r: (r.standard_normal((256, 784), "float32"), r.integers(0, 10, 256))),
    "cnn": ("28x28, 16 and 32 channels, batch 64", cnn, lambda r: (r.standard_normal((64, 1, 28, 28), "float32"), r.integers(0, 10, 64))),
    "digits": ("8x8, 16 and 32 channels, batch 32", digits, lambda r: (r.standard_normal((32, 1, 8, 8), "float32"), r.integers(0, 10, 32))),
    "transformer": ("2 blocks of 128, 4 heads, 16 x 64 tokens of 512", transformer,
                    lambda r: (r.integers(0, 512, (16, 64)), r.integers(0, 512, (16, 64)))),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--library", default=str(TOP / "build" / "release" / "libmlxc.so.1"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--torch", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--cases", default="mlp,cnn,digits,transformer")
    parser.add_argument("--json", help="file for every figure")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:arguments.threads])  # what libmlxc goes by

    import numpy
    results = {}
    print(f"{arguments.threads} threads, {arguments.precision}, medians of {arguments.rounds} turns of {arguments.steps} steps")
    for case in arguments.cases.split(","):
        what, build, data = CASES[case]
        x, y = data(numpy.random.default_rng(1))
        sides = [Ours(arguments.library, arguments.device, arguments.precision),
                 Torch(arguments.torch, arguments.precision, arguments.threads)]
        times, cpu = {side.name: [] for side in sides}, {side.name: [] for side in sides}
        for side in sides:
            side.begin(build(side), x, y)
            for _ in range(3):
                side.step()
        for _ in range(arguments.rounds):
            for side in sides:
                time.sleep(0.05)  # the other's threads stop spinning
                start, used = time.perf_counter(), time.process_time()
                for _ in range(arguments.steps):
                    side.step()
                times[side.name].append((time.perf_counter() - start) / arguments.steps)
                cpu[side.name].append((time.process_time() - used) / arguments.steps)
        ours, theirs = (statistics.median(times[side.name]) for side in sides)
        our_cpu, their_cpu = (statistics.median(cpu[side.name]) for side in sides)
        results[case] = {"seconds": times, "cpu": cpu}
        print(f"{case:12} {what:48} {sides[0].name} {ours * 1e3:8.3f} ms  {sides[1].name} {theirs * 1e3:8.3f} ms  {theirs / ours:5.2f} x"
              f"   CPU {our_cpu * 1e3:8.2f} and {their_cpu * 1e3:8.2f} ms  {their_cpu / our_cpu:5.2f} x", flush=True)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results))


main()
