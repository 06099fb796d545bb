"""The whole flow through dlopen: no compiler, no headers, no NumPy."""
import ctypes
import struct
import threading
import unittest
from ctypes import byref, c_double, c_float, c_int32, c_int64, c_size_t, c_uint64, c_void_p

from mlxc_ctypes import (BUFFER_TOO_SMALL, CANCELLED, END, EVENT_CALLBACK, EVENT_DONE, EVENT_TOKEN, INVALID_ARGUMENT, INVALID_HANDLE, MODEL,
                         NOT_FOUND, RELEASE, TIMEOUT, Event, Failure, GenerateOptions, Library, ModelOptions, prompts_of)

FLOAT32 = 11


class CtypesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mlxc = Library()
        options = ModelOptions()
        cls.mlxc.dll.mlxc_model_options_init(byref(options), ctypes.c_uint32(ctypes.sizeof(options)))
        options.precision = 1
        cls.model = cls.mlxc.new("mlxc_model_load", MODEL.encode(), byref(options))
        cls.tokenizer = cls.mlxc.new("mlxc_model_tokenizer_copy", cls.model)

    @classmethod
    def tearDownClass(cls):
        cls.mlxc.dll.mlxc_tokenizer_free(cls.tokenizer)
        cls.mlxc.dll.mlxc_model_free(cls.model)
        assert cls.mlxc.dll.mlxc_handle_count(0) == 0

    def assertStatus(self, status, name, *arguments):
        with self.assertRaises(Failure) as caught:
            self.mlxc.call(name, *arguments)
        self.assertEqual(caught.exception.status, status, caught.exception)

    def result_text(self, result, index):
        text, size = c_void_p(), c_size_t()
        self.mlxc.call("mlxc_result_peek_text", result, c_int64(index), byref(text), byref(size))
        return ctypes.string_at(text, size.value).decode("utf-8")

    def generate(self, *texts, callback=None, **options):
        result = c_void_p()
        prompts = prompts_of(*texts)
        options = self.mlxc.generate_options(temperature=0, **options)
        try:
            self.mlxc.call("mlxc_generate_batch", byref(result), self.model, prompts, c_int64(len(prompts)), byref(options), None, callback, None)
            return [self.result_text(result, i) for i in range(len(prompts))]
        finally:  # there is a result also of a batch that was stopped
            self.mlxc.dll.mlxc_result_free(result)

    def test_version_and_build(self):
        self.assertEqual(self.mlxc.dll.mlxc_version().count(b"."), 2)
        self.assertGreaterEqual(self.mlxc.dll.mlxc_abi_version(), 1)
        self.assertEqual(self.mlxc.dll.mlxc_has_feature(b"generate"), 1)
        self.assertIn('"compiler"', self.mlxc.text("mlxc_build_info"))

    def test_defaults_arrive_where_python_expects_them(self):
        options = self.mlxc.generate_options()
        self.assertEqual((options.temperature, options.top_k, options.max_tokens, options.add_special_tokens, options.token_events),
                         (-1, -1, -1, 1, 1))
        self.assertEqual(options.struct_size, ctypes.sizeof(GenerateOptions))

    def test_errors_are_sentences(self):
        handle = c_void_p(1)
        self.assertStatus(NOT_FOUND, "mlxc_model_load", byref(handle), b"/no/such/folder", None)
        self.assertIsNone(handle.value)
        self.assertStatus(INVALID_HANDLE, "mlxc_model_json", c_void_p(12345), None, c_size_t(0), byref(c_size_t()))

    def test_text_to_ids_and_back(self):
        text = "Once upon a time, 日本 café"
        ids = self.mlxc.encode(self.tokenizer, text)
        self.assertGreater(len(ids), 5)
        array = (c_int32 * len(ids))(*ids)
        self.assertEqual(self.mlxc.text("mlxc_tokenizer_decode", self.tokenizer, array, c_int64(len(ids)), None), text)
        decoder = self.mlxc.new("mlxc_decoder_new", self.tokenizer, None)
        piece, size, joined = c_void_p(), c_size_t(), ""
        for id in ids:
            self.mlxc.call("mlxc_decoder_add", decoder, byref(c_int32(id)), c_int64(1), byref(piece), byref(size))
            joined += ctypes.string_at(piece, size.value).decode("utf-8")  # strict: never half a character
        self.mlxc.call("mlxc_decoder_finish", decoder, byref(piece), byref(size))
        self.assertEqual(joined + ctypes.string_at(piece, size.value).decode("utf-8"), text)
        self.mlxc.dll.mlxc_decoder_free(decoder)

    def test_a_batch_with_a_callback(self):
        seen = {0: "", 1: ""}

        @EVENT_CALLBACK
        def watch(event, _):
            if event[0].type == EVENT_TOKEN:
                seen[event[0].tag] += event[0].words()
            return 0

        texts = self.generate("Once upon a time", "The fox", max_tokens=10, callback=watch)
        self.assertEqual(texts, [seen[0], seen[1]])
        self.assertTrue(texts[0].startswith(", the king's daughter"), texts[0])
        self.assertEqual(self.generate("The fox", max_tokens=10), [texts[1]])  # the same alone

    def test_a_callback_stops(self):
        @EVENT_CALLBACK
        def stop(event, _):
            return 1

        with self.assertRaises(Failure) as caught:
            self.generate("Once upon a time", callback=stop)
        self.assertEqual(caught.exception.status, CANCELLED)

    def test_streams_over_a_queue(self):
        queue = self.mlxc.new("mlxc_queue_new")
        options = self.mlxc.generate_options(temperature=0, max_tokens=6, ignore_model_stop=1)
        requests = []
        for tag in range(8):
            request = c_void_p()
            self.mlxc.call("mlxc_generate_start", byref(request), self.model, prompts_of("Once upon a time"), byref(options), queue,
                           c_uint64(tag), None, None)
            requests.append(request)
        self.mlxc.call("mlxc_queue_close", queue)
        events, count = (Event * 32)(), c_int64()
        texts, done = [""] * 8, 0
        while True:
            try:
                self.mlxc.call("mlxc_queue_next", queue, c_int64(-1), events, c_int64(32), byref(count))
            except Failure as failure:
                self.assertEqual(failure.status, END)
                break
            for event in events[:count.value]:
                if event.type == EVENT_DONE:
                    self.assertEqual(event.index, 6)
                    done += 1
                else:
                    texts[event.tag] += event.words()
        self.assertEqual(done, 8)
        self.assertEqual(set(texts), {self.generate("Once upon a time", max_tokens=6, ignore_model_stop=1)[0]})
        for request in requests:
            self.mlxc.dll.mlxc_request_free(request)
        self.mlxc.dll.mlxc_queue_free(queue)

    def test_cancel_from_another_thread(self):
        request = c_void_p()
        options = self.mlxc.generate_options(temperature=0, ignore_model_stop=1)
        self.mlxc.call("mlxc_generate_start", byref(request), self.model, prompts_of("Once upon a time"), byref(options), None, c_uint64(0),
                       None, None)
        self.assertStatus(TIMEOUT, "mlxc_request_wait", request, c_int64(0))
        threading.Timer(0.02, lambda: self.mlxc.call("mlxc_request_cancel", request)).start()
        self.mlxc.call("mlxc_request_wait", request, c_int64(-1))
        result = self.mlxc.new("mlxc_request_result", request)
        finish, status = c_int32(), c_int32()
        self.mlxc.call("mlxc_result_finish", result, c_int64(0), byref(finish), byref(status))
        self.assertEqual((self.mlxc.dll.mlxc_finish_reason_name(finish), status.value), (b"cancelled", CANCELLED))
        self.mlxc.dll.mlxc_result_free(result)
        self.mlxc.dll.mlxc_request_free(request)

    def test_scores_and_embeddings(self):
        scores, counts = (c_float * 2)(), (c_int32 * 2)()
        self.mlxc.call("mlxc_score", self.model, prompts_of("Once upon a"), c_int64(1), prompts_of(" time", " banana"), c_int64(2), None, scores,
                       c_int64(2), counts)
        self.assertGreater(scores[0], scores[1])
        self.assertEqual(counts[0], 1)
        vectors = (c_float * 512)()
        texts = prompts_of("A fox and a crow.", "The crow and the fox.")
        self.mlxc.call("mlxc_embed", self.model, texts, c_int64(2), None, vectors, c_int64(512))
        array = self.mlxc.new("mlxc_embed_new", self.model, texts, c_int64(2), None)
        data, size = c_void_p(), c_size_t()
        self.mlxc.call("mlxc_array_peek", array, byref(data), byref(size))
        self.assertEqual(ctypes.string_at(data, size.value), bytes(vectors))  # a view of the result, no copy
        self.mlxc.dll.mlxc_array_free(array)
        self.assertStatus(BUFFER_TOO_SMALL, "mlxc_embed", self.model, texts, c_int64(2), None, vectors, c_int64(511))

    def test_logits(self):
        tokens, logits = (c_int32 * 3)(1, 2, 3), (c_float * (3 * 4096))()
        self.mlxc.call("mlxc_logits", self.model, tokens, c_int64(3), logits, c_int64(len(logits)), None, c_int64(0), None)
        self.assertTrue(all(abs(value) < 1000 for value in logits) and any(logits))
        self.assertStatus(INVALID_ARGUMENT, "mlxc_logits", self.model, (c_int32 * 1)(4096), c_int64(1), logits, c_int64(len(logits)), None,
                          c_int64(0), None)

    def test_arrays(self):
        shape = (c_int64 * 2)(2, 3)
        released = []
        release = RELEASE(lambda _: released.append(True))
        memory = (c_float * 6)(1, 2, 3, 4, 5, 6)
        a = self.mlxc.new("mlxc_array_new_borrowed", None, memory, c_size_t(24), shape, c_int32(2), c_int32(FLOAT32), release, None)
        b = c_void_p()
        self.mlxc.call("mlxc_array_binary_scalar", byref(b), 2, a, c_double(10))
        c = self.mlxc.new("mlxc_array_transpose", b, None, c_int32(0))
        buffer = ctypes.create_string_buffer(24)
        self.mlxc.call("mlxc_array_read", c, buffer, c_size_t(24), None)
        self.assertEqual(struct.unpack("6f", buffer.raw), (10, 40, 20, 50, 30, 60))
        for array in (a, b, c):
            self.mlxc.dll.mlxc_array_free(array)
        self.assertEqual(released, [True])


if __name__ == "__main__":
    unittest.main()
