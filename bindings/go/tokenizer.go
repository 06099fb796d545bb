package mlxc

// #include "shim.h"
import "C"

import (
	"sync"
	"unsafe"
)

// Tokenizer turns text into token ids and back. Any number of goroutines may use it at once.
type Tokenizer struct {
	handle
	native *C.mlxc_tokenizer
}

func newTokenizer(native *C.mlxc_tokenizer) *Tokenizer {
	t := &Tokenizer{native: native}
	t.hold(unsafe.Pointer(native), func(p unsafe.Pointer) { C.mlxc_tokenizer_free((*C.mlxc_tokenizer)(p)) })
	t.watch = newWatch(t, "Tokenizer")
	return t
}

// LoadTokenizer reads a tokenizer.json: path names the file or a folder that holds it.
func LoadTokenizer(path string) (*Tokenizer, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	text, err := newCString("LoadTokenizer", path)
	if err != nil {
		return nil, err
	}
	defer text.free()
	var native *C.mlxc_tokenizer
	e := newNativeError()
	if status := C.mlxc_tokenizer_load(&native, text.data, &e); status != C.MLXC_OK {
		return nil, failure("LoadTokenizer", status, &e)
	}
	return newTokenizer(native), nil
}

// Close frees the tokenizer; decoders and models keep what they need.
func (t *Tokenizer) Close() error {
	if t != nil {
		t.close()
	}
	return nil
}

// Size is how many tokens there are, added ones included; 0 once closed.
func (t *Tokenizer) Size() int {
	if t == nil || !t.enter() {
		return 0
	}
	defer t.leave()
	var info C.mlxc_tokenizer_info
	info.struct_size = C.uint32_t(unsafe.Sizeof(info))
	if C.mlxc_tokenizer_inspect(t.native, &info, nil) != C.MLXC_OK {
		return 0
	}
	return int(info.vocabulary)
}

// EncodeOption changes how text is encoded.
type EncodeOption func(*C.mlxc_encode_options)

// EncodePlain leaves out the special tokens that the post-processor would add.
func EncodePlain() EncodeOption {
	return func(o *C.mlxc_encode_options) { o.add_special_tokens = 0 }
}

// EncodeSpecialAsText takes special tokens written in the text for plain text: for text from users.
func EncodeSpecialAsText() EncodeOption {
	return func(o *C.mlxc_encode_options) { o.parse_special = 0 }
}

// Encode gives the ids of a text, as Hugging Face tokenizers do.
func (t *Tokenizer) Encode(text string, options ...EncodeOption) ([]int32, error) {
	if t == nil || !t.enter() {
		return nil, ErrClosed
	}
	defer t.leave()
	var settings C.mlxc_encode_options
	chosen := (*C.mlxc_encode_options)(nil)
	if len(options) > 0 {
		C.mlxc_encode_options_init(&settings, C.uint32_t(unsafe.Sizeof(settings)))
		apply(&settings, options)
		chosen = &settings
	}
	// A token has about four bytes; where that is too few the library says how many there are.
	ids := make([]int32, len(text)/3+16)
	for {
		var needed C.int64_t
		e := newNativeError()
		status := C.mlxc_tokenizer_encode(t.native, textData(text), C.size_t(len(text)), chosen,
			(*C.int32_t)(unsafe.Pointer(&ids[0])), C.int64_t(len(ids)), &needed, &e)
		if status == C.MLXC_OK {
			return ids[:needed], nil
		}
		if status != C.MLXC_BUFFER_TOO_SMALL || int(needed) <= len(ids) {
			return nil, failure("Encode", status, &e)
		}
		ids = make([]int32, needed)
	}
}

// TextRange is where a token lies in the encoded text, in bytes; both 0 for a token that the tokenizer added.
type TextRange struct{ Begin, End int }

// EncodeRanges is Encode with the place of each token in the text.
func (t *Tokenizer) EncodeRanges(text string, options ...EncodeOption) ([]int32, []TextRange, error) {
	if t == nil || !t.enter() {
		return nil, nil, ErrClosed
	}
	defer t.leave()
	var settings C.mlxc_encode_options
	C.mlxc_encode_options_init(&settings, C.uint32_t(unsafe.Sizeof(settings)))
	apply(&settings, options)
	for capacity := len(text)/3 + 16; ; {
		ids, places := make([]int32, capacity), make([]C.mlxc_text_range, capacity)
		var needed C.int64_t
		e := newNativeError()
		status := C.mlxc_tokenizer_encode_ranges(t.native, textData(text), C.size_t(len(text)), &settings, (*C.int32_t)(unsafe.Pointer(&ids[0])),
			&places[0], C.int64_t(capacity), &needed, &e)
		if status == C.MLXC_OK {
			ranges := make([]TextRange, needed)
			for i := range ranges {
				ranges[i] = TextRange{int(places[i].begin), int(places[i].end)}
			}
			return ids[:needed], ranges, nil
		}
		if status != C.MLXC_BUFFER_TOO_SMALL || int(needed) <= capacity {
			return nil, nil, failure("EncodeRanges", status, &e)
		}
		capacity = int(needed)
	}
}

// DecodeOption changes how ids are decoded.
type DecodeOption func(*C.mlxc_decode_options)

// DecodeSkipSpecial gives no text for special tokens.
func DecodeSkipSpecial() DecodeOption {
	return func(o *C.mlxc_decode_options) { o.skip_special_tokens = 1 }
}

func newDecodeOptions(options []DecodeOption) (settings C.mlxc_decode_options) {
	C.mlxc_decode_options_init(&settings, C.uint32_t(unsafe.Sizeof(settings)))
	apply(&settings, options)
	return settings
}

