package main

// #cgo pkg-config: mlxc
// #include <mlxc/mlxc.h>
// #include <stdlib.h>
//
// static mlxc_status load(mlxc_model **model, const char *path) { return mlxc_model_load(model, path, NULL, NULL); }
// static mlxc_status start(mlxc_request **request, mlxc_model *model, const char *text, size_t bytes, int64_t tokens, mlxc_queue *queue) {
//   mlxc_prompt prompt = {text, bytes, NULL, 0};
//   mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
//   options.max_tokens = tokens;
//   options.ignore_model_stop = 1;
//   return mlxc_generate_start(request, model, &prompt, &options, queue, 0, NULL, NULL, NULL);
// }
import "C"

import (
	"fmt"
	"sync"
	"unsafe"
)

type naiveModel struct{ native *C.mlxc_model }

func loadNaive(folder string) (*naiveModel, error) {
	path := C.CString(folder)
	defer C.free(unsafe.Pointer(path))
	var model naiveModel
	if status := C.load(&model.native, path); status != C.MLXC_OK {
		return nil, fmt.Errorf("loading %s gave status %d", folder, status)
	}
	return &model, nil
}

func (m *naiveModel) free() { C.mlxc_model_free(m.native) }

// one waits in C for every single token, on a queue of its own.
func (m *naiveModel) one(tokens int) (int, error) {
	text := C.CString(prompt)
	defer C.free(unsafe.Pointer(text))
	var queue *C.mlxc_queue
	if status := C.mlxc_queue_new(&queue, nil); status != C.MLXC_OK {
		return 0, fmt.Errorf("queue: status %d", status)
	}
	defer C.mlxc_queue_free(queue)
	var request *C.mlxc_request
	if status := C.start(&request, m.native, text, C.size_t(len(prompt)), C.int64_t(tokens), queue); status != C.MLXC_OK {
		return 0, fmt.Errorf("start: status %d", status)
	}
	defer C.mlxc_request_free(request)
	count := 0
	for {
		var event C.mlxc_event
		var n C.int64_t
		if status := C.mlxc_queue_next(queue, -1, &event, 1, &n, nil); status != C.MLXC_OK {
			return count, fmt.Errorf("next: status %d", status)
		}
		if n == 1 && event._type == C.MLXC_EVENT_DONE {
			return count, nil
		}
		if n == 1 && event.token >= 0 {
			_ = C.GoStringN(event.text, C.int(event.text_bytes))
			count++
		}
	}
}

func (m *naiveModel) stream(requests, tokens int) (int, error) {
	counts, failures := make([]int, requests), make([]error, requests)
	var all sync.WaitGroup
	for i := range requests {
		all.Add(1)
		go func() {
			defer all.Done()
			counts[i], failures[i] = m.one(tokens)
		}()
	}
	all.Wait()
	return sum(counts, failures)
}
