#!/usr/bin/env python3
"""Writes tests/text/golden/parts.json: what tokenizers 0.23 makes of one set of texts with every kind of part and its options.

usage: make_tokenizer_parts.py charsmap_tokenizer.json OUTPUT     (tests/text/golden/unigram.tokenizer.json holds a charsmap)

Format: {"texts": [...], "charsmap": "...", "cases": [{"normalizer"/"pre_tokenizer"/..., "model", "added_tokens", "special",
"parse", "ids": [...], "offsets": [...], "decoded": [...], "skipped": [...]}]}. "model" names one of "models". "CHARSMAP" stands for
the charsmap. Lists hold one entry a text; equal neighbours are not repeated, the ids of model "bytes" are written as text.
"""
import json
import random
import sys

from tokenizers import Tokenizer

random.seed(5)

TEXTS = [
    "", " ", "  ", "a", "Hello, world!", "  leading and trailing  ", "tabs\tand\nlines\r\n\r\n end\n", "don't I'LL we're 'S o'clock",
    "a.b,c;d (e) [f] {g} «h» “i” - — _ __ $1 +2 <3 =4 ^5 `6 |7 ~8", "1 12 123 1234567 3.14 ½ ² Ⅷ ٣٤ 十二", "ÀÉÎ naïve café e\u0301 o\u0308 \u212b \u1e9b\u0323",
    "ß ẞ ſ ﬁ ﬃ İ I ı Σ ς σ ΑΣ ΐ ŉ Ǆ ǅ ǆ Ａｂ１", "中文字 日本語カナひらがなー 한국어 \u1112\u1161\u11ab 가각", "Привет мир مرحبا بالعالم שלום हिन्दी ไทย ქართული",
    "🎉👨‍👩‍👧🇩🇪👍🏽 e\u20dd \U0001f9ee", "\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u0085\u180e\u200b\ufeff end", "\x00\x01\x07\x1b\x7f\x80\x9f\xad\ufffd x",
    "▁under▁▁score Ġx </s> <s> [MASK] <tok>", "x_y A1b2 snake_case camelCase 2nd", "the the  the   the    the", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\U00010400\U0001e900\u10a0\u13a0 \U0002f804\uf900 \ufb1d", "q\u0323\u0307 q\u0307\u0323 \u0344 \u0f71\u0f72 \u0958 \u2adc", "hello <tok> hello<tok>hello [MASK][MASK] ab",
]
for _ in range(8):
    TEXTS.append("".join(chr(random.choice([random.randint(1, 0x7F), random.randint(0x80, 0x24F), random.randint(0x300, 0x36F), random.randint(0x370, 0x2FFF),
                                            random.randint(0x3000, 0xD7FF), random.randint(0xE000, 0xFFFF), random.randint(0x10000, 0x1FFFF)]))
                         for _ in range(16)))

BYTES = {"<0x%02X>" % i: i for i in range(256)}
PIECES = [["<unk>", 0.0], ["a", -1.0], ["b", -2.0], ["ab", -2.5], ["▁", -1.5], ["▁a", -1.7], ["hello", -4.0], ["he", -2.2], ["l", -1.0], ["o", -1.1],
          ["▁the", -3.0], ["the", -3.1], [" ", -2.0], ["é", -4.0], ["中", -3.0], ["1", -2.0], [".", -1.0], ["aa", -2.0], ["aaaa", -3.5]]
WORDS = {w: i for i, w in enumerate("[UNK] a b ##a ##b hello ##lo he ##l ##. . 中 ##文 1 ##2 the ##e e h , ! ##! x".split())}


def merge_model(**options):
    prefix, suffix = options.get("continuing_subword_prefix") or "", options.get("end_of_word_suffix") or ""
    vocab = {"<unk>": 0}
    for char in "abcdehlortw .▁123é中'ſ\n":
        for piece in {char, prefix + char, char + suffix, prefix + char + suffix}:
            vocab.setdefault(piece, len(vocab))
    vocab = {piece: i for i, piece in enumerate(sorted(vocab))}
    rng, merges = random.Random(9), []
    while len(merges) < 60:
        a, b = rng.choice(list(vocab)), rng.choice(list(vocab))
        if "<unk>" in (a, b) or len(a) > 8 or len(b) > 8 or (prefix and not b.startswith(prefix)) or (suffix and a.endswith(suffix)):
            continue
        if [a, b] not in merges:
            merges.append([a, b])
            vocab.setdefault(a + b[len(prefix):], len(vocab))
    model = dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False,
                 byte_fallback=False, ignore_merges=False, vocab=vocab, merges=merges)
    if options.get("byte_fallback"):
        for piece in BYTES:
            vocab.setdefault(piece, len(vocab))
    model.update(options)
    return model


