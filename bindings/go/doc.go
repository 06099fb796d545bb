// Package mlxc runs language models and lazy arrays inside a Go process, through libmlxc.
//
//	model, err := mlxc.LoadModel("tests/models/fable-qwen3")
//	if err != nil {
//		return err
//	}
//	defer model.Close()
//	for token, err := range model.Generate(ctx, "Once upon a time", mlxc.MaxTokens(64)) {
//		if err != nil {
//			return err
//		}
//		fmt.Print(token.Text)
//	}
//
// # Linking
//
// By default the package is linked to the installed library: "#cgo pkg-config: mlxc". With the build tag mlxc_dlopen it needs neither
// the library nor its headers to build, and opens the library on first use: the file that [UseLibrary] or the environment variable
// MLXC_LIBRARY names, else libmlxc.so.1 beside the program, else libmlxc.so.1 where the system looks.
//
// # Arrays
//
// Operations are methods and make lazy arrays; an operation that fails gives an array that holds the error, so a chain is checked once, where it
// is read. Every array is closed by its owner, which is the caller or a [Scope]; what is computed from arrays of a scope belongs to it:
//
//	s := mlxc.NewScope()
//	defer s.Close()
//	x := s.Own(mlxc.NewArray(data, 2, 3))
//	values, err := x.Matmul(w).Add(b).ReLU().Sum(-1).Float32s()
//
// [Read], [ReadInto], [Elements] and [At] give elements as Go values; [View] lends the library's memory and [Borrow] lends Go's, both for the
// length of a call and without a copy.
//
// # Closing
//
// Models, tokenizers, decoders, arrays, functions, kernels, streams, fences, modules, parameters, optimizers, datasets, loaders, trainers and
// devices hold memory outside of Go's heap: call Close. It may be called at any time, from any goroutine and more than once; calls that run meanwhile end with [ErrClosed] (a model's) or finish first (all others), later ones give
// [ErrClosed]. The garbage collector never frees for you; [SetLeakReporter] tells about forgotten Close calls and where the value was
// made.
//
// # Contexts and threads
//
// A context stops native work, also inside a long prompt. Everything may be called from any goroutine; only a [Decoder] serves one at a
// time. [Model.Generate] costs one blocked OS thread a model, however many streams run. Calls that return when all is done
// ([Model.GenerateBatch], [Model.Embed], [Model.Score], [Model.Logits]) occupy an OS thread each while they run, as every cgo call does.
//
// # Errors
//
// Failures of the library are [*Error]: what happened, in a sentence, with a [Status] that errors.Is compares:
// errors.Is(err, mlxc.ErrNotFound). A call that its context ended also matches context.Canceled or context.DeadlineExceeded.
package mlxc

//go:generate go run ./internal/gen
