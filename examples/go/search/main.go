// Command search orders texts by their likeness to a query: embeddings from the model, products on lazy arrays.
//
//	go run ./go/search -model ../tests/models/fable-qwen3 'a wolf in the forest' 'The wolf ran between trees.' 'Rain fell on the sea.'
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"slices"

	"libmlxc.dev/go/mlxc"
)

func main() {
	log.SetFlags(0)
	path := flag.String("model", "../tests/models/fable-qwen3", "model folder")
	flag.Parse()
	if flag.NArg() < 2 {
		log.Fatal("usage: search [-model folder] query text...")
	}
	if err := run(*path, flag.Arg(0), flag.Args()[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(path, query string, texts []string) error {
	model, err := mlxc.LoadModel(path)
	if err != nil {
		return err
	}
	defer model.Close()
	vectors, err := model.Embed(context.Background(), append([]string{query}, texts...), mlxc.EmbedPooling(mlxc.PoolingMean), mlxc.EmbedNormalize(true))
	if err != nil {
		return err
	}
	scope := mlxc.NewScope()
	defer scope.Close()
	all := scope.Own(mlxc.NewArray(slices.Concat(vectors[1:]...), len(texts), model.Info().Hidden))
	likeness, err := all.Matmul(scope.Own(mlxc.NewArray(vectors[0]))).Float32s()
	if err != nil {
		return err
	}
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(likeness[b], likeness[a]) })
	for _, i := range order {
		fmt.Printf("%.3f  %s\n", likeness[i], texts[i])
	}
	return nil
}
