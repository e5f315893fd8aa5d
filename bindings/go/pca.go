// Package pca is a private certificate authority inside your program: the Go binding of libpca.
//
// Every handle may be used by any number of goroutines at once. Close frees a handle; a forgotten one is freed when it is
// collected. Root, Sub and Cert are snapshots: a verb changes the store and never the handle, Reload reads anew. An error of the
// library is an *Error; errors.Is compares it with a Code: errors.Is(err, pca.ErrQuota).
package pca

// #cgo pkg-config: libpca
// #include "callbacks.h"
import "C"

import (
	"runtime"
	"strings"
	"sync"
	"unsafe"
)

// Code is a refusal of the library, PCA_E_ in pca.h.
type Code int

const (
	ErrInvalid       Code = C.PCA_E_INVALID
	ErrNotFound      Code = C.PCA_E_NOT_FOUND
	ErrExists        Code = C.PCA_E_EXISTS
	ErrState         Code = C.PCA_E_STATE
	ErrParentState   Code = C.PCA_E_PARENT_STATE
	ErrExpired       Code = C.PCA_E_EXPIRED
	ErrQuota         Code = C.PCA_E_QUOTA
	ErrAlgorithm     Code = C.PCA_E_ALGORITHM
	ErrValidity      Code = C.PCA_E_VALIDITY
	ErrName          Code = C.PCA_E_NAME
	ErrSAN           Code = C.PCA_E_SAN
	ErrConstraint    Code = C.PCA_E_CONSTRAINT
	ErrCSR           Code = C.PCA_E_CSR
	ErrLint          Code = C.PCA_E_LINT
	ErrPending       Code = C.PCA_E_PENDING
	ErrReview        Code = C.PCA_E_REVIEW
	ErrNotExportable Code = C.PCA_E_NOT_EXPORTABLE
	ErrDevice        Code = C.PCA_E_DEVICE
	ErrPIN           Code = C.PCA_E_PIN
	ErrTokenReused   Code = C.PCA_E_TOKEN_REUSED
	ErrClock         Code = C.PCA_E_CLOCK
	ErrLocked        Code = C.PCA_E_LOCKED
	ErrReadOnly      Code = C.PCA_E_READ_ONLY
	ErrVersion       Code = C.PCA_E_VERSION
	ErrBusy          Code = C.PCA_E_BUSY
	ErrCancelled     Code = C.PCA_E_CANCELLED
	ErrClosed        Code = C.PCA_E_CLOSED
	ErrForked        Code = C.PCA_E_FORKED
	ErrUnsupported   Code = C.PCA_E_UNSUPPORTED
	ErrPermission    Code = C.PCA_E_PERMISSION
	ErrNoMemory      Code = C.PCA_E_NO_MEMORY
	ErrFull          Code = C.PCA_E_FULL
	ErrStorage       Code = C.PCA_E_STORAGE
	ErrCorrupt       Code = C.PCA_E_CORRUPT
	ErrCrypto        Code = C.PCA_E_CRYPTO
	ErrInternal      Code = C.PCA_E_INTERNAL
)

// Error is the code's name, "PCA_E_QUOTA".
func (c Code) Error() string { return C.GoString(C.pca_code_name(C.int(c))) }

// Error is why a call failed.
type Error struct {
	Code       Code
	Object     string // what it is about: "sub 4", "request"
	Field      string // the field or argument: "san[3]", "years"
	Message    string // one line for people, with the limit that was met
	DeviceCode int    // a driver's number for a failure of its device
	TriesLeft  int    // after ErrPIN; -1: not known
}

func (e *Error) Error() string {
	return e.Code.Error() + ": " + strings.TrimPrefix(e.Object+": "+e.Message, ": ")
}

// Unwrap gives the code, for errors.Is.
func (e *Error) Unwrap() error { return e.Code }

func refusal(code Code, err *C.pca_error) *Error {
	return &Error{Code: code, Object: C.GoString(C.pca_error_object(err)), Field: C.GoString(C.pca_error_field(err)),
		Message: C.GoString(C.pca_error_message(err)), DeviceCode: int(C.pca_error_device_code(err)),
		TriesLeft: int(C.pca_error_tries_left(err))}
}

// Version of the library, "0.1.0".
func Version() string { return C.GoString(C.pca_version()) }

// MaxCalls is how many calls of C may block at once; each of them holds a thread of the system. Further ones wait. A call that is in a
// callback of the host's is not counted, and holds a thread all the same: KeyContainer.MaxSessions bounds those of slow tokens.
const MaxCalls = 64

// gate counts the calls in C, but those in callbacks, which may call the library. A callback goes back without waiting, since those that
// are counted may be waiting for it.
type gate struct {
	mu    sync.Mutex
	freed sync.Cond
	calls int
}

var calls = newGate()

func newGate() *gate {
	g := &gate{}
	g.freed.L = &g.mu
	return g
}

