// The quickstart once more, from Go, to see what the header is like from there.
//
//	CGO_CFLAGS=-IINCLUDE CGO_LDFLAGS="-LDIR -lpca" go build     in-tree, or
//	go build -tags installed                                     by pkg-config
//	go_trial WORK                                                WORK: an empty directory
//
// The clock is a Go function. The last line is "go trial: ok".
package main

/*
#include <stdlib.h>
#include <pca/driver.h>

extern int goNow(uintptr_t handle, int64_t *seconds, pca_error *err);
extern int goWrite(uintptr_t handle, uint8_t *data, size_t size, pca_error *err);

// The context is a number for Go (cgo.Handle) and a pointer for C.
static int now(void *context, int64_t *seconds, pca_error *err)
{
	return goNow((uintptr_t)context, seconds, err);
}

static int write_piece(void *context, const uint8_t *data, size_t size, pca_error *err)
{
	return goWrite((uintptr_t)context, (uint8_t *)data, size, err);
}

static int set_clock(pca_config *config, uintptr_t handle)
{
	pca_clock clock = {PCA_CLOCK_VERSION, (void *)handle, now};
	return pca_config_set_clock(config, &clock);
}

static int crl_stream(const pca_ca *ca, int format, uintptr_t handle, pca_error *err)
{
	pca_sink sink = {PCA_SINK_VERSION, (void *)handle, write_piece};
	return pca_ca_crl_stream(ca, format, &sink, err);
}
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/cgo"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// ---- A thin layer, as a binding would have it ----

// Error is what a verb refused with.
type Error struct {
	Code                      int
	Name, Object, Field, Text string
}

func (e *Error) Error() string { return e.Name + ": " + e.Object + ": " + e.Text }

// verb gives call a pca_error of its own and makes a Go error of what it answers.
func verb(call func(err *C.pca_error) C.int) error {
	err := C.pca_error_new()
	defer C.pca_error_free(err)
	code := call(err)
	if code == C.PCA_OK {
		return nil
	}
	return &Error{int(code), C.GoString(C.pca_code_name(code)), C.GoString(C.pca_error_object(err)),
		C.GoString(C.pca_error_field(err)), C.GoString(C.pca_error_message(err))}
}

// text gives a Go string to C for the time of use.
func text(s string, use func(*C.char) C.int) C.int {
	c := C.CString(s)
	defer C.free(unsafe.Pointer(c))
	return use(c)
}

func blob(call func(out **C.pca_blob, err *C.pca_error) C.int) ([]byte, error) {
	var b *C.pca_blob
	if err := verb(func(e *C.pca_error) C.int { return call(&b, e) }); err != nil {
		return nil, err
	}
	defer C.pca_blob_free(b)
	return C.GoBytes(unsafe.Pointer(C.pca_blob_data(b)), C.int(C.pca_blob_size(b))), nil
}

// request fills a builder; the caller frees it. Refusals come with the verb that uses it.
func request(settings ...func(*C.pca_request) C.int) *C.pca_request {
	r := C.pca_request_new()
	for _, set := range settings {
		set(r)
	}
	return r
}

func commonName(s string) func(*C.pca_request) C.int {
	return func(r *C.pca_request) C.int {
		return text(s, func(c *C.char) C.int { return C.pca_request_set_common_name(r, c) })
	}
}

func alias(s string) func(*C.pca_request) C.int {
	return func(r *C.pca_request) C.int {
		return text(s, func(c *C.char) C.int { return C.pca_request_set_alias(r, c) })
	}
}

func dns(s string) func(*C.pca_request) C.int {
	return func(r *C.pca_request) C.int {
		return text(s, func(c *C.char) C.int { return C.pca_request_add_dns(r, c) })
	}
}

func kind(t C.int) func(*C.pca_request) C.int {
	return func(r *C.pca_request) C.int { return C.pca_request_set_type(r, t) }
}

func years(n int64) func(*C.pca_request) C.int {
	return func(r *C.pca_request) C.int { return C.pca_request_set_years(r, C.int64_t(n)) }
}

func csr(pem []byte) func(*C.pca_request) C.int {
	return func(r *C.pca_request) C.int {
		if rc := C.pca_request_set_csr(r, unsafe.Pointer(&pem[0]), C.size_t(len(pem))); rc != C.PCA_OK {
			return rc
		}
		if rc := C.pca_request_use_csr_subject(r); rc != C.PCA_OK {
			return rc
		}
		return C.pca_request_use_csr_san(r)
	}
}

// ---- What the host implements ----

type clock struct{ calls atomic.Int64 }

//export goNow
func goNow(handle C.uintptr_t, seconds *C.int64_t, err *C.pca_error) C.int {
	cgo.Handle(handle).Value().(*clock).calls.Add(1)
	*seconds = C.int64_t(time.Now().Unix())
	return C.PCA_OK
}

type sink struct {
	bytes.Buffer
	fail error
}

//export goWrite
func goWrite(handle C.uintptr_t, data *C.uint8_t, size C.size_t, err *C.pca_error) C.int {
	s := cgo.Handle(handle).Value().(*sink)
	if s.fail != nil {
		message := C.CString(s.fail.Error())
		defer C.free(unsafe.Pointer(message))
		C.pca_error_set(err, C.PCA_E_CANCELLED, 0, message)
		return C.PCA_E_CANCELLED
	}
	s.Write(unsafe.Slice((*byte)(data), int(size)))
	return C.PCA_OK
}

func stream(ca *C.pca_ca, s *sink) error {
	handle := cgo.NewHandle(s)
	defer handle.Delete()
	return verb(func(e *C.pca_error) C.int { return C.crl_stream(ca, C.PCA_FORMAT_PEM, C.uintptr_t(handle), e) })
}

// ---- The quickstart ----

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go_trial WORK")
		os.Exit(2)
	}
	if err := trial(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "go trial: failed:", err)
		os.Exit(1)
	}
	fmt.Println("go trial: ok")
}

func trial(work string) error {
	at := func(name string) string { return filepath.Join(work, name) }
	clock := &clock{}
	clockHandle := cgo.NewHandle(clock)
	defer clockHandle.Delete() // after the region is closed: defers run backwards

	config := C.pca_config_new()
	defer C.pca_config_free(config)
	key := bytes.Repeat([]byte{7}, 32)
	C.pca_config_set_key(config, (*C.uint8_t)(&key[0]), C.size_t(len(key)))
	C.set_clock(config, C.uintptr_t(clockHandle))

	path := C.CString(at("region"))
	defer C.free(unsafe.Pointer(path))
	var region *C.pca_region
	err := verb(func(e *C.pca_error) C.int { return C.pca_region_open(path, config, &region, e) })
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Code != C.PCA_E_NOT_FOUND {
		return fmt.Errorf("an empty directory is no region: %v", err)
	}
	if err := verb(func(e *C.pca_error) C.int {
		return text("go-trial", func(id *C.char) C.int { return C.pca_region_create(path, id, config, &region, e) })
	}); err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			C.pca_region_close(region)
		}
	}()

	var root *C.pca_root
	if err := verb(func(e *C.pca_error) C.int {
		return text("first-boot", func(token *C.char) C.int {
			return C.pca_root_purchase(region, C.PCA_KIND_PRIVATE, C.PCA_FAMILY_ECC, 120, token, &root, e)
		})
	}); err != nil {
		return err
	}
	defer func() { C.pca_root_free(root) }()
	ask := request(commonName("Go Root"), alias("root"), years(10))
	defer C.pca_request_free(ask)
	if err := verb(func(e *C.pca_error) C.int { return C.pca_root_enable(root, ask, e) }); err != nil {
		return err
	}
	var sub *C.pca_sub
	if err := verb(func(e *C.pca_error) C.int { return C.pca_root_default_sub(root, &sub, e) }); err != nil {
		return err
	}
	defer func() { C.pca_sub_free(sub) }()
	ask2 := request(commonName("Go Issuing CA"), alias("issuing"))
	defer C.pca_request_free(ask2)
	if err := verb(func(e *C.pca_error) C.int { return C.pca_sub_enable(sub, ask2, e) }); err != nil {
		return err
	}
	if err := verb(func(e *C.pca_error) C.int {
		return C.pca_root_purchase_certificates(root, 100, nil, nil, e)
	}); err != nil {
		return err
	}
	if err := verb(func(e *C.pca_error) C.int { return C.pca_root_assign(root, sub, 60, C.PCA_ANY, nil, e) }); err != nil {
		return err
	}
	fmt.Println("CA", C.pca_ca_id(C.pca_root_ca(root)), "and CA", C.pca_ca_id(C.pca_sub_ca(sub)))

	// A server certificate for a CSR that openssl made; a client certificate; and many at once.
	if out, err := exec.Command("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		"-keyout", at("server.key"), "-out", at("server.csr"), "-subj", "/CN=go.internal", "-addext",
		"subjectAltName=DNS:go.internal").CombinedOutput(); err != nil {
		return fmt.Errorf("openssl req: %v: %s", err, out)
	}
	pem, err := os.ReadFile(at("server.csr"))
	if err != nil {
		return err
	}
	server, err := issue(sub, kind(C.PCA_CERT_SERVER), csr(pem), years(1))
	if err != nil {
		return err
	}
	defer C.pca_cert_free(server)
	client, err := issue(sub, kind(C.PCA_CERT_CLIENT), commonName("gopher"), years(1))
	if err != nil {
		return err
	}
	defer C.pca_cert_free(client)
	if err := many(sub); err != nil {
		return err
	}

	// A refusal: all of it arrives.
	_, err = issue(sub, kind(C.PCA_CERT_SERVER), dns("a.internal"), dns("b_.internal"), years(1))
	if !errors.As(err, &refusal) || refusal.Code != C.PCA_E_SAN || refusal.Field != "san[1]" {
		return fmt.Errorf("b_.internal: %v", err)
	}
	fmt.Println("refused as it should be:", refusal)

	// Revoke, and the CRL runs through a sink of ours, which may also say no.
	ca := C.pca_sub_ca(sub)
	if err := verb(func(e *C.pca_error) C.int {
		return C.pca_cert_revoke(client, C.PCA_REASON_KEY_COMPROMISE, 0, nil, e)
	}); err != nil {
		return err
	}
	if err := verb(func(e *C.pca_error) C.int { return C.pca_ca_crl_make(ca, e) }); err != nil {
		return err
	}
	crl := &sink{}
	if err := stream(ca, crl); err != nil {
		return err
	}
	whole, err := blob(func(out **C.pca_blob, e *C.pca_error) C.int { return C.pca_ca_crl_get(ca, C.PCA_FORMAT_PEM, out, e) })
	if err != nil {
		return err
	}
	if !bytes.Equal(whole, crl.Bytes()) {
		return errors.New("the streamed CRL differs")
	}
	err = stream(ca, &sink{fail: errors.New("the pipe is blocked")})
	if !errors.As(err, &refusal) || refusal.Code != C.PCA_E_CANCELLED || !strings.Contains(refusal.Text, "blocked") {
		return fmt.Errorf("a failing sink: %v", err)
	}

	// openssl agrees.
	for name, get := range map[string]func(out **C.pca_blob, e *C.pca_error) C.int{
		"server.pem": func(out **C.pca_blob, e *C.pca_error) C.int { return C.pca_cert_pem(server, out, e) },
		"client.pem": func(out **C.pca_blob, e *C.pca_error) C.int { return C.pca_cert_pem(client, out, e) },
		"sub.pem": func(out **C.pca_blob, e *C.pca_error) C.int {
			return C.pca_ca_certificate(ca, C.PCA_FORMAT_PEM, out, e)
		},
		"root.pem": func(out **C.pca_blob, e *C.pca_error) C.int { return C.pca_ca_chain(ca, C.PCA_WITH_ROOT, out, e) },
	} {
		data, err := blob(get)
		if err != nil {
			return err
		}
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			return err
		}
	}
	if err := os.WriteFile(at("sub.crl"), crl.Bytes(), 0o600); err != nil {
		return err
	}
	verify := func(name string) string {
		out, _ := exec.Command("openssl", "verify", "-x509_strict", "-CAfile", at("root.pem"), "-untrusted", at("sub.pem"),
			"-crl_check", "-CRLfile", at("sub.crl"), at(name)).CombinedOutput()
		return string(out)
	}
	if out := verify("server.pem"); !strings.HasSuffix(out, ": OK\n") {
		return fmt.Errorf("openssl verify: %s", out)
	}
	if out := verify("client.pem"); !strings.Contains(out, "certificate revoked") {
		return fmt.Errorf("openssl verify: %s", out)
	}

	// After closing, getters go on and verbs say so.
	C.pca_region_close(region)
	closed = true
	if !strings.HasPrefix(C.GoString(C.pca_cert_subject(client)), "CN=gopher") {
		return errors.New("a getter after close")
	}
	err = verb(func(e *C.pca_error) C.int { return C.pca_ca_crl_make(ca, e) })
	if !errors.As(err, &refusal) || refusal.Code != C.PCA_E_CLOSED {
		return fmt.Errorf("a verb after close: %v", err)
	}
	fmt.Println("clock called", clock.calls.Load(), "times")
	return nil
}

func issue(sub *C.pca_sub, settings ...func(*C.pca_request) C.int) (*C.pca_cert, error) {
	ask := request(settings...)
	defer C.pca_request_free(ask)
	var cert *C.pca_cert
	err := verb(func(e *C.pca_error) C.int { return C.pca_sub_request(sub, ask, &cert, e) })
	return cert, err
}

// many asks from many goroutines at once; each refusal must be the caller's own: its bad name stands at a place of its own.
func many(sub *C.pca_sub) error {
	var group sync.WaitGroup
	problems := make(chan error, 32)
	for i := 0; i < 32; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			place := i / 2 % 9
			settings := []func(*C.pca_request) C.int{kind(C.PCA_CERT_SERVER), years(1)}
			for j := 0; j < place; j++ {
				settings = append(settings, dns(fmt.Sprintf("n%d-%d.internal", i, j)))
			}
			last := "last.internal"
			if i%2 == 1 {
				last = "_.internal"
			}
			cert, err := issue(sub, append(settings, dns(last))...)
			C.pca_cert_free(cert)
			var refusal *Error
			switch {
			case i%2 == 0 && err != nil:
				problems <- err
			case i%2 == 1 && (!errors.As(err, &refusal) || refusal.Field != fmt.Sprintf("san[%d]", place)):
				problems <- fmt.Errorf("a bad name at %d: %v", place, err)
			}
		}(i)
	}
	group.Wait()
	close(problems)
	return <-problems
}
