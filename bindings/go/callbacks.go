package pca

// #include "callbacks.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/cgo"
	"time"
	"unsafe"
)

// answer runs a callback of the host's and says to C how it went. No panic crosses C.
func answer(err *C.pca_error, call func() error) (code C.int) {
	calls.leave()
	defer calls.goBack()
	defer func() {
		if what := recover(); what != nil {
			code = refuse(err, fmt.Errorf("panic: %v", what))
		}
	}()
	if failure := call(); failure != nil {
		return refuse(err, failure)
	}
	return C.PCA_OK
}

// refuse passes a library's code on and makes any other failure 1, which C gives the code that fits the callback.
func refuse(err *C.pca_error, failure error) C.int {
	code := C.int(1)
	var known Code
	if errors.As(failure, &known) && known != C.PCA_OK {
		code = C.int(known)
	}
	message := C.CString(failure.Error())
	defer C.free(unsafe.Pointer(message))
	C.pca_error_set(err, code, 0, message)
	return code
}

//export pcaGoNow
func pcaGoNow(handle C.uintptr_t, seconds *C.int64_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		now, failure := cgo.Handle(handle).Value().(func() (time.Time, error))()
		if failure == nil {
			*seconds = C.int64_t(now.Unix())
		}
		return failure
	})
}

//export pcaGoWrite
func pcaGoWrite(handle C.uintptr_t, data *C.uint8_t, size C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		// A copy: a Writer that keeps what it was given must not keep memory of C.
		_, failure := cgo.Handle(handle).Value().(io.Writer).Write(C.GoBytes(unsafe.Pointer(data), C.int(size)))
		return failure
	})
}

//export pcaGoRead
func pcaGoRead(handle C.uintptr_t, buffer *C.uint8_t, size C.size_t, got *C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		piece := make([]byte, size)
		n, failure := io.ReadAtLeast(cgo.Handle(handle).Value().(io.Reader), piece, 1)
		if failure != nil && failure != io.EOF {
			return failure
		}
		copy(unsafe.Slice((*byte)(buffer), int(size)), piece[:n])
		*got = C.size_t(n)
		return nil
	})
}

//export pcaGoStep
func pcaGoStep(handle C.uintptr_t, done, total C.uint64_t, err *C.pca_error) C.int {
	return answer(err, func() error { return cgo.Handle(handle).Value().(context.Context).Err() })
}

// lend gives C a Go value for the time of a call.
func lend(value any, use func(handle C.uintptr_t) C.int) C.int {
	handle := cgo.NewHandle(value)
	defer handle.Delete()
	return use(C.uintptr_t(handle))
}
