"""The command line as scripts use it."""
import json
import os
import pathlib
import signal
import struct
import subprocess
import tempfile
import unittest

from mlxc_ctypes import DATA, LIBRARY, MODEL

MLXC = str(pathlib.Path(LIBRARY).parent / "mlxc")


def run(*arguments, input=None, code=0, environment=None):
    done = subprocess.run([MLXC, *arguments], input=input, capture_output=True, timeout=300, env=os.environ | (environment or {}))
    if done.returncode != code:
        raise AssertionError(f"{arguments} exits with {done.returncode}, expected {code}: {done.stderr.decode()}")
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


class GenerateTest(unittest.TestCase):
    def test_streams_one_prompt_and_tells_its_speed(self):
        out, err = run("generate", "--model", MODEL, "--prompt", "Once upon a time", "--max-tokens", "8", "--precision", "high")
        self.assertEqual(out, ", the king's daughter was a king\n")
        self.assertRegex(err, r"first token after \d+ ms")
        self.assertRegex(err, r"tokens/s")
        self.assertEqual(run("generate", "-m", MODEL, "-p", "Once upon a time", "-n", "2", "-q")[1], "")

    def test_greedy_tokens_equal_the_reference(self):
        golden = json.loads((DATA / "models" / "fable-qwen3" / "golden.json").read_text())
        cases = golden if isinstance(golden, list) else golden["prompts"]
        prompts = [argument for case in cases for argument in ("--prompt", case["prompt"])]
        out, _ = run("generate", "--model", MODEL, "--precision", "high", "--temperature", "0", "--max-tokens", "24", "--json", *prompts)
        results = json.loads(out)
        self.assertEqual(len(results), len(cases))
        for result, case in zip(results, cases):
            self.assertTrue(case["text"].startswith(result["text"]), (case["text"][:100], result["text"]))

    def test_json_has_one_object_a_prompt(self):
        out, _ = run("generate", "--model", MODEL, "--prompt", "The fox", "--prompt-tokens", "49,1705,620,261,554", "--max-tokens", "5", "--json",
                     "--logprobs", "--top-logprobs", "2", "--precision", "high")
        first, second = json.loads(out)
        self.assertEqual(list(first)[:3], ["text", "tokens", "finish_reason"])
        self.assertEqual(second["text"], ", the king's daughter")
        self.assertEqual((second["finish_reason"], len(second["tokens"]), len(second["logprobs"])), ("length", 5, 5))
        self.assertEqual(second["top_logprobs"][0][0]["token"], second["tokens"][0])
        self.assertEqual(second["timings"]["prompt_tokens"], 5)

    def test_prompts_from_files_and_stop_strings(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"Once upon a time")
            file.flush()
            out, _ = run("generate", "--model", MODEL, "--prompt-file", file.name, "--stop", "g's da", "--json")
        self.assertEqual([(r["text"], r["finish_reason"]) for r in json.loads(out)], [(", the kin", "stop")])
        out, _ = run("generate", "--model", MODEL, "--prompt-file", "-", "--max-tokens", "3", "--echo", input=b"Once upon a time")
        self.assertTrue(out.startswith("Once upon a time, the"), out)

    def test_a_seed_fixes_sampling(self):
        flags = ("generate", "--model", MODEL, "-p", "Once", "--temperature", "1", "--top-k", "50", "--max-tokens", "12", "--seed")
        self.assertEqual(run(*flags, "3")[0], run(*flags, "3")[0])
        self.assertNotEqual(run(*flags, "3")[0], run(*flags, "4")[0])

    def test_ctrl_c_ends_with_130(self):
        process = subprocess.Popen([MLXC, "generate", "--model", MODEL, "-p", "Once", "--ignore-eos", "--max-tokens", "-1", "--temperature", "1"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)


class FinetuneTest(unittest.TestCase):
    def test_an_adapter_is_trained_served_and_merged(self):
        text = "The heron keeps the lantern, and the lantern keeps the river. " * 12
        with tempfile.TemporaryDirectory() as folder:
            adapter, merged, log = folder + "/adapter", folder + "/merged", folder + "/log.jsonl"
            out, err = run("finetune", "-m", MODEL, "--data", "-", "-o", adapter, "--length", "24", "--steps", "12", "--rank", "4", "--rate", "5e-3",
                           "--targets", "q_proj,v_proj,down_proj", "--log", log, "--precision", "high", "--json", input=text.encode())
            result = json.loads(out)
            self.assertEqual(result["steps"], 12)
            self.assertLess(result["last_loss"], 0.7 * result["first_loss"])
            self.assertRegex(err, r"step 12/12  loss \d")
            self.assertEqual(len(pathlib.Path(log).read_text().splitlines()) >= 12, True)
            config = json.loads(pathlib.Path(adapter, "adapter_config.json").read_text())
            self.assertEqual((config["peft_type"], config["r"], config["target_modules"]), ("LORA", 4, ["q_proj", "v_proj", "down_proj"]))

            say = ["--prompt", "The heron keeps", "--max-tokens", "6", "--precision", "high", "-q"]
            before, _ = run("generate", "-m", MODEL, *say)
            beside, _ = run("generate", "-m", MODEL, "--adapter", adapter, *say)
            run("merge", "-m", MODEL, "--adapter", adapter, "-o", merged)
            inside, _ = run("generate", "-m", merged, *say)
            self.assertNotEqual(before, beside)
            self.assertEqual(beside, inside)

    def test_a_folder_that_cannot_be_made_is_told_before_training(self):
        with tempfile.TemporaryDirectory() as folder:
            file, log = pathlib.Path(folder, "file"), pathlib.Path(folder, "log")
            file.write_text("no folder")
            for output in (file, file / "adapter"):
                _, err = run("finetune", "-m", MODEL, "--data", "-", "-o", str(output), "--length", "4", "--steps", "2", "--log", str(log),
                             input=b"The heron keeps the lantern. " * 8, code=1)
                self.assertIn(str(output), err)
                self.assertNotIn("step 1/", err)
            self.assertFalse(log.exists())

    def test_says_what_is_missing(self):
        run("finetune", "-m", MODEL, code=2)
        run("merge", "-m", MODEL, code=2)
        self.assertRegex(run("finetune", "-m", MODEL, "--data", "-", "-o", "/nowhere/a", input=b"short", code=1)[1], r"tokens.*--length")
        self.assertRegex(run("generate", "-m", MODEL, "--adapter", "/nowhere", "-p", "x", code=1)[1], r"adapter_config.json")


class OtherCommandsTest(unittest.TestCase):
    TEXTS = ["Once upon a time", "", "naïve café 日本 🦊\n\ttabs", "<|endoftext|>", 'quotes " and \\ backslashes']

    def test_tokens_and_back_as_json_lines(self):
        lines = "".join(json.dumps(text) + "\n" for text in self.TEXTS).encode()
        out, _ = run("tokenize", "--model", MODEL, "--jsonl", input=lines)
        ids = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(ids[0], [49, 1705, 620, 261, 554])
        self.assertEqual(ids[1], [])
        self.assertEqual(len(ids[3]), 1)
        back, _ = run("detokenize", "--model", MODEL, "--jsonl", input=out.encode())
        self.assertEqual([json.loads(line) for line in back.splitlines()], self.TEXTS)

    def test_a_folder_with_only_a_tokenizer(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(os.path.join(MODEL, "tokenizer.json"), os.path.join(folder, "tokenizer.json"))
            out, _ = run("tokenize", "--model", folder, "Once upon a time")
            self.assertEqual(out, "49,1705,620,261,554\n")
            self.assertEqual(run("detokenize", "--model", folder, "49,1705,620,261,554")[0], "Once upon a time\n")

    def test_logits_are_a_npy_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "logits.npy")
            run("logits", "--model", MODEL, "--tokens", "1,2,3", "--output", path)
            data = pathlib.Path(path).read_bytes()
        self.assertEqual(data[:8], b"\x93NUMPY\x01\x00")
        length = struct.unpack("<H", data[8:10])[0]
        self.assertEqual((10 + length) % 64, 0)
        header = eval(data[10:10 + length], {})
        self.assertEqual(header, {"descr": "<f4", "fortran_order": False, "shape": (3, 4096)})
        self.assertEqual(len(data), 10 + length + 3 * 4096 * 4)

    def test_scores(self):
        out, _ = run("score", "--model", MODEL, "--prompt", "Once upon a", "--label", " time", "--label", " banana", "--json")
        (result,) = json.loads(out)
        self.assertEqual(result["best"], " time")
        self.assertGreater(result["scores"][0], result["scores"][1])
        self.assertIn("* ", run("score", "--model", MODEL, "--prompt", "Once upon a", "--label", " time")[0])

    def test_embeddings_are_json_lines(self):
        lines = "".join(json.dumps(text) + "\n" for text in ["A fox.", "A crow."]).encode()
        out, _ = run("embed", "--model", MODEL, "--jsonl", "--normalize", "--pooling", "mean", input=lines)
        vectors = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([len(vector) for vector in vectors], [256, 256])
        for vector in vectors:
            self.assertAlmostEqual(sum(x * x for x in vector), 1, places=4)

    def test_bench_reports_what_it_was_asked_for(self):
        out, _ = run("bench", "--model", MODEL, "-p", "16", "-n", "4", "-b", "1,3", "-d", "8", "-r", "2", "--json")
        results = json.loads(out)["results"]
        self.assertEqual([(r["what"], r["tokens"], r["batch"], r["depth"]) for r in results],
                         [("prompt", 16, 1, 0), ("generate", 4, 1, 8), ("generate", 4, 3, 8)])
        self.assertTrue(all(r["tokens_per_second"] > 0 for r in results))

    def test_inspect_devices_version(self):
        info = json.loads(run("inspect", "--model", MODEL, "--json")[0])
        self.assertEqual((info["family"], info["vocabulary"], info["layers"]), ("qwen3", 4096, 8))
        self.assertRegex(run("inspect", MODEL)[0], r"architecture +Qwen3ForCausalLM")
        devices = json.loads(run("devices", "--json")[0])
        self.assertEqual((devices[0]["name"], devices[0]["available"]), ("cpu", True))
        self.assertTrue(all(device["available"] or device["reason"] for device in devices))
        self.assertIn(json.loads(run("version", "--json")[0])["version"], run("--version")[0])


class DevicesTest(unittest.TestCase):
    def test_inspect_says_what_fits_where(self):
        info = json.loads(run("inspect", "--model", MODEL, "--json")[0])
        memory = info["memory"]
        self.assertEqual(memory["weights"], info["weight_bytes"])
        self.assertEqual(memory["cache_at_context"], memory["cache_per_token"] * info["context"])
        self.assertEqual(memory["needed"], memory["weights"] + memory["cache_at_context"])
        self.assertTrue(info["fits"]["cpu"]["fits"])

    def test_a_machine_without_vulkan_has_the_cpu_and_a_reason(self):
        nothing = {"MLXC_VULKAN_LOADER": "/nonexistent/libvulkan.so.1"}
        devices = json.loads(run("devices", "--json", environment=nothing)[0])
        self.assertEqual([(device["name"], device["available"]) for device in devices], [("cpu", True), ("vulkan:0", False)])
        self.assertIn("loader", devices[1]["reason"])
        self.assertIn("loader", run("inspect", "--model", MODEL, "--device", "vulkan:0", environment=nothing, code=1)[1])
        run("inspect", "--model", MODEL, "--device", "auto", environment=nothing)

    def test_devices_that_are_not_there_are_named(self):
        for name in ("vulkan:99", "vulkan:", "vulkan:0x", "gpu", "vulkan:99999999999999999999"):
            self.assertIn(name, run("inspect", "--model", MODEL, "--device", name, code=1)[1])

    def test_the_environment_names_the_device_of_those_who_name_none(self):
        generate = ("generate", "--model", MODEL, "--prompt", "Once", "-n", "1", "-q")
        run(*generate, environment={"MLXC_DEVICE": "cpu"})
        self.assertIn("vulkan:77", run(*generate, environment={"MLXC_DEVICE": "vulkan:77"}, code=1)[1])
        run(*generate, "--device", "cpu", environment={"MLXC_DEVICE": "vulkan:77"})

    def test_a_model_runs_where_it_is_told_to(self):
        usable = [device["name"] for device in json.loads(run("devices", "--json")[0]) if device["available"]]
        texts = {run("generate", "--model", MODEL, "--prompt", "Once upon a time", "-n", "8", "-q", "--precision", "high", "--device", name)[0]
                 for name in usable}
        self.assertEqual(len(texts), 1, texts)


class TuningTest(unittest.TestCase):
    def test_a_trace_holds_every_launch_of_a_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "trace.json")
            run("bench", "--model", MODEL, "-p", "16", "-n", "2", "-r", "1", "--trace", path)
            with open(path) as file:
                events = json.load(file)["traceEvents"]
        launches = [event for event in events if event["ph"] == "X"]
        self.assertIn("paged_attention", {event["name"] for event in launches})
        self.assertTrue(all(event["dur"] >= 0 and event["args"]["device"] for event in launches))

    def test_calibrate_writes_figures_of_the_cpu(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "placement.json")
            run("calibrate", "-o", path)
            with open(path) as file:
                devices = json.load(file)["devices"]
        self.assertEqual(devices[0]["name"], "cpu")
        self.assertGreater(devices[0]["flops_per_second"], devices[0]["launch_seconds"])


