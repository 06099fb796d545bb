"""Turns the cooperative matrices that Debian 12's glslang can emit (SPV_NV_cooperative_matrix) into SPV_KHR_cooperative_matrix.

NV types lack what KHR ones need: the use of a matrix (A, B, accumulator) and bfloat16. Kernels give both by the scope of a matrix type,
which they write as a specialization constant with SpecId = 1000 + use + 4 * encoding (kernels/coopmat.glsl); its default is the real scope.
So the module is valid before the rewrite: run spirv-val and spirv-opt first, 2023.1 knows no KHR opcodes.

    use: 0 = A, 1 = B, 2 = accumulator         encoding: 0 = as written, 1 = bfloat16 (its bits in a 16-bit float)

GLSL of that age has no conversion to bfloat16 either: where a module has such matrices, packSnorm2x16 stands for it.
"""
import struct

MAGIC = 0x07230203
EXTENSION, ENTRY_CAPABILITY = 10, 17
TYPE_FLOAT, TYPE_INT, TYPE_ARRAY, TYPE_STRUCT, TYPE_POINTER = 22, 21, 28, 30, 32
TRUE, FALSE, CONSTANT, CONSTANT_COMPOSITE, SPEC_CONSTANT, SPEC_OP = 41, 42, 43, 44, 50, 52
FUNCTION, VARIABLE, LOAD, STORE, ACCESS_CHAIN, IN_BOUNDS_ACCESS_CHAIN, DECORATE = 54, 59, 61, 62, 65, 66, 71
COMPOSITE_CONSTRUCT, COMPOSITE_EXTRACT, COMPOSITE_INSERT, CONVERT, BITCAST, SELECT, LABEL = 80, 81, 82, 115, 124, 169, 248
EXT_INST, TYPE_VECTOR, PACK_SNORM_2X16 = 12, 23, 56
TYPE_NV, LOAD_NV, STORE_NV, MUL_ADD_NV, LENGTH_NV = 5358, 5359, 5360, 5361, 5362
TYPE_KHR, LOAD_KHR, STORE_KHR, MUL_ADD_KHR, LENGTH_KHR = 4456, 4457, 4458, 4459, 4460
CAPABILITY_NV, CAPABILITY_KHR, CAPABILITY_BF16, CAPABILITY_BF16_MATRIX = 5357, 6022, 5116, 5118
BF16 = 1


class RewriteError(Exception):
    pass