MODELS = {
    # Every piece of the text shows in its ids: its bytes, then the suffix.
    "bytes": dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix="</w>", fuse_unk=False, byte_fallback=True,
                  ignore_merges=False, vocab=BYTES, merges=[]),
    "words": dict(type="WordLevel", unk_token="[UNK]", vocab=WORDS),
    "word_piece": dict(type="WordPiece", unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=8, vocab=WORDS),
    "untyped_word_piece": dict(unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=100, vocab=WORDS),
    "untyped_words": dict(unk_token="[UNK]", vocab=WORDS),
    "unigram": dict(type="Unigram", unk_id=0, vocab=PIECES, byte_fallback=False),
    "untyped_unigram": dict(unk_id=0, vocab=PIECES),
    "unigram_bytes": dict(type="Unigram", unk_id=0, vocab=PIECES + [[piece, -20.0] for piece in BYTES], byte_fallback=True),
    "merges": merge_model(),
    "merges_fused": merge_model(fuse_unk=True),
    "merges_whole": merge_model(ignore_merges=True, fuse_unk=True),
    "merges_bytes": merge_model(byte_fallback=True),
    "merges_suffix": merge_model(end_of_word_suffix="</w>"),
    "merges_prefix": merge_model(continuing_subword_prefix="##"),
    "merges_no_unk": merge_model(unk_token=None),
}
legacy = merge_model()
legacy.pop("type")
keep = [pair for pair in legacy["merges"] if " " not in pair[0] + pair[1]]
legacy["merges"] = ["#version: 0.2"] + [" ".join(pair) for pair in keep]
MODELS["untyped_merges"] = legacy

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = LLAMA3.replace("{1,3}", "")
QWEN_MARKS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = [GPT2, LLAMA3, QWEN, QWEN_MARKS, O200K, DEEPSEEK, r"\s+", r"\w+", r"\W", r"[\w]+", r"\d{1,3}", r"\b\w", r"\B", r"(?<=a)b|(?<!a)a", r"^.", r".$", r".+",
            r"(?m:.)+", r"[[:alpha:]]+", r"[[:punct:]]+", r"\p{Punct}", r"[[:upper:]][[:lower:]]+", r"[[:word:]]+", r"[[:^space:]]+", r"\p{Han}|[\p{Hiragana}\p{Katakana}]+",
            r"[a-z&&[^aeiou]]+", r"[a-c[x-z]]+", r"\p{^L}+", r"\P{Lu}+", r"[^\s\P{L}]+", r"\h+", r"x{,2}y", r"l{2}?", r"(?:a|b)++", r"(?i)STRASSE|É|σ", r"a(?i)B|C",
            r"(?<n>.)\k<n>", r"(.)\1", r"\x{4E00}-\x{9FFF}|[\x{4E00}-\x{9FFF}]", r"\u4e2d|\x41", r"[]a]", r"[-_.]|[\-a]", r"\R", r"\p{Cn}|\p{Co}|\p{Cf}", r"\p{So}|\p{Sc}|\p{Sm}",
            r" {2,}|\t", r"(?x) a b # comment", r"\A.|.\z"]


