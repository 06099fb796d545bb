"""What NumPy and PyTorch (CPU) answer to calls of the C interface's array functions: tests/python/array_ops.json.

  python3 tests/golden/make_array_ops.py      (needs numpy and torch)

A case is the name of a function, its arguments after the out-parameters, and the arrays that come out. tests/python/test_array_ops.py calls it
with the arrays in several layouts and types.
"""
import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(5)
cases = []


def array(values, dtype=None):
    values = np.asarray(values)
    name = dtype or {"f": "float", "b": "bool", "i": "int64", "u": "uint64"}[values.dtype.kind]

    def plain(v):
        v = v.item()
        return v if not isinstance(v, float) or math.isfinite(v) else repr(v)
    return {"array": [plain(v) if values.dtype.kind != "f" or not np.isfinite(v) else float(f"{v.item():.11g}") for v in values.ravel()],
            "shape": list(values.shape), "dtype": name}


def draw(*shape, low=-2, high=2):
    return np.round(random.uniform(low, high, shape), 3)


def whole(*shape, low=-5, high=6):
    return random.integers(low, high, shape)


def arg(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return array(value)
    if isinstance(value, torch.Tensor):
        return array(value.numpy())
    return value


def i32(v): return {"i32": int(v)}
def i64(v): return {"i64": int(v)}
def f64(v): return {"f64": repr(float(v))}
def l32(*v): return {"list32": list(v)}
def l64(*v): return {"list64": list(v)}
def each(*v): return {"arrays": [array(x) for x in v]}


def case(function, arguments, *outputs, count=None, tolerance=1):
    """count: how many out-parameters, where they are a list of handles; tolerance: times the usual one."""
    cases.append({"function": function, "arguments": [arg(a) for a in arguments], "outputs": [arg(np.asarray(o)) for o in outputs],
                  "list": count, "tolerance": tolerance})


def t(x): return torch.from_numpy(np.asarray(x, dtype=np.float64))


# manipulation
a, b = draw(2, 3, 4), draw(2, 3, 4)
for axis in (0, 1, -1):
    case("mlxc_array_stack", [each(a, b), i64(2), i32(axis)], np.stack([a, b], axis))
case("mlxc_array_split", [a, l64(1, 3), i64(2), i32(2)], *np.split(a, [1, 3], 2), count=3)
for mode, name in enumerate(["constant", "edge", "reflect", "symmetric", "wrap"]):
    extra = {"constant_values": 1.5} if mode == 0 else {}
    case("mlxc_array_pad", [a, l64(1, 0, 2), l64(0, 2, 3), i32(3), i32(mode), f64(1.5)], np.pad(a, [(1, 0), (0, 2), (2, 3)], name, **extra))
case("mlxc_array_pad", [np.zeros((0, 2)), l64(1, 1), l64(1, 0), i32(2), i32(0), f64(3)], np.full((2, 3), 3.0))
case("mlxc_array_repeat", [a, l64(3), i64(1), i32(1)], np.repeat(a, 3, 1))
case("mlxc_array_repeat", [a, l64(2, 0, 1), i64(3), i32(1)], np.repeat(a, [2, 0, 1], 1))
for repeats in ((2,), (1, 2, 1), (2, 1, 3, 1), (0, 1, 1)):
    case("mlxc_array_tile", [a, l64(*repeats), i32(len(repeats))], np.tile(a, repeats))
case("mlxc_array_roll", [a, l64(5), None, i32(0)], np.roll(a, 5))
case("mlxc_array_roll", [a, l64(-1, 7), l32(0, 2), i32(2)], np.roll(a, (-1, 7), (0, 2)))
case("mlxc_array_flip", [a, l32(0, -1), i32(2)], np.flip(a, (0, -1)))
case("mlxc_array_flip", [a, None, i32(0)], np.flip(a))
case("mlxc_array_swap_axes", [a, i32(0), i32(-1)], np.swapaxes(a, 0, -1))
case("mlxc_array_move_axes", [a, l32(0, 1), l32(-1, 0), i32(2)], np.moveaxis(a, (0, 1), (-1, 0)))
case("mlxc_array_expand_dims", [a, l32(0, -1), i32(2)], np.expand_dims(a, (0, -1)))
case("mlxc_array_squeeze", [a[:1, :, :1], None, i32(0)], a[0, :, 0])
for k in (-3, -1, 0, 2, 9):
    case("mlxc_array_diagonal", [a, i64(k)], np.diagonal(a, k, -2, -1))
    case("mlxc_array_triangle", [a, i64(k), i32(0)], np.tril(a, k))
    case("mlxc_array_triangle", [a, i64(k), i32(1)], np.triu(a, k))
# indexing
case("mlxc_array_take_axis", [a, np.array([[2, 0], [-1, 1]]), i32(1)], np.take(a, [[2, 0], [-1, 1]], 1))
case("mlxc_array_take_axis", [a, np.array([5, 0, -4]), i32(1)], np.stack([np.zeros((2, 4)), a[:, 0], np.zeros((2, 4))], 1))  # out of range
along = random.integers(-3, 3, (2, 5, 4))
case("mlxc_array_take_along_axis", [a, along, i32(1)], np.take_along_axis(a, along, 1))
case("mlxc_array_take_along_axis", [a, np.array([[[1], [0], [3]]]), i32(2)], np.take_along_axis(a, np.array([[[1], [0], [3]]]), 2))
for mode, name in ((0, "assign"), (1, "add"), (2, "multiply"), (3, "amin"), (4, "amax")):
    target, places, values = draw(3, 4), random.integers(0, 3, (2, 4)), draw(2, 4)
    expected = t(target).clone()
    if name == "assign":
        for i in range(2):
            for j in range(4):
                expected[places[i, j], j] = values[i, j]
    elif name == "add":
        expected.scatter_add_(0, torch.from_numpy(places), t(values))
    else:
        expected.scatter_reduce_(0, torch.from_numpy(places), t(values), {"multiply": "prod"}.get(name, name))
    case("mlxc_array_put_along_axis", [i32(mode), target, places, values, i32(0)], expected)
rows, columns = np.array([[1], [-1]]), np.array([0, 2, 1])
case("mlxc_array_gather", [a, each(rows, columns), i64(2)], a[rows, columns])
expected = a.copy()
np.add.at(expected, (rows, columns), 1.0)
case("mlxc_array_scatter", [i32(1), a, each(rows, columns), i64(2), np.float64(1)], expected)
expected = a.copy()
expected[:, ::-2, 1:3] = b[:, :2, :2]
case("mlxc_array_update", [a, b[:, :2, :2], l64(0, 2, 1), l64(2, -99, 3), l64(1, -2, 1), i32(3)], expected)
zero = np.where(draw(3, 4) > 0, 1.0, 0.0)
case("mlxc_array_nonzero", [zero], *np.nonzero(zero), count=2)
ladder = np.sort(whole(9)).astype(float)
for right in (0, 1):
    values = whole(3, 4).astype(float)
    case("mlxc_array_searchsorted", [ladder, values, i32(right)], np.searchsorted(ladder, values, "right" if right else "left"))
ties = whole(3, 40).astype(float)
for axis in (0, 1):
    case("mlxc_array_sort", [ties, i32(axis), i32(0)], np.sort(ties, axis))
    case("mlxc_array_sort", [ties, i32(axis), i32(1)], -np.sort(-ties, axis))
    case("mlxc_array_argsort", [ties, i32(axis), i32(0)], np.argsort(ties, axis, kind="stable"))
    case("mlxc_array_argsort", [ties, i32(axis), i32(1)], np.argsort(-ties, axis, kind="stable"))
long = np.round(random.normal(size=700), 2)
case("mlxc_array_argsort", [long, i32(0), i32(0)], np.argsort(long, kind="stable"))
odd = np.array([1, np.nan, -np.inf, 0.0, -0.0, np.inf, 2])
case("mlxc_array_argsort", [odd, i32(0), i32(0)], np.array([2, 3, 4, 0, 6, 5, 1]))
case("mlxc_array_argsort", [odd, i32(0), i32(1)], np.array([1, 5, 6, 0, 3, 4, 2]))  # the NaN is the largest
top = torch.topk(t(a), 2, 1)
case("mlxc_array_topk", [a, i64(2), i32(1), i32(1)], top.values, top.indices)
low = torch.topk(t(a), 3, 2, largest=False)
case("mlxc_array_topk", [a, i64(3), i32(2), i32(0)], low.values, low.indices)
found = np.unique(ties, return_index=True, return_inverse=True, return_counts=True)
case("mlxc_array_unique", [ties], found[0], found[1], found[2].reshape(ties.shape), found[3])
# statistics
for axes in ((), (0,), (0, 2), (-1,)):
    axis = axes or None
    for correction in (0, 1):
        case("mlxc_array_variance", [a, l32(*axes), i32(len(axes)), f64(correction), i32(0), i32(0)], np.var(a, axis, ddof=correction))
        case("mlxc_array_variance", [a, l32(*axes), i32(len(axes)), f64(correction), i32(1), i32(1)], np.std(a, axis, ddof=correction, keepdims=True))
    case("mlxc_array_median", [a, l32(*axes), i32(len(axes)), i32(0)], np.median(a, axis))
case("mlxc_array_median", [np.array([1, np.nan, 2]), None, i32(0), i32(0)], np.float64(np.nan))
case("mlxc_array_reduce", [i32(8), zero, l32(0), i32(1), i32(0)], np.count_nonzero(zero, 0))
case("mlxc_array_argmax", [a, i32(-2**31), i32(0)], np.argmax(a))
case("mlxc_array_argmin", [a, i32(-2**31), i32(1)], np.argmin(a, keepdims=True))
for axis in (0, 1, 2):
    for op, function in enumerate([np.cumsum, np.cumprod, np.maximum.accumulate, np.minimum.accumulate, np.logaddexp.accumulate]):
        case("mlxc_array_scan", [i32(op), a, i32(axis), i32(0), i32(0)], function(a, axis))
        case("mlxc_array_scan", [i32(op), a, i32(axis), i32(1), i32(0)], np.flip(function(np.flip(a, axis), axis), axis))
case("mlxc_array_scan", [i32(0), a, i32(1), i32(0), i32(1)], np.cumsum(a, 1) - a)
case("mlxc_array_scan", [i32(2), odd, i32(0), i32(0), i32(0)], np.maximum.accumulate(odd))
# elementwise
wild = np.array([0.0, -0.0, 1.5, -2.5, np.inf, -np.inf, np.nan, 7.0])
other = np.array([-1.0, 2.0, -0.0, 3.0, -np.inf, 2.0, 1.0, np.nan])
for op, function in ((41, np.degrees), (42, np.radians), (43, np.signbit), (44, np.isposinf), (45, np.isneginf)):
    case("mlxc_array_unary", [i32(op), wild], function(wild))
for op, function in ((26, np.copysign), (7, np.minimum), (8, np.maximum), (30, np.logaddexp2)):
    case("mlxc_array_binary", [i32(op), wild, other], function(wild, other))
n, m = np.array([7, -7, 7, -7, 6, -128, 5]), np.array([2, 2, -2, -2, 3, 3, -7])
case("mlxc_array_binary", [i32(28), n, m], np.trunc(n / m).astype(np.int64))
case("mlxc_array_binary", [i32(29), n, m], np.fmod(n, m))
case("mlxc_array_binary", [i32(29), draw(6) * 9, draw(6)], np.float64(0))
cases[-1]["outputs"] = [array(np.fmod(*[np.array(x["array"]) for x in cases[-1]["arguments"][1:]]))]
case("mlxc_array_clip", [a, np.float64(-0.5), np.float64(1)], np.clip(a, -0.5, 1))
case("mlxc_array_clip", [wild, None, np.float64(1)], np.minimum(wild, 1))
case("mlxc_array_nan_to_num", [wild, f64(9), {"double": 5}, {"double": -5}], np.nan_to_num(wild, nan=9, posinf=5, neginf=-5))
case("mlxc_array_isclose", [wild, wild + 1e-9, f64(1e-5), f64(1e-8), i32(1)], np.isclose(wild, wild + 1e-9, equal_nan=True))
case("mlxc_array_isclose", [wild, other, f64(1e-5), f64(1e-8), i32(0)], np.isclose(wild, other))
case("mlxc_array_equal", [wild, wild, i32(1)], np.bool_(True))
case("mlxc_array_equal", [wild, wild, i32(0)], np.bool_(False))
case("mlxc_array_equal", [a, b[:1], i32(0)], np.bool_(False))
x = np.linspace(-4, 4, 17)
activations = [F.relu, F.relu6, lambda v: F.leaky_relu(v, 0.2), lambda v: F.elu(v, 0.7), F.selu, lambda v: F.celu(v, 0.7), F.gelu,
               lambda v: F.gelu(v, approximate="tanh"), F.silu, torch.sigmoid, F.logsigmoid, torch.tanh, lambda v: F.softplus(v, 2),
               F.softsign, F.mish, F.hardsigmoid, F.hardswish, F.hardtanh, lambda v: F.hardshrink(v, 0.7), lambda v: F.softshrink(v, 0.7),
               F.tanhshrink, lambda v: (v > 0).double()]
parameters = {2: 0.2, 3: 0.7, 5: 0.7, 12: 2, 18: 0.7, 19: 0.7}
for op, function in enumerate(activations):
    case("mlxc_array_activation", [i32(op), x, f64(parameters.get(op, math.nan))], function(t(x)), tolerance=8)
# products
case("mlxc_array_outer", [draw(3), draw(4)], np.float64(0))
cases[-1]["outputs"] = [array(np.outer(*[np.array(v["array"]) for v in cases[-1]["arguments"]]))]
case("mlxc_array_inner", [a, b], np.inner(a, b))
case("mlxc_array_vecdot", [a, b, i32(1)], np.sum(a * b, 1))
case("mlxc_array_tensordot", [a, b, l32(0, 2), l32(0, 2), i32(2)], np.tensordot(a, b, ((0, 2), (0, 2))))
case("mlxc_array_kron", [a[0], b[0, :2, :1]], np.kron(a[0], b[0, :2, :1]))
case("mlxc_array_addmm", [draw(2, 1), a[0, :2], b[0].T, f64(0.5), f64(2)], np.float64(0))
c, left, right = [np.array(v["array"]).reshape(v["shape"]) for v in cases[-1]["arguments"][:3]]
cases[-1]["outputs"] = [array(2 * c + 0.5 * left @ right)]
square = draw(3, 3)
for equation, operands in (("ij->ji", [square]), ("ii", [square]), ("ii->i", [square]), ("ij->", [square]), ("...ij,...jk->...ik", [a, draw(4, 5)]),
                           ("bij,bkj->bik", [a, b]), ("ij,jk,kl->il", [draw(2, 6), draw(6, 3), draw(3, 5)]), ("i,j->ij", [draw(2), draw(3)]),
                           ("ijk,ijk->j", [a, b]), ("ij,jk", [draw(2, 3), draw(3, 2)]), ("b...,b...->...", [a, b]), ("iij,j->i", [draw(2, 2, 3), draw(3)])):
    text = equation.encode()
    case("mlxc_array_einsum", [{"text": equation}, {"size": len(text)}, each(*operands), i64(len(operands))], np.einsum(equation, *operands), tolerance=4)
# layers
image, filters, bias = draw(2, 4, 7, 6), draw(6, 2, 3, 2), draw(6)
for stride, padding, dilation in (((1, 1), (0, 0), (1, 1)), ((2, 1), (1, 2), (1, 1)), ((1, 2), (2, 0), (2, 3))):
    case("mlxc_array_convolution", [image, filters, bias, l64(*stride), l64(*padding), l64(*dilation), i32(2), i64(2)],
         F.conv2d(t(image), t(filters), t(bias), stride, padding, dilation, 2), tolerance=16)
    case("mlxc_array_transposed_convolution",
         [image, draw(4, 3, 3, 2), None, l64(*stride), l64(*padding), l64(*dilation), l64(0, 1 if max(stride[1], dilation[1]) > 1 else 0), i32(2), i64(2)],
         np.float64(0), tolerance=16)
    w = np.array(cases[-1]["arguments"][1]["array"]).reshape(4, 3, 3, 2)
    cases[-1]["outputs"] = [array(F.conv_transpose2d(t(image), t(w), None, stride, padding, (0, cases[-1]["arguments"][6]["list64"][1]), 2, dilation).numpy())]
signal, taps = draw(2, 3, 9), draw(4, 3, 3)
case("mlxc_array_convolution", [signal, taps, None, l64(2), l64(1), None, i32(1), i64(1)], F.conv1d(t(signal), t(taps), None, 2, 1), tolerance=16)
case("mlxc_array_transposed_convolution", [signal, taps.transpose(1, 0, 2), None, l64(3), l64(2), None, l64(1), i32(1), i64(1)],
     F.conv_transpose1d(t(signal), t(taps.transpose(1, 0, 2).copy()), None, 3, 2, 1), tolerance=16)
volume, cube = draw(1, 2, 4, 5, 4), draw(3, 2, 2, 2, 3)
case("mlxc_array_convolution", [volume, cube, None, None, l64(1, 0, 1), None, i32(3), i64(1)], F.conv3d(t(volume), t(cube), None, 1, (1, 0, 1)), tolerance=16)
case("mlxc_array_max_pool", [image, l64(2, 3), None, None, None, i32(2)], F.max_pool2d(t(image), (2, 3)))
case("mlxc_array_max_pool", [image, l64(3, 2), l64(2, 1), l64(1, 1), l64(2, 1), i32(2)], F.max_pool2d(t(image), (3, 2), (2, 1), (1, 1), (2, 1)))
for counted in (0, 1):
    case("mlxc_array_average_pool", [image, l64(3, 2), l64(2, 2), l64(1, 1), i32(2), i32(counted)],
         F.avg_pool2d(t(image), (3, 2), (2, 2), (1, 1), count_include_pad=bool(counted)))
gain, shift = draw(4), draw(4)
case("mlxc_array_layer_norm", [a, gain, shift, i32(1), f64(1e-5)], F.layer_norm(t(a), (4,), t(gain), t(shift)), tolerance=8)
case("mlxc_array_layer_norm", [a, None, None, i32(2), f64(1e-5)], F.layer_norm(t(a), (3, 4)), tolerance=8)
case("mlxc_array_rms_norm", [a, gain, f64(1e-6)], t(a) / torch.sqrt((t(a)**2).mean(-1, keepdim=True) + 1e-6) * t(gain), tolerance=8)
mean, variance = image.mean((0, 2, 3)), image.var((0, 2, 3))
case("mlxc_array_batch_norm", [image, None, None, gain, shift, f64(1e-5)], F.batch_norm(t(image), None, None, t(gain), t(shift), True), mean, variance, tolerance=8)
case("mlxc_array_group_norm", [image, i64(2), gain, shift, f64(1e-5)], F.group_norm(t(image), 2, t(gain), t(shift)), tolerance=8)
q, k, v = draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 3)
mask = draw(3, 5) > -0.5
mask[:, 0] = True
case("mlxc_array_attention", [q, k, v, mask, f64(0), i32(0)], F.scaled_dot_product_attention(t(q), t(k), t(v), torch.from_numpy(mask)), tolerance=16)
case("mlxc_array_attention", [q, k[:, :3], v[:, :3], None, f64(0.7), i32(1)],
     F.scaled_dot_product_attention(t(q), t(k[:, :3]), t(v[:, :3]), is_causal=True, scale=0.7), tolerance=16)
