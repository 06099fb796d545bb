package mlxc

// #include "shim.h"
import "C"

import (
	"strings"
	"unsafe"
)

// LanguageModel is the forward pass that config.json in a model folder describes: token ids [B, T] to logits [B, T, vocabulary] float32. Nothing
// else of the folder is read: weights come from [LoadModelParameters], or begin anew with [NewParameters].
func LanguageModel(folder string) *Module {
	text, err := newCString("LanguageModel", folder)
	if err != nil {
		return &Module{err: err}
	}
	defer text.free()
	return newModule("LanguageModel", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_language_model(to, text.data, &f.e)
	})
}

// LoadModelParameters is the weights of a model folder: as they lie in the files, mapped and frozen, for an adapter beside them; or (trained)
// float32 in memory of their own. The seed is of what begins later, an adapter's matrices. A nil device is the default one.
func LoadModelParameters(device *Device, folder string, trained bool, precision Precision, seed uint64) (*Parameters, error) {
	const op = "LoadModelParameters"
	on, leave, err := enterDevice(device)
	if err != nil {
		return nil, err
	}
	defer leave()
	text, err := newCString(op, folder)
	if err != nil {
		return nil, err
	}
	defer text.free()
	var native *C.mlxc_parameters
	e := newNativeError()
	status := C.mlxc_parameters_load_model(&native, on, text.data, boolean(trained), C.int32_t(precision), C.uint64_t(seed), &e)
	if status != C.MLXC_OK {
		return nil, failure(op, status, &e)
	}
	p := new(Parameters).take(native)
	p.device.Store(device)
	return p, nil
}

// SaveModel writes a folder that [LoadModel] takes: these weights, and config, tokenizer and other small files of the folder `like`. An adapter
// is left out: merge it first.
func (p *Parameters) SaveModel(like, folder string) error {
	const op = "Parameters.SaveModel"
	list, err := newCStrings(op, []string{like, folder})
	if err != nil {
		return err
	}
	defer list.free()
	return p.call(op, func(f *frame) C.mlxc_status {
		return C.mlxc_parameters_save_model(p.native(), list.texts[0].data, list.texts[1].data, &f.e)
	})
}

// LoRA is a low-rank adapter: beside a weight W [out, in] stand A [Rank, in] and B [out, Rank], and a linear layer gives W x + scale B (A x).
type LoRA struct {
	Rank           int      // 0: 8
	Alpha          float64  // 0: 16; scale = Alpha / Rank
	RankStabilized bool     // scale = Alpha / sqrt(Rank)
	Dropout        float64  // of what goes into A, in training passes
	Targets        []string // ends of the layers' names; nil: every linear layer but the output head
}

// AddLoRA freezes all parameters; from now on only the adapter's matrices are trained. Each linear layer that is targeted gets them when a
// forward pass meets it; nothing changes at first.
func (p *Parameters) AddLoRA(adapter LoRA) error {
	const op = "Parameters.AddLoRA"
	targets, err := newCString(op, strings.Join(adapter.Targets, ","))
	if err != nil {
		return err
	}
	defer targets.free()
	return p.call(op, func(f *frame) C.mlxc_status {
		var options C.mlxc_lora_options
		C.mlxc_lora_options_init(&options, C.uint32_t(unsafe.Sizeof(options)))
		options.rank_stabilized, options.dropout = boolean(adapter.RankStabilized), C.double(adapter.Dropout)
		if adapter.Rank != 0 {
			options.rank = C.int64_t(adapter.Rank)
		}
		if adapter.Alpha != 0 {
			options.alpha = C.double(adapter.Alpha)
		}
		if len(adapter.Targets) > 0 {
			options.targets = targets.data
		}
		return C.mlxc_parameters_add_lora(p.native(), &options, &f.e)
	})
}

// LoadAdapter is AddLoRA with the matrices of a folder in PEFT's format, to be trained further.
func (p *Parameters) LoadAdapter(folder string) error {
	text, err := newCString("Parameters.LoadAdapter", folder)
	if err != nil {
		return err
	}
	defer text.free()
	return p.call("Parameters.LoadAdapter", func(f *frame) C.mlxc_status {
		return C.mlxc_parameters_load_adapter(p.native(), text.data, &f.e)
	})
}

// SaveAdapter writes the adapter as a folder that PEFT and [WithAdapter] take. base is the model that it belongs to, for the reader's
// information; it may be empty.
func (p *Parameters) SaveAdapter(folder, base string) error {
	const op = "Parameters.SaveAdapter"
	list, err := newCStrings(op, []string{folder, base})
	if err != nil {
		return err
	}
	defer list.free()
	return p.call(op, func(f *frame) C.mlxc_status {
		return C.mlxc_parameters_save_adapter(p.native(), list.texts[0].data, unless(base == "", list.texts[1].data), &f.e)
	})
}

// MergeAdapter adds the adapter to the weights; its matrices go, and another adapter may come.
func (p *Parameters) MergeAdapter() error {
	return p.call("Parameters.MergeAdapter", func(f *frame) C.mlxc_status { return C.mlxc_parameters_merge_adapter(p.native(), &f.e) })
}

// MergeAdapter merges from folder to folder: a model with an adapter becomes a model, file by file. A nil device is the default one.
func MergeAdapter(device *Device, model, adapter, folder string) error {
	const op = "MergeAdapter"
	on, leave, err := enterDevice(device)
	if err != nil {
		return err
	}
	defer leave()
	list, err := newCStrings(op, []string{model, adapter, folder})
	if err != nil {
		return err
	}
	defer list.free()
	e := newNativeError()
	return failure(op, C.mlxc_adapter_merge(on, list.texts[0].data, list.texts[1].data, list.texts[2].data, &e), &e)
}