class MessagesTest(unittest.TestCase):
    def test_wrong_usage_ends_with_2_and_a_hint(self):
        for arguments, hint in [(["genrate"], "did you mean generate?"), (["generate", "--promt", "x"], "did you mean --prompt?"),
                                (["generate", "--model", MODEL], "--prompt"), (["generate", "--prompt", "x"], "--model"),
                                (["generate", "--max-tokens"], "needs a value"), (["generate", "--max-tokens", "many"], "integer"),
                                (["generate", "--json=yes"], "takes no value"), (["generate", "stray"], "unexpected"),
                                (["generate", "--precision", "low"], "high or native"), (["logits", "--tokens", "1,x"], "integer"),
                                (["generate", "--model", MODEL, "--prompt-tokens", "1,,2"], "commas"),
                                (["generate", "--model", MODEL, "--prompt-tokens", "1,2,"], "commas"), ([], "Usage")]:
            self.assertIn(hint, run(*arguments, code=2)[1])

    def test_failures_end_with_1_and_a_sentence(self):
        for arguments, hint in [(["generate", "--model", "/no/such/folder", "--prompt", "x"], "/no/such/folder"),
                                (["generate", "--model", MODEL, "--prompt-tokens", "4096"], "vocabulary"),
                                (["generate", "--model", MODEL, "--prompt", "x", "--temperature", "-3"], "temperature"),
                                (["inspect", "--model", MODEL, "--device", "vulkan:99"], "vulkan:99"),
                                (["inspect", "--model", MODEL, "--device", "abacus"], "abacus"),
                                (["logits", "--model", MODEL, "--tokens", "1", "--output", "/no/such/folder/x.npy"], "cannot write")]:
            self.assertIn(hint, run(*arguments, code=1)[1])
        self.assertIn("line 2", run("tokenize", "--model", MODEL, "--jsonl", input=b'"a"\nb\n', code=1)[1])

    def test_help_everywhere(self):
        self.assertIn("generate", run("help")[0])
        for command in ("generate", "tokenize", "detokenize", "logits", "score", "embed", "bench", "inspect", "devices", "calibrate", "version"):
            out, _ = run(command, "--help")
            self.assertIn(f"Usage: mlxc {command}", out)
            self.assertEqual(run("help", command)[0], out)


if __name__ == "__main__":
    unittest.main()
