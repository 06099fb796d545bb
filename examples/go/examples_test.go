package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The programs are built and run as a reader would.
func TestExamples(t *testing.T) {
	top := os.Getenv("MLXC_TEST_DATA")
	if top == "" {
		top = filepath.Join("..", "..", "tests")
	}
	folder, fable := t.TempDir(), filepath.Join(top, "models", "fable-qwen3")
	if out, err := exec.Command("go", "build", "-o", folder, "./generate", "./batch", "./classify", "./search", "./basics", "./regression", "./digits",
		"./tables", "./finetune", "./scratch").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		program   string
		arguments []string
		input     string
		parts     []string
	}{
		{"generate", []string{"-tokens", "12", "-temperature", "0", "Once upon a time"}, "", []string{"Once upon a time, the king's", "12 tokens, ", " tokens/s\n"}},
		{"generate", []string{"-tokens", "1", "-temperature", "0", "Once upon a time"}, "", []string{"Once upon a time,\n\n1 tokens, first after", " ms\n"}},
		{"batch", []string{"-tokens", "5"}, "Once upon a time\n\nThe fox looked at the\n", []string{"Once upon a time|, the king's", "The fox looked at the| wolf", "(length)"}},
		{"batch", []string{"-tokens", "5"}, strings.Repeat(" ", 70000) + "The fox looked at the\n", []string{"The fox looked at the| wolf"}},
		{"classify", []string{"-labels", "time,fox", "Once upon a"}, "", []string{"Once upon a -> time\n", "fox ("}},
		{"search", []string{"the wolf in the forest", "Seven and eight.", "The wolf ran into the forest."}, "", []string{"The wolf ran into the forest.\n0"}},
		{"basics", nil, "", []string{"[1 2 3 4 5 6] <nil>", "reshape: [2, 3] has 6 elements", "row 1 stands at 0", "mean 4.5"}},
		{"regression", nil, "", []string{"y = 3.0", " x + -"}},
		{"digits", []string{"-data", filepath.Join("..", "data")}, "", []string{"epoch 8", "of the unseen digits are read right"}},
		{"tables", []string{"-data", filepath.Join("..", "data")}, "", []string{"setosa, versicolor, virginica: ", "inside the circle: 9"}},
		{"finetune", []string{"-model", fable, "-out", filepath.Join(folder, "finetuned")}, "", []string{"merged: A lantern maker named Odalis lived where"}},
		{"scratch", []string{"-out", filepath.Join(folder, "fox")}, "", []string{"The quick br|own fox met the lazy dog at noon. "}},
	} {
		command := exec.Command(filepath.Join(folder, c.program), c.arguments...)
		if slices.Contains([]string{"generate", "batch", "classify", "search"}, c.program) {
			command.Args = append([]string{c.program, "-model", fable}, c.arguments...)
		}
		command.Stdin = strings.NewReader(c.input)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", c.program, err, out)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(string(out), part) {
				t.Errorf("%s: %q is missing in\n%s", c.program, part, out)
			}
		}
	}
}
