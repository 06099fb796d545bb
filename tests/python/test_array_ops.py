"""Array functions against what NumPy and PyTorch answered (array_ops.json, made by tests/golden/make_array_ops.py): every case in several
layouts of its arrays and in several float types."""
import ctypes
import json
import math
import pathlib
import struct
import unittest
from ctypes import byref, c_double, c_int32, c_int64, c_size_t, c_void_p

from mlxc_ctypes import Library

CASES = json.loads((pathlib.Path(__file__).parent / "array_ops.json").read_text())
BOOL, INT64, FLOAT16, BFLOAT16, FLOAT32, FLOAT64 = 0, 8, 9, 10, 11, 12
CODES = {BOOL: "?", INT64: "q", FLOAT64: "d"}
# Of float32 and its like, relative to the largest value of a result: outputs are compared as sums of a few dozen terms would differ.
TOLERANCE = {FLOAT16: 4e-3, BFLOAT16: 3e-2, FLOAT32: 1e-6, FLOAT64: 2e-9}
LAYOUTS = ("contiguous", "transposed", "every second", "reversed")
# Sums of few-digit numbers stay exact in 16 bits only where nothing cancels; these are made for wider types.
WIDE_ONLY = ("mlxc_linalg_", "mlxc_array_convolution", "mlxc_array_transposed", "mlxc_array_recurrent", "mlxc_array_attention", "mlxc_array_batch",
             "mlxc_array_layer", "mlxc_array_rms", "mlxc_array_group", "mlxc_array_isclose", "mlxc_array_sort", "mlxc_array_argsort",
             "mlxc_array_unique", "mlxc_array_topk", "mlxc_array_scan", "mlxc_array_variance", "mlxc_array_einsum", "mlxc_array_addmm",
             "mlxc_array_binary", "mlxc_array_vecdot", "mlxc_array_tensordot", "mlxc_array_inner")


