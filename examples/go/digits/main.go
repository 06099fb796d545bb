// Command digits trains a convolutional network to read handwritten digits, 8 by 8 pixels: the set that scikit-learn ships.
//
//	go run ./go/digits -data data
//
// It fails when fewer than 98 % of the digits that it never saw are read right.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"libmlxc.dev/go/mlxc"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "data", "the folder with digits_images.npy and digits_labels.npy")
	epochs := flag.Int("epochs", 8, "how long to train")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	accuracy, err := run(ctx, *data, *epochs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.1f %% of the unseen digits are read right\n", 100*accuracy)
	if accuracy < 0.98 {
		os.Exit(1)
	}
}

// network is two times convolution, normalisation, ReLU and pooling, then one linear layer.
func network() *mlxc.Module {
	var layers []*mlxc.Module
	for in, out := 1, 16; out <= 32; in, out = out, 2*out {
		layers = append(layers, mlxc.Convolution(in, out, mlxc.Window{Kernel: []int{3, 3}, Padding: []int{1}}, false),
			mlxc.BatchNorm(out, 1e-5, 0.1), mlxc.Activation(mlxc.ActReLU), mlxc.MaxPool(mlxc.Window{Kernel: []int{2, 2}}))
	}
	return mlxc.Sequential(append(layers, mlxc.Flatten(), mlxc.Linear(32*2*2, 10, true))...)
}

func run(ctx context.Context, folder string, epochs int) (accuracy float64, err error) {
	digits, err := mlxc.OpenNPY(filepath.Join(folder, "digits_images.npy"), filepath.Join(folder, "digits_labels.npy"))
	if err != nil {
		return 0, err
	}
	defer digits.Close()
	seen, unseen, err := digits.Split(0.8, 0)
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
	test, err := mlxc.NewLoader(unseen, mlxc.BatchSize(360))
	if err != nil {
		return 0, err
	}
	defer test.Close()
	parameters, err := mlxc.NewParameters(nil, 1)
	if err != nil {
		return 0, err
	}
	defer parameters.Close()
	model := network()
	defer model.Close()
	trainer, err := mlxc.NewTrainer(model, parameters, nil, mlxc.WithSchedule(mlxc.OneCycleRate(0.01, epochs*train.Batches(), 0.3)))
	if err != nil {
		return 0, err
	}
	defer trainer.Close()
	for event, err := range trainer.Fit(ctx, train, test, mlxc.FitOptions{Epochs: epochs, EventSteps: -1}) {
		if err != nil {
			return 0, err
		}
		if event.Kind == mlxc.TrainEpoch {
			fmt.Printf("epoch %d  loss %.4f  unseen %.1f %%  %.0f digits/s\n", event.Epoch+1, event.Loss, 100*event.ValidationAccuracy, event.SamplesPerSecond)
		}
	}
	_, accuracy, err = trainer.Evaluate(ctx, test)
	return accuracy, err
}
