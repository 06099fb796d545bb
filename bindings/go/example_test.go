package mlxc_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"libmlxc.dev/go/mlxc"
)

func Example() {
	model, err := mlxc.LoadModel(fable, mlxc.WithPrecision(mlxc.PrecisionHigh))
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	fmt.Print("Once upon a time")
	for token, err := range model.Generate(context.Background(), "Once upon a time", mlxc.MaxTokens(10), mlxc.Temperature(0)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(token.Text)
	}
	// Output: Once upon a time, the king's daughter was a king's daughter
}

func ExampleModel_Generate_stop() {
	model, err := mlxc.LoadModel(fable, mlxc.WithPrecision(mlxc.PrecisionHigh))
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	var summary mlxc.Summary
	for token, err := range model.Generate(context.Background(), "The fox looked at the", mlxc.Temperature(0), mlxc.Stop("?"), mlxc.Summarize(&summary)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(token.Text)
	}
	fmt.Printf("\n(%s)", summary.FinishReason)
	// Output:
	//  wolf with a smile. "What do you want with a snake
	// (stop)
}

func ExampleModel_GenerateBatch() {
	model, err := mlxc.LoadModel(fable, mlxc.WithPrecision(mlxc.PrecisionHigh))
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	prompts := []string{"Once upon a time", "The fox looked at the"}
	results, err := model.GenerateBatch(context.Background(), prompts, mlxc.MaxTokens(5), mlxc.Temperature(0))
	if err != nil {
		log.Fatal(err)
	}
	for i, result := range results {
		fmt.Printf("%s|%s (%s)\n", prompts[i], result.Text, result.FinishReason)
	}
	// Output:
	// Once upon a time|, the king's daughter (length)
	// The fox looked at the| wolf with a smile. (length)
}

func ExampleModel_Score() {
	model, err := mlxc.LoadModel(fable)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	labels := []string{" time", " wolf", " table"}
	scores, err := model.Score(context.Background(), []string{"Once upon a", "The fox ran away from the"}, labels)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q %q\n", labels[scores.Best(0, true)], labels[scores.Best(1, true)])
	// Output: " time" " wolf"
}

func ExampleTokenizer() {
	tokenizer, err := mlxc.LoadTokenizer(fable)
	if err != nil {
		log.Fatal(err)
	}
	defer tokenizer.Close()
	ids, err := tokenizer.Encode("Once upon a time")
	if err != nil {
		log.Fatal(err)
	}
	text, err := tokenizer.Decode(ids)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids, text)
	// Output: [49 1705 620 261 554] Once upon a time
}

func ExampleScope() {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4}, 2, 2))
	w := s.Own(mlxc.NewArray([]float32{0, 1, 1, 0}, 2, 2))
	y := x.Matmul(w).MultiplyScalar(10)
	values, err := y.Float32s()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Shape(), values)
	// Output: [2 2] [20 10 40 30]
}

func ExampleArray() {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{-1, 2, -3, 4, 5, 6}, 2, 3))
	fmt.Println(x.ReLU().Sum(-1).Float32s())
	fmt.Println(x.Add(x).MaximumScalar(0).Max().Float32())
	fmt.Println(x.Reshape(4, 2).Exp().Sum().Float32s()) // the first failure is the answer of all that follows
	// Output:
	// [2 15] <nil>
	// 12 <nil>
	// [] mlxc: Reshape: reshape: [2, 3] has 6 elements and does not fill [4, 2]
}

func ExampleBorrow() {
	samples := []float64{1, 2, 3, 4} // not copied
	var mean float32
	err := mlxc.Borrow(samples, func(view *mlxc.Array) (err error) {
		mean, err = view.Mean().Float32()
		return err
	})
	fmt.Println(mean, err)
	// Output: 2.5 <nil>
}

func ExampleGrad() {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float64{1, 2, 3}))
	slope := mlxc.Grad(x.Square().Sum(), x)[0]
	fmt.Println(slope.Float32s())
	// Output: [2 4 6] <nil>
}

func ExampleFunction() {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.Placeholder(mlxc.Float32, 3))
	square, err := mlxc.NewFunction([]*mlxc.Array{x}, []*mlxc.Array{x.Square()})
	if err != nil {
		log.Fatal(err)
	}
	defer square.Close()
	for _, data := range [][]float32{{1, 2, 3}, {4, 5, 6}} {
		out, err := square.Call(context.Background(), s.Own(mlxc.NewArray(data)))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(out[0].Float32s())
	}
	// Output:
	// [1 4 9] <nil>
	// [16 25 36] <nil>
}

func ExampleStepper() {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2))
	y := s.Own(mlxc.NewArray([]float32{0, 1, 1, 0}, 4, 1)) // exclusive or
	model := mlxc.Sequential(mlxc.Linear(2, 16, true), mlxc.Activation(mlxc.ActTanh), mlxc.Linear(16, 1, true))
	defer model.Close()
	parameters, err := mlxc.NewParameters(nil, 1)
	if err != nil {
		log.Fatal(err)
	}
	defer parameters.Close()
	optimizer, err := mlxc.AdamW()
	if err != nil {
		log.Fatal(err)
	}
	defer optimizer.Close()
	stepper := mlxc.NewStepper(optimizer, parameters)
	defer stepper.Close()
	for range 200 {
		err := mlxc.InScope(func(step *mlxc.Scope) error {
			logits := model.Forward(parameters, step.Use(x), mlxc.Pass{Training: true})
			_, err := stepper.Step(mlxc.BinaryCrossEntropy(logits, y, nil, mlxc.ReductionMean), 0.03)
			return err
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(model.Forward(parameters, x, mlxc.Pass{}).Sigmoid().Round().Float32s())
	// Output: [0 1 1 0] <nil>
}

func ExampleError() {
	_, err := mlxc.LoadModel("/no/such/folder")
	var failure *mlxc.Error
	fmt.Println(errors.Is(err, mlxc.ErrNotFound), errors.As(err, &failure) && failure.Op == "LoadModel")
	// Output: true true
}
