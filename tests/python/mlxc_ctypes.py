"""The C interface as a Python program declares it: ctypes, nothing else."""
import ctypes
import os
import pathlib
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

DATA = pathlib.Path(os.environ.get("MLXC_TEST_DATA", pathlib.Path(__file__).resolve().parent.parent))
LIBRARY = os.environ.get("MLXC_LIBRARY", str(DATA.parent / "build" / "release" / "libmlxc.so.1"))
MODEL = str(DATA / "models" / "fable-qwen3")

OK, CANCELLED, INVALID_ARGUMENT, INVALID_HANDLE, BUFFER_TOO_SMALL = 0, 1, 2, 3, 4
NOT_FOUND, TIMEOUT, END = 7, 12, 14
EVENT_TOKEN, EVENT_DONE = 1, 2


class Error(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("status", c_int32), ("native", c_int64), ("message", c_char * 496)]


class Prompt(ctypes.Structure):
    _fields_ = [("text", c_char_p), ("text_bytes", c_size_t), ("tokens", POINTER(c_int32)), ("token_count", c_int64)]


class Text(ctypes.Structure):
    _fields_ = [("data", c_char_p), ("bytes", c_size_t)]


class ModelOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("precision", c_int32), ("device", c_void_p), ("threads", c_int32), ("weights", c_int32),
                ("context", c_int64), ("cache_tokens", c_int64), ("max_sequences", c_int64), ("step_tokens", c_int64),
                ("progress", c_void_p), ("progress_user_data", c_void_p)]


class GenerateOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("temperature", c_float), ("top_k", c_int64), ("top_p", c_float), ("min_p", c_float),
                ("repetition_penalty", c_float), ("presence_penalty", c_float), ("frequency_penalty", c_float),
                ("ignore_model_stop", c_int32), ("seed", c_uint64), ("max_tokens", c_int64), ("min_tokens", c_int64),
                ("stop", POINTER(Text)), ("stop_count", c_int64), ("stop_tokens", POINTER(c_int32)), ("stop_token_count", c_int64),
                ("logit_bias", c_void_p), ("logit_bias_count", c_int64), ("logprobs", c_int32), ("top_logprobs", c_int32),
                ("echo", c_int32), ("keep_last_logits", c_int32), ("add_special_tokens", c_int32), ("token_events", c_int32),
                ("cancel", c_void_p)]


class Event(ctypes.Structure):
    _fields_ = [("tag", c_uint64), ("type", c_int32), ("status", c_int32), ("index", c_int64), ("token", c_int32),
                ("finish_reason", c_int32), ("text", c_void_p), ("text_bytes", c_size_t), ("top", c_void_p), ("top_count", c_int32),
                ("logprob", c_float), ("seconds", c_double), ("reserved", c_uint64 * 3)]

    def words(self):
        return ctypes.string_at(self.text, self.text_bytes).decode("utf-8")


EVENT_CALLBACK = ctypes.CFUNCTYPE(c_int32, POINTER(Event), c_void_p)
RELEASE = ctypes.CFUNCTYPE(None, c_void_p)


class Failure(Exception):
    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status = status


class Library:
    """Every function returns a status and takes an error record last; call() adds the record and raises."""

    def __init__(self, path=LIBRARY):
        self.dll = ctypes.CDLL(path)
        for name in ("mlxc_version", "mlxc_status_name", "mlxc_finish_reason_name", "mlxc_dtype_name"):
            getattr(self.dll, name).restype = c_char_p
        self.dll.mlxc_handle_count.restype = c_int64
        self.dll.mlxc_array_full.argtypes = [c_void_p, c_void_p, c_double, c_void_p, c_int32, c_int32, c_void_p]
        self.dll.mlxc_array_binary_scalar.argtypes = [c_void_p, c_int32, c_void_p, c_double, c_void_p]

    def call(self, name, *arguments):
        error = Error(struct_size=ctypes.sizeof(Error))
        status = getattr(self.dll, name)(*arguments, byref(error))
        if status != OK:
            raise Failure(status, error.message.decode("utf-8"))

    def new(self, name, *arguments):
        handle = c_void_p()
        self.call(name, byref(handle), *arguments)
        return handle

    def text(self, name, *arguments):
        needed = c_size_t()
        try:
            self.call(name, *arguments, None, c_size_t(0), byref(needed))
        except Failure as failure:
            if failure.status != BUFFER_TOO_SMALL:
                raise
        buffer = ctypes.create_string_buffer(needed.value)
        self.call(name, *arguments, buffer, c_size_t(needed.value), byref(needed))
        return buffer.raw[:needed.value - 1].decode("utf-8")

    def generate_options(self, **values):
        options = GenerateOptions()
        self.dll.mlxc_generate_options_init(byref(options), c_uint32(ctypes.sizeof(options)))
        for name, value in values.items():
            assert hasattr(options, name), name
            setattr(options, name, value)
        return options

    def encode(self, tokenizer, text):
        data = text.encode("utf-8")
        ids = (c_int32 * (len(data) + 16))()
        count = c_int64()
        self.call("mlxc_tokenizer_encode", tokenizer, data, c_size_t(len(data)), None, ids, c_int64(len(ids)), byref(count))
        return list(ids[:count.value])


def prompts_of(*texts):
    prompts = (Prompt * len(texts))()
    for prompt, text in zip(prompts, texts):
        prompt.text = text.encode("utf-8")
        prompt.text_bytes = len(prompt.text)
    return prompts