steps = draw(4, 2, 3)
for kind, (module, gates, extra) in enumerate([(torch.nn.RNN, 1, {}), (torch.nn.RNN, 1, {"nonlinearity": "relu"}), (torch.nn.GRU, 3, {}), (torch.nn.LSTM, 4, {})]):
    layer = module(3, 5, **extra).double()
    weights = [draw(gates * 5, 3), draw(gates * 5, 5), draw(gates * 5), draw(gates * 5)]
    with torch.no_grad():
        for parameter, value in zip((layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0), weights):
            parameter.copy_(t(value))
        hidden, cell = draw(2, 5), draw(2, 5)
        lstm = kind == 3
        y, last = layer(t(steps), (t(hidden)[None], t(cell)[None]) if lstm else t(hidden)[None])
        outputs = [y, last[0][0], last[1][0]] if lstm else [y, last[0]]
        case("mlxc_array_recurrent", [i32(kind), steps, hidden, cell if lstm else None, each(*weights), i32(0)], *outputs, tolerance=32)
        cases[-1]["outs"] = 3
        y, last = layer(torch.flip(t(steps), (0,)))
        case("mlxc_array_recurrent", [i32(kind), steps, None, None, each(*weights), i32(1)], torch.flip(y, (0,)), tolerance=32)
        cases[-1]["outs"] = 3
