// A stranger's Go program against the installed library: streams a few tokens and checks that errors are typed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"libmlxc.dev/go/mlxc"
)

func run(folder string) error {
	if _, err := mlxc.LoadModel("/no/such/folder"); !errors.Is(err, mlxc.ErrNotFound) {
		return fmt.Errorf("a missing folder gave %v", err)
	}
	model, err := mlxc.LoadModel(folder)
	if err != nil {
		return err
	}
	defer model.Close()
	count := 0
	for token, err := range model.Generate(context.Background(), "Once upon a time", mlxc.MaxTokens(8), mlxc.Temperature(0)) {
		if err != nil {
			return err
		}
		fmt.Print(token.Text)
		count++
	}
	fmt.Println()
	if count == 0 {
		return errors.New("no token came")
	}
	return nil
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
