package pca

// #include "callbacks.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/cgo"
	"strings"
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
	code, device := C.int(1), 0
	said := failure.Error()
	var known Code
	if errors.As(failure, &known) && known != C.PCA_OK {
		code = C.int(known)
	}
	var own *Error
	isOwn := errors.As(failure, &own)
	if isOwn {
		said, device = own.Message, own.DeviceCode
	}
	message := C.CString(strings.ReplaceAll(said, "\x00", " "))
	defer C.free(unsafe.Pointer(message))
	C.pca_error_set(err, code, C.int(device), message)
	if isOwn && own.Code == ErrPIN && own.TriesLeft >= 0 {
		C.pca_error_set_tries(err, C.int(own.TriesLeft))
	}
	return code
}

func truth(yes bool) C.int {
	if yes {
		return 1
	}
	return 0
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

// lentWriter writes until a context ends, and remembers what failed.
type lentWriter struct {
	ctx     context.Context
	w       io.Writer
	failure error
}

func (l *lentWriter) why() error { return l.failure }

//export pcaGoWrite
func pcaGoWrite(handle C.uintptr_t, data *C.uint8_t, size C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		l := cgo.Handle(handle).Value().(*lentWriter)
		if l.failure = l.ctx.Err(); l.failure == nil {
			// A copy: a Writer that keeps what it was given must not keep memory of C.
			_, l.failure = l.w.Write(octetsOf(data, size))
		}
		return l.failure
	})
}

// lentReader remembers what failed.
type lentReader struct {
	r       io.Reader
	failure error
}

func (l *lentReader) why() error { return l.failure }

//export pcaGoRead
func pcaGoRead(handle C.uintptr_t, buffer *C.uint8_t, size C.size_t, got *C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		piece := make([]byte, size)
		l := cgo.Handle(handle).Value().(*lentReader)
		n, failure := io.ReadAtLeast(l.r, piece, 1)
		if failure != nil && failure != io.EOF {
			l.failure = failure
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

// caused is both the library's refusal and what made a callback fail.
type caused struct {
	error
	why error
}

func (c caused) Unwrap() error        { return c.error }
func (c caused) Is(target error) bool { return errors.Is(c.why, target) }
func (c caused) As(target any) bool {
	switch target.(type) {
	case **Error, *Code:
		return false
	}
	return errors.As(c.why, target)
}

// because adds to a refusal why a callback failed, if it did.
func because(why func() error, err error) error {
	if err == nil || why() == nil {
		return err
	}
	return caused{err, why()}
}

// ended adds to a call that was cancelled the context's reason.
func ended(ctx context.Context, err error) error {
	if !errors.Is(err, ErrCancelled) {
		return err
	}
	return because(ctx.Err, err)
}

// lend gives C a Go value for the time of a call.
func lend(value any, use func(handle C.uintptr_t) C.int) C.int {
	handle := cgo.NewHandle(value)
	defer handle.Delete()
	return use(C.uintptr_t(handle))
}
