#!/usr/bin/env python3
"""Writes src/text/unicode_tables.cpp by asking the PyPI package `tokenizers` how it classifies every code point.

Its parts carry different Unicode versions (patterns 16, punctuation 8, normal forms 9), so the tables come from its answers
and not from one version of the Unicode database.   usage: make_unicode_tables.py OUTPUT   (needs tokenizers 0.23, Python 3.11+)
"""
import sys
import unicodedata
from tokenizers import Regex, normalizers, pre_tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
ALL = "".join(map(chr, POINTS))


def runs(values):
    """[(first, last, value)] of consecutive code points; surrogates continue their neighbour."""
    out = []
    for point, value in zip(POINTS, values):
        if out and out[-1][2] == value:
            out[-1][1] = point
        else:
            out.append([point, point, value])
    return out


def ranges(flags):
    return [(a, b) for a, b, value in runs(flags) if value]


def regex_flags(pattern):
    flags = [False] * 0x110000
    for piece, _ in pre_tokenizers.Split(Regex(pattern), "removed", invert=True).pre_tokenize_str(ALL):
        for char in piece:
            flags[ord(char)] = True
    return [flags[c] for c in POINTS]


def removed_by(pre_tokenizer):
    kept = set("".join(piece for piece, _ in pre_tokenizer.pre_tokenize_str(ALL)))
    return [chr(c) not in kept for c in POINTS]


def isolated_by(pre_tokenizer):
    """True where the character stands alone between two letters."""
    return [len(pre_tokenizer.pre_tokenize_str("a" + chr(c) + "a")) == 3 for c in POINTS]


def erased_by(normalizer):
    return [normalizer.normalize_str(chr(c)) == "" for c in POINTS]


CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn".split()


def categories():
    values = ["Cn"] * 0x110000
    for name in CATEGORIES[:-1]:
        for point, flag in zip(POINTS, regex_flags(r"\p{%s}" % name)):
            if flag:
                values[point] = name
    return [values[c] for c in POINTS]


def scripts():
    split = pre_tokenizers.UnicodeScripts()
    classes, out = [], []
    first = {piece[0] for piece, _ in split.pre_tokenize_str(ALL)}

    def joined(a, b):
        return len(split.pre_tokenize_str(a + b)) == 1

    def classify(char):
        if joined("a", char) and joined("\u0431", char):
            return 0  # "Any": joins with every script
        for number, example in enumerate(classes):
            if joined(example, char):
                return number + 1
        classes.append(char)
        return len(classes)

    # A run may hide characters of script Any, so each character is compared with its predecessor's class first.
    previous = None
    for point in POINTS:
        char = chr(point)
        if previous is not None and char not in first and previous[1] and joined(previous[0], char) and not (
                joined("a", char) and joined("\u0431", char)):
            value = previous[1]
        else:
            value = classify(char)
        out.append(value)
        previous = (char, value)
    return out


def lower_runs():
    lower = normalizers.Lowercase()
    out = []
    for point in POINTS:
        text = lower.normalize_str(chr(point))
        if text == chr(point):
            continue
        assert len(text) == 1 or point == 0x130, hex(point)  # U+0130 is the only one with two characters
        if len(text) > 1:
            continue
        delta = ord(text) - point
        if out and out[-1][3] == delta and point - out[-1][1] in ((1, 2) if out[-1][0] == out[-1][1] else (out[-1][2],)):
            out[-1][2] = point - out[-1][1]
            out[-1][1] = point
        else:
            out.append([point, point, 1, delta])
    return out


def normalizable():
    """Code points that take part in normalization: decompositions, or a combining class that reorders."""
    nfkd, nfd = normalizers.NFKD(), normalizers.NFD()
    flags = []
    for point in POINTS:
        char = chr(point)
        flags.append(nfkd.normalize_str(char) != char or nfd.normalize_str("\u0345" + char) != "\u0345" + char or point == 0x345)
    return flags


def decomposition_exceptions():
    """Code points whose full decomposition differs from Unicode 14 (what utf8proc 2.8 holds)."""
    nfkd, nfd = normalizers.NFKD(), normalizers.NFD()
    return [c for c, flag in zip(POINTS, normalizable()) if flag and (
        nfkd.normalize_str(chr(c)) != unicodedata.normalize("NFKD", chr(c))
        or nfd.normalize_str(chr(c)) != unicodedata.normalize("NFD", chr(c)))]


def quick_check():
    """Characters that may change, or be changed by a neighbour, under NFC."""
    nfc, nfd = normalizers.NFC(), normalizers.NFD()
    flags = dict(zip(POINTS, [False] * len(POINTS)))
    for point in POINTS:
        char = chr(point)
        if nfc.normalize_str(char) != char or nfd.normalize_str("\u0345" + char) != "\u0345" + char or point == 0x345:
            flags[point] = True
        decomposed = nfd.normalize_str(char)
        if len(decomposed) > 1 and not 0xAC00 <= point <= 0xD7A3:
            for part in decomposed[1:]:
                flags[ord(part)] = True
    for point in list(range(0x1161, 0x1176)) + list(range(0x11A7, 0x11C3)):
        flags[point] = True
    return [flags[c] for c in POINTS]