class ArrayOps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mlxc = Library()
        cls.made = []

    def tearDown(self):
        for handle in self.made:
            self.mlxc.dll.mlxc_array_free(handle)
        self.made.clear()
        self.assertEqual(self.mlxc.dll.mlxc_handle_count(0), 0)

    def keep(self, handle):
        self.made.append(handle)
        return handle

    def new(self, name, *arguments):
        return self.keep(self.mlxc.new(name, *arguments))

    @staticmethod
    def list64(values):
        return (c_int64 * max(len(values), 1))(*values)

    def array(self, spec, dtype, layout):
        """The array of a case, lying in memory as the layout says."""
        values, shape = [float(v) if isinstance(v, str) else v for v in spec["array"]], spec["shape"]
        kind = {"bool": BOOL, "int64": INT64, "float": FLOAT64}[spec["dtype"]]
        rank, n = len(shape), math.prod(shape)
        if rank == 0 or n == 0:
            layout = "contiguous"
        base = list(shape)
        if layout == "transposed":
            base = base[::-1]
            strides = [math.prod(shape[axis + 1:]) for axis in range(rank)]
            order = [0]
            for axis in reversed(range(rank)):
                order = [o + i * strides[axis] for o in order for i in range(shape[axis])]
            values = [values[o] for o in order]
        elif layout == "every second":
            base[-1] *= 2
            values = [v for value in values for v in (value, type(value)(1))]
        elif layout == "reversed":
            values = values[::-1]
        data = struct.pack(f"={len(values)}{CODES[kind]}", *values)
        x = self.new("mlxc_array_new", None, data, c_size_t(len(data)), self.list64(base), c_int32(rank), c_int32(kind))
        if kind == FLOAT64 and dtype != FLOAT64:
            x = self.new("mlxc_array_cast", x, c_int32(dtype))
        if layout != "contiguous":
            self.mlxc.call("mlxc_array_eval", byref(x), c_int64(1))
        if layout == "transposed":
            x = self.new("mlxc_array_transpose", x, None, c_int32(0))
        elif layout == "every second":
            x = self.new("mlxc_array_slice", x, self.list64([0] * rank), self.list64(base), self.list64([1] * (rank - 1) + [2]), c_int32(rank))
        elif layout == "reversed":
            x = self.new("mlxc_array_slice", x, self.list64([-1] * rank), self.list64([-2**62] * rank), self.list64([-1] * rank), c_int32(rank))
        return x

    def argument(self, spec, dtype, layout):
        if spec is None:
            return None
        kind, value = next(iter(spec.items()))
        if kind == "array":
            return self.array(spec, dtype, layout)
        if kind == "arrays":
            return (c_void_p * len(value))(*[self.array(v, dtype, layout) for v in value])
        return {"i32": c_int32, "i64": c_int64, "size": c_size_t, "f64": lambda v: c_double(float(v)), "text": str.encode,
                "list32": lambda v: (c_int32 * max(len(v), 1))(*v), "list64": self.list64, "double": lambda v: byref(c_double(v)),
                "device": lambda v: None}[kind](value)

    def values(self, handle):
        dims, rank, kind = (c_int64 * 12)(), c_int64(), c_int32()
        self.mlxc.call("mlxc_array_shape", handle, dims, c_int64(12), byref(rank))
        self.mlxc.call("mlxc_array_dtype", handle, byref(kind))
        shape = list(dims[:rank.value])
        wide = self.new("mlxc_array_cast", handle, c_int32(FLOAT64))
        buffer = ctypes.create_string_buffer(max(8 * math.prod(shape), 1))
        self.mlxc.call("mlxc_array_read", wide, buffer, c_size_t(8 * math.prod(shape)), None)
        return shape, kind.value, struct.unpack(f"={math.prod(shape)}d", buffer.raw[:8 * math.prod(shape)])

    def compare(self, handle, spec, tolerance, line):
        shape, kind, actual = self.values(handle)
        expected = [float(v) for v in spec["array"]]
        self.assertEqual(shape, spec["shape"], line)
        if spec["dtype"] == "bool":
            self.assertEqual(kind, BOOL, line)
        scale = max([abs(v) for v in expected if math.isfinite(v)], default=0)
        bound = tolerance * max(scale, 1) if kind >= FLOAT16 else 0
        for a, e in zip(actual, expected):
            same = (math.isnan(a) and math.isnan(e)) or a == e or abs(a - e) <= bound
            self.assertTrue(same, f"{line}: {actual[:24]}, expected {expected[:24]}")

    def run_case(self, index, case, dtype, layout):
        line = f"case {index + 1}, {case['function']}, type {dtype}, {layout}"
        arguments = [self.argument(a, dtype, layout) for a in case["arguments"]]
        if case["list"]:
            outputs = (c_void_p * case["list"])()
            self.mlxc.call(case["function"], outputs, c_int64(case["list"]), *arguments)
            outputs = [self.keep(c_void_p(h)) for h in outputs]
        else:
            outputs = [c_void_p() for _ in range(abs(case.get("outs", len(case["outputs"]))))]
            unwanted = [None] if case.get("outs") == -1 else []
            self.mlxc.call(case["function"], *[byref(h) for h in outputs], *unwanted, *arguments)
            self.made.extend(outputs)
        for handle, spec in zip(outputs, case["outputs"]):
            self.compare(handle, spec, TOLERANCE[dtype] * case["tolerance"], line)
        for handle in self.made:
            self.mlxc.dll.mlxc_array_free(handle)
        self.made.clear()

    def test_results_agree_in_every_layout(self):
        for index, case in enumerate(CASES):
            for layout in LAYOUTS:
                self.run_case(index, case, FLOAT32, layout)

    def test_results_agree_in_every_float_type(self):
        for index, case in enumerate(CASES):
            self.run_case(index, case, FLOAT64, "contiguous")
            if not case["function"].startswith(WIDE_ONLY):
                for dtype in (FLOAT16, BFLOAT16):
                    self.run_case(index, case, dtype, "contiguous")


if __name__ == "__main__":
    unittest.main()
