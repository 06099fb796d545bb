// Command tables trains small networks on tables: three kinds of iris from a CSV file, and yes or no from arrays.
//
//	go run ./go/tables -data data
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"libmlxc.dev/go/mlxc"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "data", "the folder with iris.csv")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *data); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, folder string) error {
	flowers, err := mlxc.OpenCSV(filepath.Join(folder, "iris.csv"), mlxc.CSV{Target: mlxc.CSVClasses})
	if err != nil {
		return err
	}
	defer flowers.Close()
	names, err := flowers.ClassNames()
	if err != nil {
		return err
	}
	kinds, err := learn(ctx, flowers, 4, len(names), mlxc.LossCrossEntropy, 30)
	if err != nil {
		return err
	}
	circle, err := points(2000)
	if err != nil {
		return err
	}
	defer circle.Close()
	inside, err := learn(ctx, circle, 2, 1, mlxc.LossBinaryCrossEntropy, 20)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %.0f %% right\ninside the circle: %.0f %% right\n", strings.Join(names, ", "), 100*kinds, 100*inside)
	return nil
}

// points is places in a square, and for each whether it lies inside a circle.
func points(count int) (data *mlxc.Dataset, err error) {
	err = mlxc.InScope(func(s *mlxc.Scope) error {
		place := mlxc.RandomUniform(s.Own(mlxc.RandomKey(1)), -1, 1, mlxc.Float32, count, 2)
		inside := place.Square().Sum(1).BinaryScalar(mlxc.OpLess, 0.6).Cast(mlxc.Float32)
		data, err = mlxc.NewDataset(place, inside)
		return err
	})
	return data, err
}

// learn trains in -> 16 -> 16 -> out on four fifths of the data and gives the share of the rest that it gets right.
func learn(ctx context.Context, data *mlxc.Dataset, in, out int, loss mlxc.Loss, epochs int) (accuracy float64, err error) {
	seen, unseen, err := data.Split(0.8, 1)
	if err != nil {
		return 0, err
	}
	defer seen.Close()
	defer unseen.Close()
	train, err := mlxc.NewLoader(seen, mlxc.Shuffle(0))
	if err != nil {
		return 0, err
	}
	defer train.Close()
	judge, err := mlxc.NewLoader(unseen)
	if err != nil {
		return 0, err
	}
	defer judge.Close()
	parameters, err := mlxc.NewParameters(nil, 1)
	if err != nil {
		return 0, err
	}
	defer parameters.Close()
	model := mlxc.Sequential(mlxc.Linear(in, 16, true), mlxc.Activation(mlxc.ActTanh), mlxc.Linear(16, 16, true), mlxc.Activation(mlxc.ActTanh),
		mlxc.Linear(16, out, true))
	defer model.Close()
	trainer, err := mlxc.NewTrainer(model, parameters, nil, mlxc.WithLoss(loss), mlxc.WithSchedule(mlxc.ConstantRate(0.01)))
	if err != nil {
		return 0, err
	}
	defer trainer.Close()
	options := mlxc.FitOptions{Epochs: epochs, EventSteps: -1, Patience: 10, RestoreBest: true}
	for event, err := range trainer.Fit(ctx, train, judge, options) {
		if err != nil {
			return 0, err
		}
		if event.Kind == mlxc.TrainEpoch && event.Epoch%10 == 9 {
			fmt.Printf("epoch %d  loss %.4f  unseen %.1f %%\n", event.Epoch+1, event.Loss, 100*event.ValidationAccuracy)
		}
	}
	_, accuracy, err = trainer.Evaluate(ctx, judge)
	return accuracy, err
}