def text_words(text):
    data = text.encode() + b"\0"
    data += b"\0" * (-len(data) % 4)
    return list(struct.unpack("<%dI" % (len(data) // 4), data))


def instructions(words):
    at = 5
    while at < len(words):
        count = words[at] >> 16
        if count == 0 or at + count > len(words):
            raise RewriteError("malformed SPIR-V")
        yield words[at] & 0xFFFF, words[at + 1 : at + count]
        at += count


class Rewriter:
    def __init__(self, words):
        if len(words) < 5 or words[0] != MAGIC:
            raise RewriteError("not a SPIR-V module")
        self.words, self.bound = words, words[3]
        self.spec_ids, self.constants, self.layouts, self.signed = {}, {}, {}, set()
        self.matrices = {}                            # type -> (component, scope constant, rows, columns, use, encoding)
        self.pointees, self.elements, self.types = {}, {}, {}   # pointer type -> (class, pointee); aggregate -> element types; value -> type
        self.lengths = []                             # specialization ops on m.length(), in order
        self.globals, self.body = [], []
        self.made = {}                                # what was added to the globals, by what it is
        self.gather()

    def gather(self):
        length_ids, functions, types = set(), 0, set()
        for op, w in instructions(self.words):
            if op == DECORATE and w[1] == 1:
                self.spec_ids[w[0]] = w[2]
            elif op in (CONSTANT, SPEC_CONSTANT) and len(w) == 3:
                self.constants[w[1]] = (w[0], w[2])
            elif op in (TRUE, FALSE):
                self.layouts[w[1]] = op == TRUE
            elif op == TYPE_NV:
                self.matrices[w[0]] = w[1:]
            elif op == SPEC_OP and (w[2] == LENGTH_NV or length_ids & set(w[3:])):
                length_ids.add(w[1])
                self.lengths.append(w)
            elif op == TYPE_ARRAY:
                self.elements[w[0]] = w[1]
                if w[2] in length_ids:
                    raise RewriteError("an array has length() of a cooperative matrix as its size")
            elif op == TYPE_STRUCT:
                self.elements[w[0]] = w[1:]
            elif op == TYPE_POINTER:
                self.pointees[w[0]] = (w[1], w[2])
            functions += op == FUNCTION
            if op == TYPE_INT and w[2]:
                self.signed.add(w[0])
            if 19 <= op <= 39 or op == TYPE_NV:
                types.add(w[0])
            elif (functions or op == VARIABLE or CONSTANT <= op <= SPEC_OP) and len(w) > 1 and w[0] in types:
                self.types[w[1]] = w[0]
        if self.lengths and functions != 1:
            raise RewriteError("length() of a cooperative matrix needs a module of one function; is spirv-opt -O missing?")
        for type_id, (component, scope, rows, columns) in self.matrices.items():
            spec_id = self.spec_ids.get(scope, 0)
            use, encoding = (spec_id - 1000) & 3, (spec_id - 1000) >> 2
            if not 1000 <= spec_id <= 1006 or use == 3:
                raise RewriteError("the scope of a cooperative matrix is not one of kernels/coopmat.glsl")
            self.matrices[type_id] = (component, scope, rows, columns, use, encoding)

    def run(self):
        if not self.matrices:
            return self.words
        in_body, prologue = False, None
        for op, w in instructions(self.words):
            if op == FUNCTION:
                in_body, prologue = True, "label"
            self.out = self.body if in_body else self.globals
            if prologue == "body" and op != VARIABLE:
                for length in self.lengths:  # NVIDIA's 580 crashes on them as specialization ops
                    self.emit(LENGTH_KHR if length[2] == LENGTH_NV else length[2], length[0], length[1], *length[3:])
                prologue = None
            if prologue == "label" and op == LABEL:
                prologue = "body"
            if not (op == SPEC_OP and w in self.lengths):
                self.rewrite(op, w)
        header = self.words[:3] + [self.bound, self.words[4]]
        return header + self.globals + self.body

    def emit(self, op, *operands, out=None):
        out = self.out if out is None else out
        out.append((len(operands) + 1) << 16 | op)
        out.extend(operands)

    def fresh(self):
        self.bound += 1
        return self.bound - 1

    def make(self, key, op, *operands, result=0):
        """A type or constant among the globals, once; `result` is the place of its id among the operands."""
        if key not in self.made:
            self.made[key] = self.fresh()
            operands = list(operands)
            operands.insert(result, self.made[key])
            self.emit(op, *operands, out=self.globals)
        return self.made[key]

    def number(self, value):
        return self.make(("number", value), CONSTANT, self.uint, value, result=1)

    def encoded(self, encoding):
        return self.make(("type", encoding), TYPE_FLOAT, 16, 0)

    def encoding_of(self, type_id):
        return self.matrices[type_id][5] if type_id in self.matrices else 0

    def layout(self, column_major):
        if column_major in self.layouts:
            return self.number(1 if self.layouts[column_major] else 0)
        if column_major in self.constants or column_major not in self.types:
            raise RewriteError("the layout of a cooperative matrix is not a constant")
        return self.make(("layout", column_major), SPEC_OP, self.uint, SELECT, column_major, self.number(1), self.number(0), result=1)

    def chain_encoding(self, w):
        """The encoding of the matrix whose element an access chain points to, 0 if it points to anything else."""
        type_id = self.pointees.get(self.types.get(w[2], 0), (0, 0))[1]
        for at, index in enumerate(w[3:]):
            if type_id in self.matrices:
                return self.encoding_of(type_id)
            below = self.elements.get(type_id, 0)
            type_id = below[self.constants[index][1]] if isinstance(below, list) else below
        return 0

    def as_encoded(self, encoding, value):
        bits = self.fresh()
        self.emit(BITCAST, self.encoded(encoding), bits, value)
        return bits

    def rewrite(self, op, w):
        if op == ENTRY_CAPABILITY and w[0] == CAPABILITY_NV:
            self.emit(op, CAPABILITY_KHR)
            if any(m[5] == BF16 for m in self.matrices.values()):
                self.emit(op, CAPABILITY_BF16)
                self.emit(op, CAPABILITY_BF16_MATRIX)
        elif op == EXTENSION and w == text_words("SPV_NV_cooperative_matrix"):
            self.emit(op, *text_words("SPV_KHR_cooperative_matrix"))
            if any(m[5] == BF16 for m in self.matrices.values()):
                self.emit(op, *text_words("SPV_KHR_bfloat16"))
        elif op == TYPE_NV:
            component, scope, rows, columns, use, encoding = self.matrices[w[0]]
            self.uint, value = self.constants[scope]
            if encoding:
                component = self.encoded(encoding)
            self.emit(TYPE_KHR, w[0], component, self.number(value), rows, columns, self.number(use))
        elif op == LOAD_NV:   # type, result, pointer, stride, column major [, memory access]
            self.emit(LOAD_KHR, w[0], w[1], w[2], self.layout(w[4]), w[3], *w[5:])
        elif op == STORE_NV:  # pointer, object, stride, column major [, memory access]
            self.emit(STORE_KHR, w[0], w[1], self.layout(w[3]), w[2], *w[4:])
        elif op == EXT_INST and w[3] == PACK_SNORM_2X16 and any(m[5] == BF16 for m in self.matrices.values()):
            pair = self.make(("pair", BF16), TYPE_VECTOR, self.encoded(BF16), 2)
            converted = self.fresh()
            self.emit(CONVERT, pair, converted, w[4])
            self.emit(BITCAST, w[0], w[1], converted)
        elif op == MUL_ADD_NV:
            signed = self.matrices[w[0]][0] in self.signed
            self.emit(MUL_ADD_KHR, *w, *([0xF] if signed else []))  # A, B, C and the result are signed
        elif op == LENGTH_NV:
            self.emit(LENGTH_KHR, *w)
        elif op in (ACCESS_CHAIN, IN_BOUNDS_ACCESS_CHAIN) and self.chain_encoding(w):
            encoding, storage_class = self.chain_encoding(w), self.pointees[w[0]][0]
            pointer = self.make(("pointer", encoding, storage_class), TYPE_POINTER, storage_class, self.encoded(encoding))
            self.made[("element", w[1])] = encoding
            self.emit(op, pointer, *w[1:])
        elif op == STORE and ("element", w[0]) in self.made:
            self.emit(op, w[0], self.as_encoded(self.made[("element", w[0])], w[1]), *w[2:])
        elif op == LOAD and ("element", w[2]) in self.made:
            value = self.fresh()
            self.emit(op, self.encoded(self.made[("element", w[2])]), value, *w[2:])
            self.emit(BITCAST, w[0], w[1], value)
        elif op == CONSTANT_COMPOSITE and self.encoding_of(w[0]):
            encoding, bits = self.encoding_of(w[0]), self.constants[w[2]][1]
            self.emit(op, w[0], w[1], self.make(("constant", encoding, bits), CONSTANT, self.encoded(encoding), bits, result=1))
        elif op == COMPOSITE_CONSTRUCT and self.encoding_of(w[0]):
            value = self.as_encoded(self.encoding_of(w[0]), w[2])
            self.emit(op, w[0], w[1], value)
        elif op == COMPOSITE_EXTRACT and len(w) == 4 and self.encoding_of(self.types.get(w[2], 0)):
            value = self.fresh()
            self.emit(op, self.encoded(self.encoding_of(self.types[w[2]])), value, *w[2:])
            self.emit(BITCAST, w[0], w[1], value)
        elif op == COMPOSITE_INSERT and len(w) == 5 and self.encoding_of(self.types.get(w[3], 0)):
            value = self.as_encoded(self.encoding_of(self.types[w[3]]), w[2])
            self.emit(op, w[0], w[1], value, *w[3:])
        else:
            self.emit(op, *w)


def rewrite(words):
    return Rewriter(words).run()
