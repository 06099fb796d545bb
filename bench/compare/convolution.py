"""Convolutions and pools beside PyTorch, in turns, with the same number of threads (training steps: train.py).

  python3 bench/compare/convolution.py [--threads N] [--rounds 5]
  python3 bench/compare/convolution.py --device vulkan:0 --torch cuda

Ratio: PyTorch's time over ours; above 1 we are faster. With --threads 1 it is processor time, which a busy machine does not lengthen. On a
GPU both compute in float32, PyTorch without TF32.
"""
import environment  # noqa: F401  first: libraries read it when they are loaded
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--device", default="cpu", help="ours")
parser.add_argument("--torch", default="cpu", help="cpu or cuda")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--seconds", type=float, default=0.15)
args = parser.parse_args()

import os  # noqa: E402

if args.threads < len(os.sched_getaffinity(0)):  # ours takes as many threads as the process may use
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:args.threads])

os.environ["MLXC_DEVICE"] = args.device  # what arrays are made on
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from mlxc_arrays import Array, Function, grad, take_turns  # noqa: E402

torch.set_num_threads(args.threads)
torch.backends.cudnn.allow_tf32 = False
rng = np.random.default_rng(1)


def drawn(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def row(name, times, error):
    print(f"{name:52s} mlxc {times['mlxc'] * 1e3:8.3f} ms  torch {times['torch'] * 1e3:8.3f} ms  ratio {times['torch'] / times['mlxc']:5.2f}  error {error:.1e}",
          flush=True)


def tensor(values, **options):
    return torch.tensor(values, device=args.torch, **options)


def finished(body):
    """PyTorch's calls return before a GPU is done."""
    def whole():
        results = body()
        if args.torch == "cuda":
            torch.cuda.synchronize()
        return results
    return whole


def compare(name, ours, theirs):
    theirs = finished(theirs)
    mine = [np.array(value) for value in ours(True)]
    reference = [value.detach().cpu().numpy() for value in theirs()]
    error = max(float(np.abs(a.reshape(b.shape) - b).max() / (np.abs(b).max() + 1e-30)) for a, b in zip(mine, reference))
    row(name, take_turns({"mlxc": lambda: ours(False), "torch": theirs}, args.rounds, args.seconds, args.threads == 1), error)


def read(arrays):
    import ctypes
    from mlxc_arrays import lib
    values = []
    for array in arrays:
        needed = ctypes.c_size_t()
        rank = ctypes.c_int64()
        shape = (ctypes.c_int64 * 8)()
        lib.call("mlxc_array_shape", array.handle, shape, ctypes.c_int64(8), ctypes.byref(rank))
        out = np.empty(tuple(shape[:rank.value]), np.float32)
        lib.call("mlxc_array_read", array.handle, out.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(out.nbytes), ctypes.byref(needed))
        values.append(out)
    return values


def convolution(n, c, o, size, kernel, stride=1, padding=0, groups=1):
    x, w, b = drawn(n, c, *size), drawn(o, c // groups, *kernel, scale=0.2), drawn(o)
    axes = len(size)
    tx, tw, tb = (tensor(value, requires_grad=True) for value in (x, w, b))
    op = F.conv2d if axes == 2 else F.conv1d

    def result():
        return op(tx, tw, tb, stride, padding, 1, groups)
    g = drawn(*result().shape)
    tg = tensor(g)
    arrays = [Array.of(value) for value in (x, w, b, g)]
    holes = [Array.placeholder(value.shape) for value in (x, w, b, g)]
    y = holes[0].convolution(holes[1], holes[2], [stride] * axes, [padding] * axes, None, axes, groups)
    forward = Function(holes[:3], [y])
    both = Function(holes, [y] + grad([y], holes[:3], [holes[3]]))

    def our_forward(give):
        results = forward(*arrays[:3])
        return read(results) if give else None

    def our_both(give):
        results = both(*arrays)
        return read(results) if give else None

    def their_forward():
        with torch.no_grad():
            return [result()]

    def their_both():
        y = result()
        return [y, *torch.autograd.grad(y, (tx, tw, tb), tg)]
    name = f"conv{axes}d {n}x{c}->{o} {'x'.join(map(str, size))} k{kernel[0]}" + (f" s{stride}" if stride > 1 else "") + (f" g{groups}" if groups > 1 else "")
    compare(name + " forward", our_forward, their_forward)
    compare(name + " forward + gradients", our_both, their_both)


convolution(64, 1, 16, (28, 28), (3, 3), padding=1)
convolution(64, 16, 32, (14, 14), (3, 3), padding=1)
convolution(64, 32, 64, (8, 8), (3, 3), padding=1)
convolution(16, 64, 64, (28, 28), (3, 3), padding=1)
convolution(16, 64, 128, (28, 28), (3, 3), stride=2, padding=1)
convolution(16, 128, 128, (14, 14), (1, 1))
convolution(16, 64, 64, (28, 28), (3, 3), padding=1, groups=64)
convolution(4, 3, 64, (112, 112), (7, 7), stride=2, padding=3)
convolution(32, 64, 64, (256,), (5,), padding=2)


def pool(n, c, size):
    x = drawn(n, c, size, size)
    tx = tensor(x, requires_grad=True)
    g = drawn(n, c, size // 2, size // 2)
    tg = tensor(g)
    arrays, holes = [Array.of(x), Array.of(g)], [Array.placeholder(x.shape), Array.placeholder(g.shape)]
    y = holes[0].max_pool([2, 2])
    both = Function(holes, [y] + grad([y], holes[:1], [holes[1]]))

    def ours(give):
        results = both(*arrays)
        return read(results) if give else None

    def theirs():
        y = F.max_pool2d(tx, 2)
        return [y, *torch.autograd.grad(y, (tx,), tg)]
    compare(f"max_pool2d 2x2 {n}x{c} {size}x{size} forward + gradient", ours, theirs)


pool(64, 16, 28)
pool(64, 32, 14)
