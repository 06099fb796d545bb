// Command regression fits a line to noisy points with a loop written by hand: forward pass, loss, gradients, step. No module, no optimizer.
//
//	go run ./go/regression
package main

import (
	"fmt"
	"log"

	"libmlxc.dev/go/mlxc"
)

func main() {
	log.SetFlags(0)
	slope, offset, err := fit(200)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("y = %.2f x + %.2f\n", slope, offset)
}

// fit finds the line 3 x - 1 again, from points around it.
func fit(steps int) (slope, offset float32, err error) {
	err = mlxc.InScope(func(s *mlxc.Scope) error {
		keys := mlxc.SplitKey(s.Own(mlxc.RandomKey(1)), 2)
		x := mlxc.RandomUniform(keys[0], -1, 1, mlxc.Float32, 100)
		y := x.MultiplyScalar(3).AddScalar(-1).Add(mlxc.RandomNormal(keys[1], 0, 0.1, mlxc.Float32, 100))
		if err := mlxc.Eval(x, y); err != nil {
			return err
		}
		line := mlxc.Zeros(mlxc.Float32, 2) // slope and offset
		defer func() { line.Close() }()
		for range steps {
			err := mlxc.InScope(func(step *mlxc.Scope) error { // frees what a step makes
				now := step.Use(line)
				guess := step.Use(x).Multiply(now.Row(0)).Add(now.Row(1))
				loss := mlxc.SquaredError(guess, y, mlxc.ReductionMean)
				next := now.Subtract(mlxc.Grad(loss, now)[0].MultiplyScalar(0.2))
				if err := mlxc.Eval(next); err != nil {
					return err
				}
				line.Close()
				line = step.Keep(next)
				return nil
			})
			if err != nil {
				return err
			}
		}
		values, err := line.Float32s()
		if err == nil {
			slope, offset = values[0], values[1]
		}
		return err
	})
	return slope, offset, err
}
