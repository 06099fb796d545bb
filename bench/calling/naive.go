package main

/*
#cgo pkg-config: mlxc
#include <stdlib.h>
#include <mlxc/mlxc.h>

static mlxc_status load(mlxc_model **out, const char *path, int32_t threads, mlxc_error *error) {
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  options.threads = threads;
  error->struct_size = sizeof *error;
  return mlxc_model_load(out, path, &options, error);
}

static mlxc_status start(mlxc_request **out, mlxc_queue **queue, mlxc_model *model, const char *text, size_t bytes, int64_t tokens, mlxc_error *error) {
  mlxc_prompt prompt = {text, bytes, NULL, 0};
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  options.temperature = 0;
  options.max_tokens = tokens;
  options.ignore_model_stop = 1;
  error->struct_size = sizeof *error;
  mlxc_status status = mlxc_queue_new(queue, error);
  return status ? status : mlxc_generate_start(out, model, &prompt, &options, *queue, 0, NULL, NULL, error);
}

static mlxc_status next(mlxc_queue *queue, mlxc_event *event, mlxc_error *error) {
  int64_t count = 0;
  error->struct_size = sizeof *error;
  return mlxc_queue_next(queue, -1, event, 1, &count, error);
}
*/
import "C"

import (
	"errors"
	"unsafe"
)

// openNaive waits inside the library for every single token: one blocked OS thread a stream, one call and one switch a token.
func openNaive(path string, threads int) (round, func(), error) {
	text := C.CString(path)
	defer C.free(unsafe.Pointer(text))
	var model *C.mlxc_model
	var e C.mlxc_error
	if C.load(&model, text, C.int32_t(threads), &e) != C.MLXC_OK {
		return nil, nil, errors.New(C.GoString(&e.message[0]))
	}
	one := func(prompt string, tokens int) (int, error) {
		var e C.mlxc_error
		var request *C.mlxc_request
		var queue *C.mlxc_queue
		text := C.CString(prompt)
		defer C.free(unsafe.Pointer(text))
		status := C.start(&request, &queue, model, text, C.size_t(len(prompt)), C.int64_t(tokens), &e)
		defer C.mlxc_queue_free(queue)
		if status != C.MLXC_OK {
			return 0, errors.New(C.GoString(&e.message[0]))
		}
		defer C.mlxc_request_free(request)
		bytes := 0
		for {
			var event C.mlxc_event
			if C.next(queue, &event, &e) != C.MLXC_OK {
				return 0, errors.New(C.GoString(&e.message[0]))
			}
			if event._type == C.MLXC_EVENT_DONE {
				return bytes, nil
			}
			bytes += len(C.GoStringN(event.text, C.int(event.text_bytes)))
		}
	}
	return func(w workload) (int, error) {
		return each(w, func(prompt string) (int, error) { return one(prompt, w.tokens) })
	}, func() { C.mlxc_model_free(model) }, nil
}