def emit_ranges(out, name, comment, rows):
    out.append(f"// {comment}")
    out.append(f"const Range k{name}Ranges[] = {{")
    emit_rows(out, ["{0x%X, 0x%X}" % (a, b) for a, b in rows])
    out.append(f"}};\nconst size_t k{name}Count = {len(rows)};\n")


def emit_rows(out, items):
    line = "   "
    for item in items:
        if len(line) + len(item) > 136:
            out.append(line)
            line = "   "
        line += " " + item + ","
    out.append(line)


def main():
    out = ["// Generated by tests/golden/make_unicode_tables.py; do not edit.",
           '#include "text/unicode_tables.h"', "", "namespace mlxc::text {", ""]
    gc = categories()
    rows = runs([CATEGORIES.index(v) for v in gc])
    out.append("// General category (Unicode 16) of each run: first code point << 5 | category.")
    out.append("const uint32_t kCategoryRuns[] = {")
    emit_rows(out, ["0x%X" % (a << 5 | v) for a, _, v in rows])
    out.append(f"}};\nconst size_t kCategoryRunCount = {len(rows)};\n")
    changed = [v if v != unicodedata.category(chr(c)) else None for c, v in zip(POINTS, gc)]
    rows = [(a, b, CATEGORIES.index(v)) for a, b, v in runs(changed) if v]
    out.append("// Code points whose category differs from Unicode 14 (the version of PCRE2 10.42): first, last, category.")
    out.append("const CategoryRange kNewerCategories[] = {")
    emit_rows(out, ["{0x%X, 0x%X, %d}" % row for row in rows])
    out.append(f"}};\nconst size_t kNewerCategoryCount = {len(rows)};\n")
    emit_ranges(out, "PatternWord", r"\w inside a bracket of patterns (Oniguruma).", ranges(regex_flags(r"[\w]")))
    emit_ranges(out, "AlphabeticMark", "Marks that are alphabetic in patterns (Oniguruma).", ranges(regex_flags(r"[[:alpha:]&&\p{M}]")))
    emit_ranges(out, "PatternSpace", r"\s of patterns (Oniguruma).", ranges(regex_flags(r"\s")))
    emit_ranges(out, "Han", r"\p{Han} of patterns.", ranges(regex_flags(r"\p{Han}")))
    word = [len(pre_tokenizers.Whitespace().pre_tokenize_str("a" + chr(c))) == 1
            and pre_tokenizers.Whitespace().pre_tokenize_str("a" + chr(c))[0][0] != "a" for c in POINTS]
    emit_ranges(out, "Word", r"\w of the Whitespace pre-tokenizer and of single_word added tokens.", ranges(word))
    emit_ranges(out, "Space", "White space of WhitespaceSplit, Bert, Strip.", ranges(removed_by(pre_tokenizers.WhitespaceSplit())))
    emit_ranges(out, "Numeric", "Numeric characters of Digits.", ranges(isolated_by(pre_tokenizers.Digits(individual_digits=True))))
    emit_ranges(out, "Punctuation", "Punctuation of Punctuation and BertPreTokenizer.",
                ranges(isolated_by(pre_tokenizers.Punctuation("isolated"))))
    emit_ranges(out, "BertControl", "Erased by BertNormalizer's clean_text.", ranges(erased_by(
        normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False))))
    emit_ranges(out, "BertAccent", "Erased by BertNormalizer's strip_accents.", ranges(erased_by(
        normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False))))
    emit_ranges(out, "Accent", "Erased by StripAccents.", ranges(erased_by(normalizers.StripAccents())))
    emit_ranges(out, "Normalizable", "Take part in normalization (Unicode 9): a decomposition or a combining class.",
                ranges(normalizable()))
    emit_ranges(out, "NfcMaybe", "May change, or be changed by a neighbour, under NFC.", ranges(quick_check()))
    exceptions = decomposition_exceptions()
    print("decompositions that differ from utf8proc:", [hex(c) for c in exceptions], file=sys.stderr)
    rows = [(a, v) for a, _, v in runs(scripts())]
    out.append("// Script class of each run for UnicodeScripts (0 joins with every script): first << 8 | class.")
    out.append("const uint32_t kScriptRuns[] = {")
    emit_rows(out, ["0x%X" % (a << 8 | v) for a, v in rows])
    out.append(f"}};\nconst size_t kScriptRunCount = {len(rows)};\n")
    rows = lower_runs()
    out.append("// Lower case: first, last, stride, difference.")
    out.append("const CaseRun kLowerRuns[] = {")
    emit_rows(out, ["{0x%X, 0x%X, %d, %d}" % tuple(row) for row in rows])
    out.append(f"}};\nconst size_t kLowerRunCount = {len(rows)};\n")
    out.append("}  // namespace mlxc::text")
    with open(sys.argv[1], "w") as file:
        file.write("\n".join(out) + "\n")


main()