func (g *gate) enter() {
	g.mu.Lock()
	for g.calls >= MaxCalls {
		g.freed.Wait()
	}
	g.calls++
	g.mu.Unlock()
}

func (g *gate) leave() {
	g.mu.Lock()
	g.calls--
	g.freed.Signal()
	g.mu.Unlock()
}

func (g *gate) goBack() {
	g.mu.Lock()
	g.calls++
	g.mu.Unlock()
}

// call is what one call of C needs: its error, and texts and octets until it returns.
type call struct {
	err  *C.pca_error
	lent []memory
}

// memory of C's.
type memory struct {
	p    unsafe.Pointer
	size int
}

func (m memory) octets() []byte { return unsafe.Slice((*byte)(m.p), m.size) }

func wipe(b []byte) {
	for i := range b {
		b[i] = 0
	}
}

// text is a Go string for C. One with a NUL in it would be another for C, and is refused.
func (c *call) text(field, s string) *C.char {
	if strings.IndexByte(s, 0) >= 0 {
		panic(&Error{Code: ErrInvalid, Object: "argument", Field: field, Message: field + " holds a NUL character", TriesLeft: -1})
	}
	t := C.CString(s)
	c.lent = append(c.lent, memory{unsafe.Pointer(t), len(s)})
	return t
}

// option is a text that is NULL where it is "".
func (c *call) option(field, s string) *C.char {
	if s == "" {
		return nil
	}
	return c.text(field, s)
}

// octets is memory of C with these octets.
func (c *call) octets(b []byte) unsafe.Pointer {
	p := C.CBytes(b)
	c.lent = append(c.lent, memory{p, len(b)})
	return p
}

// wipe is for what may be a passphrase or a key.
func (c *call) wipe() {
	for _, m := range c.lent {
		wipe(m.octets())
	}
}

func (c *call) free() {
	c.wipe()
	for _, m := range c.lent {
		C.free(m.p)
	}
	C.pca_error_free(c.err)
}

// refused makes an error of what text panicked with. To be deferred.
func refused(err *error) {
	if what := recover(); what != nil {
		refusal, ok := what.(*Error)
		if !ok {
			panic(what)
		}
		*err = refusal
	}
}

// verb calls C and makes an error of its code.
func verb(use func(c *call) C.int) (err error) {
	calls.enter()
	defer calls.leave()
	c := &call{err: C.pca_error_new()}
	defer c.free()
	defer refused(&err)
	if code := use(c); code != C.PCA_OK {
		return refusal(Code(code), c.err)
	}
	return nil
}

// holder is what keeps a handle of C alive while it is used.
type holder interface {
	hold() bool
	leave()
	Close() error
}

// handle owns a handle of C. Whoever closes it while others use it waits for them.
type handle[P any] struct {
	mu     sync.Mutex
	idle   sync.Cond
	users  int
	closed bool
	once   sync.Once // closes it
	p      P
	free   func(P)
	region *Region // not collected before its handles
}

func own[P any](p P, free func(P), region *Region) *handle[P] {
	h := &handle[P]{p: p, free: free, region: region}
	h.idle.L = &h.mu
	runtime.SetFinalizer(h, func(h *handle[P]) { h.Close() })
	return h
}

func (h *handle[P]) hold() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.users++
	return true
}

func (h *handle[P]) leave() {
	h.mu.Lock()
	h.users--
	if h.users == 0 {
		h.idle.Broadcast()
	}
	h.mu.Unlock()
}

// Close frees the handle, once its calls in progress are done. Calls from then on answer ErrClosed, getters 0 and "".
func (h *handle[P]) Close() error {
	h.once.Do(func() {
		h.mu.Lock()
		h.closed = true
		for h.users > 0 {
			h.idle.Wait()
		}
		h.mu.Unlock()
		// Not locked: a region's end waits for calls of its CAs, whose callbacks may ask the region.
		h.free(h.p)
		runtime.SetFinalizer(h, nil)
	})
	return nil
}

// look calls a getter, which answers 0 and "" for NULL.
func look[P, R any](h holder, p P, get func(P) R) R {
	if !h.hold() {
		var none P
		return get(none)
	}
	defer h.leave()
	return get(p)
}

// ask calls a verb of a handle.
func ask(h holder, use func(c *call) C.int) error {
	if !h.hold() {
		return &Error{Code: ErrClosed, Message: "the handle was closed", TriesLeft: -1}
	}
	defer h.leave()
	return verb(use)
}

// blob calls a verb that hands out octets.
func blob(h holder, use func(c *call, out **C.pca_blob) C.int) ([]byte, error) {
	var b *C.pca_blob
	if err := ask(h, func(c *call) C.int { return use(c, &b) }); err != nil {
		return nil, err
	}
	defer C.pca_blob_free(b)
	return C.GoBytes(unsafe.Pointer(C.pca_blob_data(b)), C.int(C.pca_blob_size(b))), nil
}
