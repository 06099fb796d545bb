package mlxc_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"libmlxc.dev/go/mlxc"
)

func loadTokenizer(t testing.TB) *mlxc.Tokenizer {
	t.Helper()
	tokenizer, err := mlxc.LoadTokenizer(fable)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tokenizer.Close() })
	return tokenizer
}

func TestTokenizerRoundTrips(t *testing.T) {
	tokenizer := loadTokenizer(t)
	if ids := must(tokenizer.Encode("Once upon a time")); !slices.Equal(ids, []int32{49, 1705, 620, 261, 554}) {
		t.Errorf("ids %v", ids)
	}
	for _, text := range []string{"", "x", "The fox, the crow & the 狐 😀.", strings.Repeat("a b\n", 3000), strings.Repeat("\u00e9\U0001f600", 500)} {
		ids := must(tokenizer.Encode(text))
		if back := must(tokenizer.Decode(ids)); back != text {
			t.Errorf("%.40q came back as %.40q", text, back)
		}
		decoder := must(tokenizer.Decoder())
		var joined strings.Builder
		for _, id := range ids {
			piece := must(decoder.Add(id))
			if !validUTF8(piece) {
				t.Errorf("a piece is cut: %q", piece)
			}
			joined.WriteString(piece)
		}
		joined.WriteString(must(decoder.Finish()))
		if joined.String() != text {
			t.Errorf("%.40q was streamed as %.40q", text, joined.String())
		}
		decoder.Close()
	}
}

func validUTF8(text string) bool { return strings.ToValidUTF8(text, "") == text }

func TestTokenizerSpecialTokens(t *testing.T) {
	tokenizer := loadTokenizer(t)
	if tokenizer.Size() != 4096 {
		t.Errorf("%d tokens", tokenizer.Size())
	}
	if special := must(tokenizer.SpecialTokens()); !slices.Contains(special, 0) {
		t.Errorf("special tokens %v", special)
	}
	if id := must(tokenizer.ID("<|endoftext|>")); id != 0 {
		t.Errorf("id %d", id)
	}
	if piece := must(tokenizer.Piece(0)); piece != "<|endoftext|>" {
		t.Errorf("piece %q", piece)
	}
	if _, err := tokenizer.ID("no such piece"); !errors.Is(err, mlxc.ErrNotFound) {
		t.Errorf("an unknown piece gave %v", err)
	}
	if _, err := tokenizer.Piece(1 << 30); !errors.Is(err, mlxc.ErrNotFound) {
		t.Errorf("an unknown id gave %v", err)
	}
	text := "an <|endoftext|> end"
	if ids := must(tokenizer.Encode(text)); !slices.Contains(ids, 0) {
		t.Errorf("the special token was not recognised: %v", ids)
	}
	ids := must(tokenizer.Encode(text, mlxc.EncodeSpecialAsText(), mlxc.EncodePlain()))
	if slices.Contains(ids, 0) || must(tokenizer.Decode(ids)) != text {
		t.Errorf("a user's text became %v", ids)
	}
	if back := must(tokenizer.Decode([]int32{0}, mlxc.DecodeSkipSpecial())); back != "" {
		t.Errorf("a skipped token gave %q", back)
	}
	if _, err := mlxc.LoadTokenizer("/no/such/file"); !errors.Is(err, mlxc.ErrNotFound) {
		t.Errorf("a missing file gave %v", err)
	}
}

func TestTokenizerServesManyGoroutines(t *testing.T) {
	tokenizer := loadTokenizer(t)
	want := must(tokenizer.Encode("Once upon a time there was a king."))
	decoder := must(tokenizer.Decoder())
	defer decoder.Close()
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 200 {
				ids, err := tokenizer.Encode("Once upon a time there was a king.")
				if errors.Is(err, mlxc.ErrClosed) {
					return
				}
				if err != nil || !slices.Equal(ids, want) {
					t.Errorf("%v, %v", ids, err)
					return
				}
				// A decoder serves one at a time and says so.
				if _, err := decoder.Add(want...); err != nil && !errors.Is(err, mlxc.ErrBusy) {
					t.Error(err)
					return
				}
			}
		}()
	}
	tokenizer.Close() // those inside finish first
	group.Wait()
}