// Decode gives the text of ids. Ids without a token give none.
func (t *Tokenizer) Decode(ids []int32, options ...DecodeOption) (string, error) {
	if t == nil || !t.enter() {
		return "", ErrClosed
	}
	defer t.leave()
	settings := newDecodeOptions(options)
	buffer := make([]byte, 8*len(ids)+16)
	for {
		var needed C.size_t
		e := newNativeError()
		status := C.mlxc_tokenizer_decode(t.native, (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(ids))), C.int64_t(len(ids)), &settings,
			(*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(len(buffer)), &needed, &e)
		if status == C.MLXC_OK {
			return string(buffer[:max(int(needed), 1)-1]), nil
		}
		if status != C.MLXC_BUFFER_TOO_SMALL || int(needed) <= len(buffer) {
			return "", failure("Decode", status, &e)
		}
		buffer = make([]byte, needed)
	}
}

// ID is the id of a vocabulary entry, spelled as in tokenizer.json.
func (t *Tokenizer) ID(piece string) (int32, error) {
	if t == nil || !t.enter() {
		return -1, ErrClosed
	}
	defer t.leave()
	var id C.int32_t
	e := newNativeError()
	if status := C.mlxc_tokenizer_id(&id, t.native, textData(piece), C.size_t(len(piece)), &e); status != C.MLXC_OK {
		return -1, failure("ID", status, &e)
	}
	return int32(id), nil
}

// Piece is the spelling of an id in tokenizer.json, which is not its decoded text.
func (t *Tokenizer) Piece(id int32) (string, error) {
	if t == nil || !t.enter() {
		return "", ErrClosed
	}
	defer t.leave()
	return readText("Piece", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_tokenizer_piece(t.native, C.int32_t(id), buffer, capacity, needed, e)
	})
}

// SpecialTokens are the ids of all special tokens, rising.
func (t *Tokenizer) SpecialTokens() ([]int32, error) {
	if t == nil || !t.enter() {
		return nil, ErrClosed
	}
	defer t.leave()
	return readIDs("SpecialTokens", func(ids *C.int32_t, capacity C.int64_t, needed *C.int64_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_tokenizer_special_tokens(t.native, ids, capacity, needed, e)
	})
}

// readIDs asks for the length of a list of ids and then for the list.
func readIDs(op string, read func(*C.int32_t, C.int64_t, *C.int64_t, *C.mlxc_error) C.mlxc_status) ([]int32, error) {
	ids := make([]int32, 16)
	for {
		var needed C.int64_t
		e := newNativeError()
		status := read((*C.int32_t)(unsafe.Pointer(&ids[0])), C.int64_t(len(ids)), &needed, &e)
		if status == C.MLXC_OK {
			return ids[:needed], nil
		}
		if status != C.MLXC_BUFFER_TOO_SMALL || int(needed) <= len(ids) {
			return nil, failure(op, status, &e)
		}
		ids = make([]int32, needed)
	}
}

// Decoder turns a stream of ids into text, holding back the bytes of an unfinished character. It serves one goroutine at a time: a second
// one gets [ErrBusy].
type Decoder struct {
	handle
	native *C.mlxc_decoder
	busy   sync.Mutex // text is borrowed until the next call
}

func (d *Decoder) begin(op string) error {
	if d == nil || !d.enter() {
		return ErrClosed
	}
	if !d.busy.TryLock() {
		d.leave()
		return &Error{Op: op, Status: StatusBusy, Message: "another goroutine is using this decoder; give each stream its own"}
	}
	return nil
}

func (d *Decoder) end() {
	d.busy.Unlock()
	d.leave()
}

// Decoder makes a decoder for one stream.
func (t *Tokenizer) Decoder(options ...DecodeOption) (*Decoder, error) {
	if t == nil || !t.enter() {
		return nil, ErrClosed
	}
	defer t.leave()
	settings := newDecodeOptions(options)
	d := &Decoder{}
	e := newNativeError()
	if status := C.mlxc_decoder_new(&d.native, t.native, &settings, &e); status != C.MLXC_OK {
		return nil, failure("Decoder", status, &e)
	}
	d.hold(unsafe.Pointer(d.native), func(p unsafe.Pointer) { C.mlxc_decoder_free((*C.mlxc_decoder)(p)) })
	d.watch = newWatch(d, "Decoder")
	return d, nil
}

// Add takes more ids and gives the text that is certain now.
func (d *Decoder) Add(ids ...int32) (string, error) {
	if err := d.begin("Decoder.Add"); err != nil {
		return "", err
	}
	defer d.end()
	var text *C.char
	var bytes C.size_t
	e := newNativeError()
	status := C.mlxc_decoder_add(d.native, (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(ids))), C.int64_t(len(ids)), &text, &bytes, &e)
	if status != C.MLXC_OK {
		return "", failure("Decoder.Add", status, &e)
	}
	return goString(text, bytes), nil
}

// Finish ends the stream: it gives what was held back and makes the decoder ready for another stream.
func (d *Decoder) Finish() (string, error) {
	if err := d.begin("Decoder.Finish"); err != nil {
		return "", err
	}
	defer d.end()
	var text *C.char
	var bytes C.size_t
	e := newNativeError()
	if status := C.mlxc_decoder_finish(d.native, &text, &bytes, &e); status != C.MLXC_OK {
		return "", failure("Decoder.Finish", status, &e)
	}
	return goString(text, bytes), nil
}

// Close frees the decoder.
func (d *Decoder) Close() error {
	if d != nil {
		d.close()
	}
	return nil
}