# linear algebra: what is unique up to rounding; the rest is checked by its properties
matrix = draw(2, 4, 4)
definite = matrix @ matrix.transpose(0, 2, 1) + 2 * np.eye(4)
case("mlxc_linalg_cholesky", [definite, i32(0)], np.linalg.cholesky(definite), tolerance=64)
case("mlxc_linalg_cholesky", [definite, i32(1)], np.linalg.cholesky(definite).transpose(0, 2, 1), tolerance=64)
case("mlxc_linalg_solve", [matrix, draw(4, 3)], np.float64(0), tolerance=2048)
cases[-1]["outputs"] = [array(np.linalg.solve(matrix, np.array(cases[-1]["arguments"][1]["array"]).reshape(4, 3)))]
case("mlxc_linalg_inverse", [definite], np.linalg.inv(definite), tolerance=256)
case("mlxc_linalg_determinant", [matrix], np.linalg.det(matrix), tolerance=256)
case("mlxc_linalg_determinant", [np.ones((3, 3))], np.float64(0))
case("mlxc_linalg_slogdet", [matrix], *np.linalg.slogdet(matrix), tolerance=256)
tall = draw(5, 3)
case("mlxc_linalg_pseudo_inverse", [tall, f64(-1)], np.linalg.pinv(tall), tolerance=256)
case("mlxc_linalg_pseudo_inverse", [np.ones((2, 3)), f64(-1)], np.full((3, 2), 1 / 6), tolerance=64)
case("mlxc_linalg_least_squares", [tall, draw(5), f64(-1)], np.float64(0), tolerance=256)
cases[-1]["outputs"] = [array(np.linalg.lstsq(tall, np.array(cases[-1]["arguments"][1]["array"]), rcond=None)[0])]
case("mlxc_linalg_matrix_rank", [np.array([[1.0, 2], [2, 4]]), f64(-1)], np.int64(1))
case("mlxc_linalg_matrix_power", [matrix, i64(5)], np.linalg.matrix_power(matrix, 5), tolerance=256)
case("mlxc_linalg_matrix_power", [definite, i64(-2)], np.linalg.matrix_power(definite, -2), tolerance=512)
case("mlxc_linalg_cross", [a, b, i32(1)], np.cross(a, b, axis=1), tolerance=8)
for p in (0, 1, 2, 3, math.inf, -math.inf):
    case("mlxc_linalg_vector_norm", [a, f64(p), l32(1), i32(1), i32(0)], np.linalg.norm(a, p, 1), tolerance=16)