def cases():
    out = []

    def case(model, **parts):
        out.append(dict(parts, model=model))

    flags = [False, True]
    for clean in flags:
        for chinese in flags:
            for accents in [None, False, True]:
                for lower in flags:
                    case("bytes", normalizer=dict(type="BertNormalizer", clean_text=clean, handle_chinese_chars=chinese, strip_accents=accents, lowercase=lower))
    for left in flags:
        for right in flags:
            case("bytes", normalizer=dict(type="Strip", strip_left=left, strip_right=right))
    for kind in "StripAccents NFC NFD NFKC NFKD Lowercase Nmt ByteLevel".split():
        case("bytes", normalizer=dict(type=kind))
        case("words", normalizer=dict(type=kind), pre_tokenizer=dict(type="Digits", individual_digits=True))
    case("bytes", normalizer=dict(type="Precompiled", precompiled_charsmap="CHARSMAP"))
    case("words", normalizer=dict(type="Precompiled", precompiled_charsmap="CHARSMAP"), pre_tokenizer=dict(type="WhitespaceSplit"))
    case("bytes", normalizer=dict(type="Prepend", prepend="▁"))
    case("bytes", normalizer=dict(prepend="ab"))
    case("bytes", normalizer=dict(strip_left=True, strip_right=True))
    for pattern in [dict(String=" "), dict(String="aa"), dict(Regex=r"\s+"), dict(Regex="[[:punct:]]"), dict(Regex="(?i)l")]:
        for content in ["", "▁", "xyz"]:
            case("bytes", normalizer=dict(type="Replace", pattern=pattern, content=content))
    case("words", normalizer=dict(type="Sequence", normalizers=[dict(type="NFD"), dict(type="StripAccents"), dict(type="Lowercase"), dict(type="Prepend", prepend=" "),
                                                               dict(type="Replace", pattern=dict(String="e"), content="éé")]), pre_tokenizer=dict(type="Whitespace"))
    for kind in "BertPreTokenizer Whitespace WhitespaceSplit UnicodeScripts".split():
        case("bytes", pre_tokenizer=dict(type=kind))
        case("words", pre_tokenizer=dict(type=kind))
    for prefix in flags:
        for regex in flags:
            case("bytes", pre_tokenizer=dict(type="ByteLevel", add_prefix_space=prefix, trim_offsets=True, use_regex=regex))
            case("words", pre_tokenizer=dict(type="ByteLevel", add_prefix_space=prefix, trim_offsets=True, use_regex=regex),
                 post_processor=dict(type="ByteLevel", add_prefix_space=prefix, trim_offsets=True, use_regex=regex))
    for delimiter in [" ", "a", "中"]:
        case("bytes", pre_tokenizer=dict(type="CharDelimiterSplit", delimiter=delimiter))
    for scheme in ["always", "first", "never"]:
        for split in flags:
            case("bytes", pre_tokenizer=dict(type="Metaspace", replacement="▁", prepend_scheme=scheme, split=split))
            case("words", normalizer=dict(type="Strip", strip_left=True, strip_right=False), added_tokens=True,
                 pre_tokenizer=dict(type="Metaspace", replacement="_", prepend_scheme=scheme, split=split))
    case("bytes", pre_tokenizer=dict(type="Metaspace", replacement="▁", add_prefix_space=True))
    for behavior in "Removed Isolated MergedWithPrevious MergedWithNext Contiguous".split():
        case("bytes", pre_tokenizer=dict(type="Punctuation", behavior=behavior))
        for invert in flags:
            case("bytes", pre_tokenizer=dict(type="Split", pattern=dict(Regex=r"\s+|\p{N}"), behavior=behavior, invert=invert))
            case("words", pre_tokenizer=dict(type="Split", pattern=dict(String="a"), behavior=behavior, invert=invert))
    for pattern in PATTERNS:
        case("bytes", pre_tokenizer=dict(type="Split", pattern=dict(Regex=pattern), behavior="Isolated", invert=False))
    for digits in flags:
        case("bytes", pre_tokenizer=dict(type="Digits", individual_digits=digits))
    for length in [1, 5]:
        case("bytes", pre_tokenizer=dict(type="FixedLength", length=length))
    case("bytes", pre_tokenizer=dict(type="Sequence", pretokenizers=[dict(type="Whitespace"), dict(type="Punctuation"), dict(type="Digits", individual_digits=False),
                                                                    dict(type="ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=False)]))
    decoders = [None, dict(type="ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True), dict(type="Fuse"), dict(type="ByteFallback"),
                dict(type="BPEDecoder", suffix="</w>"), dict(suffix="a"), dict(type="WordPiece", prefix="##", cleanup=True), dict(prefix="##", cleanup=False),
                dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True), dict(type="Metaspace", replacement="▁", prepend_scheme="never", split=True),
                dict(type="CTC", pad_token="a", word_delimiter_token="▁", cleanup=True), dict(type="CTC", pad_token="<pad>", word_delimiter_token="|", cleanup=False),
                dict(type="Replace", pattern=dict(Regex="a|▁"), content=" "), dict(type="Strip", content="▁", start=1, stop=0),
                dict(type="Sequence", decoders=[dict(type="Replace", pattern=dict(String="▁"), content=" "), dict(type="ByteFallback"), dict(type="Fuse"),
                                                dict(type="Strip", content=" ", start=1, stop=0)]),
                dict(type="Sequence", decoders=[dict(type="ByteFallback"), dict(type="Metaspace", replacement="▁", prepend_scheme="first", split=False)]),
                dict(type="Sequence", decoders=[dict(type="ByteFallback"), dict(type="Fuse"), dict(type="Replace", pattern=dict(Regex="l+|  "), content="-")])]
    meta = dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True)
    for decoder in decoders:
        case("unigram_bytes", pre_tokenizer=meta, decoder=decoder, added_tokens=True)
        case("merges_bytes", pre_tokenizer=meta, decoder=decoder)
        case("word_piece", pre_tokenizer=dict(type="BertPreTokenizer"), decoder=decoder, added_tokens=True)
    for model in MODELS:
        case(model)
        case(model, pre_tokenizer=dict(type="WhitespaceSplit"), decoder=dict(type="Fuse"))
    template = dict(type="TemplateProcessing", single=[dict(SpecialToken=dict(id="X", type_id=0)), dict(Sequence=dict(id="A", type_id=0)), dict(SpecialToken=dict(id="Y", type_id=0))],
                    pair=[dict(Sequence=dict(id="A", type_id=0)), dict(SpecialToken=dict(id="X", type_id=0)), dict(Sequence=dict(id="B", type_id=1))],
                    special_tokens=dict(X=dict(id="X", ids=[5, 6], tokens=["x", "y"]), Y=dict(id="Y", ids=[7], tokens=["z"])))
    processors = [template, dict(type="BertProcessing", sep=["[SEP]", 7], cls=["[CLS]", 8]),
                  dict(type="RobertaProcessing", sep=["</s>", 7], cls=["<s>", 8], trim_offsets=True, add_prefix_space=True),
                  dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True),
                  dict(type="Sequence", processors=[dict(type="ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True), template])]
    for processor in processors:
        for special in flags:
            case("unigram", post_processor=processor, special=special, pre_tokenizer=meta)
    for parse in flags:
        for normalizer in [None, dict(type="Lowercase"), dict(type="Prepend", prepend="▁")]:
            case("unigram", normalizer=normalizer, added_tokens=True, parse=parse, decoder=dict(type="Fuse"))
            case("words", normalizer=normalizer, added_tokens=True, parse=parse, pre_tokenizer=dict(type="Whitespace"))
    return out


def added_tokens():
    def token(content, **fields):
        return dict(dict(id=999, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=False), **fields)
    return [token("<s>", special=True), token("</s>", special=True, rstrip=True), token("[MASK]", special=True, lstrip=True), token("<tok>", single_word=True),
            token("hello", normalized=True), token("the", normalized=True, single_word=True, lstrip=True), token(" o", normalized=True), token("ab", special=True, normalized=True),
            token("A1b", normalized=True, special=True)]


def shorten(values):
    """Values equal to the one before are null."""
    return [None if i > 0 and value == values[i - 1] else value for i, value in enumerate(values)]


def main():
    def find(part):
        if part.get("type") == "Precompiled":
            return part["precompiled_charsmap"]
        return next(filter(None, map(find, part.get("normalizers", []))), None)

    charsmap = find(json.load(open(sys.argv[1]))["normalizer"])
    results = []
    for case in cases():
        spec = dict(version="1.0", truncation=None, padding=None, added_tokens=added_tokens() if case.get("added_tokens") else [])
        for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
            spec[part] = case.get(part)
        spec["model"] = MODELS[case["model"]]
        peer = Tokenizer.from_str(json.dumps(spec).replace("CHARSMAP", charsmap))
        peer.encode_special_tokens = not case.get("parse", True)
        encodings = [peer.encode(text, add_special_tokens=case.get("special", True)) for text in TEXTS]
        result = dict(case)
        if case["model"] == "bytes":  # ids are bytes
            result["ids"] = [bytes(e.ids).decode("utf-8").replace("</w>", "\u241f") for e in encodings]
            assert not any("\u241f" in text for text in TEXTS)
        else:
            result["ids"] = [e.ids for e in encodings]
            if case["model"] not in ("merges_suffix", "merges_prefix"):
                result["offsets"] = [[x for pair in e.offsets for x in pair] for e in encodings]
            result["decoded"] = shorten([peer.decode(e.ids, skip_special_tokens=False) for e in encodings])
            if case.get("added_tokens"):
                result["skipped"] = shorten([peer.decode(e.ids, skip_special_tokens=True) for e in encodings])
        results.append(result)
    with open(sys.argv[2], "w") as file:
        head = json.dumps(dict(texts=TEXTS, added_tokens=added_tokens(), models=MODELS))
        file.write(head[:-1] + ',\n"cases":[\n' + ",\n".join(json.dumps(r, separators=(",", ":"), ensure_ascii=False) for r in results) + "\n]}\n")
    print(len(results), "cases,", len(TEXTS), "texts")


main()
