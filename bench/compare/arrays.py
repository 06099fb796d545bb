"""Array operations beside NumPy and PyTorch, in turns, with the same number of threads, and beside the copy bandwidth of the same run.

  python3 bench/compare/arrays.py [--threads N] [--rounds 5] [--only elementwise|reduce|fused|matmul|linalg] [--size 2000] [--openblas FILE]

For what memory bounds, "of copy" is (bytes read and written, each operand once) a second over those of a copy of the same arrays by NumPy on
as many threads as the rest. With --threads 1 times are processor time, which a busy machine does not lengthen. "fused" is one captured program, "unfused" the same operations evaluated one by one.
"""
import environment  # noqa: F401  first: libraries read it when they are loaded
import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--seconds", type=float, default=0.15)
parser.add_argument("--only", default="")
parser.add_argument("--size", type=int, default=2000, help="of the matrices that are factorized")
parser.add_argument("--openblas", default="", help="a libopenblas.so.0 (the serial one of the distribution is what libmlxc holds) to factorize with as well")
args = parser.parse_args()
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(args.threads)
if args.threads < len(os.sched_getaffinity(0)):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:args.threads])

from concurrent.futures import ThreadPoolExecutor  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
try:
    from scipy.linalg import lapack  # its routines without what NumPy does around them
except ImportError:
    lapack = None
from mlxc_arrays import Array, BF16, Function, lib, take_turns  # noqa: E402

torch.set_num_threads(args.threads)
rng = np.random.default_rng(1)
N = 10_000_000


def evaluate(array):
    from ctypes import c_int64, c_void_p
    lib.call("mlxc_array_eval", (c_void_p * 1)(array.handle), c_int64(1))
    return array


copy_from, copy_to = np.ones(N, np.float32), np.empty(N, np.float32)
pool = ThreadPoolExecutor(args.threads)
parts = np.array_split(np.arange(N), args.threads)
spans = [(int(p[0]), int(p[-1]) + 1) for p in parts]


def copy():  # NumPy lets go of its lock while it copies
    list(pool.map(lambda span: np.copyto(copy_to[span[0]:span[1]], copy_from[span[0]:span[1]]), spans))


def bounded_by_memory(name, bytes_moved, bodies):
    times = take_turns({"copy": copy, **bodies}, args.rounds, args.seconds, args.threads == 1)
    bandwidth = 8 * N / times["copy"]
    line = "  ".join(f"{key} {times[key] * 1e3:7.2f} ms {bytes_moved / times[key] / bandwidth * 100:4.0f} %" for key in bodies)
    print(f"{name:34s} {line}   (copy {bandwidth / 1e9:.1f} GB/s)", flush=True)


def bounded_by_arithmetic(name, bodies, extra=""):
    times = take_turns(bodies, args.rounds, args.seconds, args.threads == 1)
    line = "  ".join(f"{key} {times[key] * 1e3:9.3f} ms (x{times[key] / times['mlxc']:.2f})" for key in bodies)
    print(f"{name:34s} {line} {extra}", flush=True)


def wanted(group):
    return not args.only or args.only == group