for kind, p in ((0, 0), (1, 0), (2, 1), (2, -1), (2, 2), (2, -2), (2, math.inf), (2, -math.inf)):
    name = {0: "fro", 1: "nuc"}.get(kind, p)
    case("mlxc_linalg_matrix_norm", [a, i32(kind), f64(p), i32(1)], np.linalg.norm(a, name, (-2, -1), keepdims=True), tolerance=64)
case("mlxc_linalg_eigh", [definite], np.linalg.eigvalsh(definite), tolerance=64)
cases[-1]["outs"] = -1  # the vectors are not wanted
# creation
case("mlxc_array_linspace", [{"device": 1}, f64(-1), f64(2), i64(7), i32(1), i32(11)], np.linspace(-1, 2, 7))
case("mlxc_array_linspace", [{"device": 1}, f64(-1), f64(2), i64(6), i32(0), i32(11)], np.linspace(-1, 2, 6, endpoint=False))
case("mlxc_array_eye", [{"device": 1}, i64(3), i64(5), i64(-1), i32(11)], np.eye(3, 5, -1))
case("mlxc_array_as_strided", [a, l64(2, 3), l64(4, -1), i32(2), i64(7)], np.lib.stride_tricks.as_strided(a.ravel()[7:], (2, 3), (32, -8)))

# padding beyond what stands beside the axis
short = draw(2, 3)
for mode, name in ((2, "reflect"), (3, "symmetric"), (4, "wrap")):
    case("mlxc_array_pad", [short, l64(1, 11), l64(5, 4), i32(2), i32(mode), f64(0)], np.pad(short, [(1, 5), (11, 4)], name))
    case("mlxc_array_pad", [short[:, :1], l64(0, 2), l64(0, 3), i32(2), i32(mode), f64(0)], np.pad(short[:, :1], [(0, 0), (2, 3)], name))

target = pathlib.Path(__file__).resolve().parent.parent / "python" / "array_ops.json"
target.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases,", target.stat().st_size, "bytes")
