#!/usr/bin/env python3
"""The operations of bench/vulkan_ops.cpp in PyTorch on CUDA: vulkan_torch.py [elements]. Chains around a ring of buffers, medians of 7."""
import sys

import torch

RING = 8


def time_of(operation, count):
    """Seconds of one operation: operation(i) is the i-th of a chain."""
    for i in range(RING):
        operation(i)
    torch.cuda.synchronize()
    times = []
    for _ in range(7):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for i in range(count):
            operation(i)
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) * 1e-3 / count)
    return sorted(times)[3]


def main():
    n = int(sys.argv[1]) // 1000 * 1000 if len(sys.argv) > 1 else 10_000_000
    torch.backends.cuda.matmul.allow_tf32 = False
    print(torch.cuda.get_device_name(), "| PyTorch", torch.__version__, "| CUDA", torch.version.cuda)
    print(f"{'operation':26} {'GPU us':>10} {'GB/s':>9} {'TFLOP/s':>9} {'% copy':>7}")
    copy_bandwidth = 0.0

    def show(name, seconds, moved=0, flops=0):
        nonlocal copy_bandwidth
        copy_bandwidth = copy_bandwidth or moved / seconds
        figures = f"{'':9} {flops / seconds * 1e-12:9.2f}" if flops else f"{moved / seconds * 1e-9:9.1f} {'':9} {100 * moved / seconds / copy_bandwidth:7.1f}"
        print(f"{name:26} {seconds * 1e6:10.2f} {figures}", flush=True)

    big = [torch.randn(n * 8, device="cuda") * 1e-2 for _ in range(RING)]
    show("copy", time_of(lambda i: big[(i + 1) % RING].copy_(big[i % RING]), 50), moved=n * 64)
    del big
    x = [torch.randn(n, device="cuda") * 1e-2 for _ in range(RING)]
    at = lambda i: x[i % RING]  # noqa: E731
    show("copy, as many elements", time_of(lambda i: at(i + 1).copy_(at(i)), 200), moved=n * 8)
    for size in (1024, 4096):
        ring = [torch.randn(size, size, device="cuda") * 1e-2 for _ in range(RING + 2)]
        show(f"matmul {size}", time_of(lambda i: torch.matmul(ring[i % RING], ring[RING], out=ring[RING + 1]), 100), flops=2 * size**3)
    ring = [torch.randn(32, 512, 512, device="cuda") * 1e-2 for _ in range(RING + 2)]
    show("matmul 32 x 512", time_of(lambda i: torch.matmul(ring[i % RING], ring[RING], out=ring[RING + 1]), 100), flops=32 * 2 * 512**3)
    show("add", time_of(lambda i: torch.add(at(i), at(i + 4), out=at(i + 1)), 200), moved=n * 12)
    show("exp", time_of(lambda i: torch.exp(at(i), out=at(i + 1)), 200), moved=n * 8)
    show("tanh", time_of(lambda i: torch.tanh(at(i), out=at(i + 1)), 200), moved=n * 8)
    show("gelu", time_of(lambda i: torch.nn.functional.gelu(at(i)), 200), moved=n * 8)
    show("gelu (tanh)", time_of(lambda i: torch.nn.functional.gelu(at(i), approximate="tanh"), 200), moved=n * 8)
    rows = [v.view(n // 1000, 1000) for v in x]
    row = torch.randn(1000, device="cuda")
    show("add row to matrix", time_of(lambda i: torch.add(rows[i % RING], row, out=rows[(i + 1) % RING]), 200), moved=n * 8)
    show("transpose", time_of(lambda i: rows[i % RING].t().contiguous(), 200), moved=n * 8)
    show("softmax of rows of 1000", time_of(lambda i: torch.softmax(rows[i % RING], -1), 200), moved=n * 8)
    show("softmax of one row", time_of(lambda i: torch.softmax(at(i), -1), 200), moved=n * 8)
    show("sum", time_of(lambda i: at(i).sum(), 200), moved=n * 4)
    show("sum of columns", time_of(lambda i: rows[i % RING].sum(0), 200), moved=n * 4)
    show("argmax", time_of(lambda i: at(i).argmax(), 200), moved=n * 4)
    show("mean + std", time_of(lambda i: torch.std_mean(at(i)), 200), moved=n * 4)
    show("sum + mean + std", time_of(lambda i: (at(i).sum(), torch.std_mean(at(i))), 200), moved=n * 4)
    show("chain of 6, summed", time_of(lambda i: (((at(i) * 1.5 + 0.25) * at(i) - 0.75).square() + 1).sum(), 200), moved=n * 4)


if __name__ == "__main__":
    main()
