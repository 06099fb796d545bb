// Command basics shows arrays: making, computing, reading, and memory that Go lends.
//
//	go run ./go/basics
package main

import (
	"fmt"
	"log"

	"libmlxc.dev/go/mlxc"
)

func main() {
	log.SetFlags(0)
	if err := mlxc.InScope(run); err != nil {
		log.Fatal(err)
	}
}

func run(s *mlxc.Scope) error {
	// What is computed from arrays of a scope belongs to it; a failure shows where the result is read.
	x := s.Own(mlxc.NewArray([]float32{3, 1, 2, 6, 5, 4}, 2, 3))
	fmt.Println(x.Sort(1, false).Float32s())
	fmt.Println(x.Subtract(x.Mean(1).ExpandDims(1)).Square().Mean().Sqrt().Float32())
	if err := mlxc.InScope(func(trial *mlxc.Scope) error {
		_, err := trial.Use(x).Reshape(5).Exp().Sum().Float32s() // the first failure is the answer of all that follows
		return err
	}); err != nil {
		fmt.Println(err)
	}

	// Nothing has been computed twice so far, and nothing that was not read.
	for i, row := range x.Rows() {
		largest, err := mlxc.Item[int64](row.ArgMaxAll())
		if err != nil {
			return err
		}
		fmt.Printf("the largest of row %d stands at %d\n", i, largest)
	}
	first, scale, _ := x.SVD(false)
	fmt.Println(first.Shape(), scale.DType())

	// A slice of Go's, used where it lies.
	samples := make([]float64, 1000)
	for i := range samples {
		samples[i] = float64(i % 10)
	}
	return mlxc.Borrow(samples, func(view *mlxc.Array) error {
		mean, err := view.Mean().Float32()
		fmt.Println("mean", mean)
		return err
	})
}