def elementwise():
    x, y = (rng.standard_normal(N).astype(np.float32) for _ in range(2))
    a, b = Array.of(x), Array.of(y)
    p, q = Array.placeholder((N,)), Array.placeholder((N,))
    tx, ty = torch.tensor(x), torch.tensor(y)
    out = np.empty_like(x)
    add, gelu, exp = Function([p, q], [p + q]), Function([p], [p.unary("gelu_erf")]), Function([p], [p.unary("exp")])
    bounded_by_memory("add, 10 M", 12 * N, {"mlxc": lambda: add(a, b), "numpy": lambda: np.add(x, y, out=out), "torch": lambda: tx + ty})
    bounded_by_memory("exp, 10 M", 8 * N, {"mlxc": lambda: exp(a), "numpy": lambda: np.exp(x, out=out), "torch": lambda: tx.exp()})
    bounded_by_memory("gelu, 10 M", 8 * N, {"mlxc": lambda: gelu(a), "torch": lambda: F.gelu(tx)})
    rows = Array.placeholder((N // 1000, 1000))
    softmax, a2, t2 = Function([rows], [rows.softmax()]), Array.of(x.reshape(-1, 1000)), tx.reshape(-1, 1000)
    bounded_by_memory("softmax, rows of 1000", 8 * N, {"mlxc": lambda: softmax(a2), "torch": lambda: t2.softmax(-1)})


def reductions():
    x = rng.standard_normal(N).astype(np.float32)
    a, p, tx = Array.of(x), Array.placeholder((N,)), torch.tensor(x)
    total, moments = Function([p], [p.reduce("sum")]), Function([p], [p.reduce("mean"), p.std()])
    three = Function([p], [p.reduce("sum"), p.reduce("mean"), p.std()])
    bounded_by_memory("sum, 10 M", 4 * N, {"mlxc": lambda: total(a), "numpy": lambda: x.sum(), "torch": lambda: tx.sum()})
    bounded_by_memory(f"mean + std ({moments.launches()} launches)", 4 * N,
                      {"mlxc": lambda: moments(a), "numpy": lambda: (x.mean(), x.std()), "torch": lambda: torch.std_mean(tx)})
    bounded_by_memory(f"sum + mean + std ({three.launches()} launches)", 4 * N,
                      {"mlxc": lambda: three(a), "numpy": lambda: (x.sum(), x.mean(), x.std()), "torch": lambda: (tx.sum(), torch.std_mean(tx))})
    rows, t2 = Array.placeholder((N // 1000, 1000)), tx.reshape(-1, 1000)
    a2 = Array.of(x.reshape(-1, 1000))
    columns = Function([rows], [rows.reduce("sum", (0,))])
    bounded_by_memory("sum over rows, 10000 x 1000", 4 * N, {"mlxc": lambda: columns(a2), "numpy": lambda: x.reshape(-1, 1000).sum(0), "torch": lambda: t2.sum(0)})


def fused():
    x, y = (rng.standard_normal(N).astype(np.float32) for _ in range(2))
    a, b = Array.of(x), Array.of(y)
    p, q = Array.placeholder((N,)), Array.placeholder((N,))
    tx, ty = torch.tensor(x), torch.tensor(y)

    def chain(u, v):
        return (u * 2.0 + v) * (u - v * 0.5) + 1.0
    one = Function([p, q], [chain(p, q)])

    def apart():
        s = evaluate(a * 2.0)
        s = evaluate(s + b)
        t = evaluate(b * 0.5)
        t = evaluate(a - t)
        return evaluate(evaluate(s * t) + 1.0)
    bounded_by_memory(f"chain of 6 ({one.launches()} launch)", 12 * N,
                      {"fused": lambda: one(a, b), "unfused": apart, "numpy": lambda: chain(x, y), "torch": lambda: chain(tx, ty)})
    total = Function([p, q], [chain(p, q).reduce("sum")])
    bounded_by_memory(f"chain of 6, summed ({total.launches()} launches)", 8 * N,
                      {"fused": lambda: total(a, b), "numpy": lambda: chain(x, y).sum(), "torch": lambda: chain(tx, ty).sum()})
    m, k, n = 1024, 1024, 1024
    x, w, c = rng.standard_normal((m, k)).astype(np.float32), rng.standard_normal((k, n)).astype(np.float32), rng.standard_normal(n).astype(np.float32)
    pa, pw, pc = Array.placeholder((m, k)), Array.placeholder((k, n)), Array.placeholder((n,))
    dense = Function([pa, pw, pc], [(pa @ pw + pc).unary("relu")])
    ax, aw, ac = Array.of(x), Array.of(w), Array.of(c)
    tx, tw, tc = torch.tensor(x), torch.tensor(w), torch.tensor(c)
    bounded_by_arithmetic(f"relu(x w + b), 1024 ({dense.launches()} launch)",
                          {"mlxc": lambda: dense(ax, aw, ac), "unfused": lambda: evaluate(evaluate(evaluate(ax @ aw) + ac).unary("relu")),
                           "numpy": lambda: np.maximum(x @ w + c, 0), "torch": lambda: torch.relu(torch.addmm(tc, tx, tw))})


def products():
    for n in (256, 1024, 4096):
        x, y = (rng.standard_normal((n, n)).astype(np.float32) for _ in range(2))
        p, q = Array.placeholder((n, n)), Array.placeholder((n, n))
        f, a, b, tx, ty, out = Function([p, q], [p @ q]), Array.of(x), Array.of(y), torch.tensor(x), torch.tensor(y), np.empty((n, n), np.float32)
        bounded_by_arithmetic(f"matmul f32 {n}", {"mlxc": lambda: f(a, b), "numpy": lambda: np.matmul(x, y, out=out), "torch": lambda: tx @ ty})
    for n in (1024, 2048):
        tx, ty = (torch.randn(n, n).bfloat16() for _ in range(2))
        a, b = (Array.of(t.view(torch.int16).numpy().view(np.uint16)) for t in (tx, ty))
        p, q = Array.placeholder((n, n), BF16), Array.placeholder((n, n), BF16)
        f = Function([p, q], [p @ q])
        bounded_by_arithmetic(f"matmul bf16 {n}", {"mlxc": lambda: f(a, b), "torch": lambda: tx @ ty})
    x, y = (rng.standard_normal((32, 512, 512)).astype(np.float32) for _ in range(2))
    p, q = Array.placeholder(x.shape), Array.placeholder(x.shape)
    f, a, b, tx, ty = Function([p, q], [p @ q]), Array.of(x), Array.of(y), torch.tensor(x), torch.tensor(y)
    bounded_by_arithmetic("matmul f32 32 x 512^2", {"mlxc": lambda: f(a, b), "numpy": lambda: x @ y, "torch": lambda: tx @ ty})


def openblas(path, n):
    """LAPACK of one shared library, by Fortran's names; matrices by columns, square."""
    import ctypes
    dll, size, info = ctypes.CDLL(path), ctypes.c_int(n), ctypes.c_int()
    of = lambda array: array.ctypes.data_as(ctypes.c_void_p)  # noqa: E731
    by = ctypes.byref
    work = np.empty(4 * n * n + 1000 * n, np.float32)
    length = ctypes.c_int(work.size)
    tau, s, integers = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(8 * n, np.int32)
    u, v = np.empty((n, n), np.float32), np.empty((n, n), np.float32)

    def cholesky(x):
        a = x.copy()
        dll.spotrf_(b"L", by(size), of(a), by(size), by(info), ctypes.c_size_t(1))

    def qr(x):
        a = x.copy()
        dll.sgeqrf_(by(size), by(size), of(a), by(size), of(tau), of(work), by(length), by(info))
        dll.sorgqr_(by(size), by(size), by(size), of(a), by(size), of(tau), of(work), by(length), by(info))

    def svd(x):
        a = x.copy()
        dll.sgesdd_(b"A", by(size), by(size), of(a), by(size), of(s), of(u), by(size), of(v), by(size), of(work), by(length), of(integers), by(info),
                    ctypes.c_size_t(1))
    return {"cholesky": cholesky, "qr": qr, "svd": svd}


def factorizations():
    n = args.size
    x = rng.standard_normal((n, n)).astype(np.float32)
    s = (x @ x.T / n + np.eye(n)).astype(np.float32)
    p, columns = Array.placeholder((n, n)), np.asfortranarray(x)

    def qr():
        factored, tau, _, _ = lapack.sgeqrf(columns, lwork=64 * n)
        return lapack.sorgqr(factored, tau, lwork=64 * n)
    called = openblas(args.openblas, n) if args.openblas else None
    direct = {"cholesky": lambda: lapack.spotrf(s.T, lower=1), "qr": qr, "svd": lambda: lapack.sgesdd(columns)}
    for name, value, theirs in (("cholesky", s, lambda: np.linalg.cholesky(s)), ("qr", x, lambda: np.linalg.qr(x)), ("svd", x, lambda: np.linalg.svd(x))):
        f, a, t = Function([p], p.linalg(name)), Array.of(value), torch.tensor(value)
        ours = {"openblas": lambda: called[name](value)} if called else {}
        bounded_by_arithmetic(f"{name} {n}", {"mlxc": lambda: f(a), **({"lapack": direct[name]} if lapack else {}), **ours, "numpy": theirs,
                                              "torch": lambda: getattr(torch.linalg, name)(t)})


for group, body in (("elementwise", elementwise), ("reduce", reductions), ("fused", fused), ("matmul", products), ("linalg", factorizations)):
    if wanted(group):
        body()
