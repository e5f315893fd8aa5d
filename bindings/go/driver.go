package pca

// #include "callbacks.h"
import "C"

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"runtime/cgo"
	"time"
	"unsafe"
)

// KeyWrapper wraps the key under which a region seals its private keys, by a key that never leaves the host's TPM, HSM or key service.
type KeyWrapper interface {
	Wrap(key []byte) ([]byte, error)       // 32 octets into at most 4096; key is wiped afterwards
	Unwrap(wrapped []byte) ([]byte, error) // the reverse; what it gives is wiped afterwards. ErrLocked: it was not wrapped here
}

// KeyContainer is a driver of hardware tokens or HSMs, in which private keys are made and stay, under the name by which Request.Driver
// means it.
type KeyContainer struct {
	Name        string // 1 to 64 of a-z 0-9 and -
	Driver      ContainerDriver
	MaxSessions uint32        // at once; 0: any number
	Timeout     time.Duration // the longest that one call takes, up to 10 minutes; 0: 10 seconds
	SignForm    SignForm      // 0: SignDigest
}

// ContainerDriver reaches tokens in slots, texts that only the driver reads. Its failures are DeviceError, PINError, or errors that wrap
// a Code; any other is ErrDevice. It and its sessions are called from any goroutine, and may call the library.
type ContainerDriver interface {
	Probe(slot string) (bool, error)        // whether a token is there
	Open(slot, pin string) (Session, error) // shows the PIN, "" where none was given
}

// Session with a token, used by one goroutine at a time. The library names the keys, each name once. It may be an
// EnvelopeImporter besides.
type Session interface {
	Generate(key string, algorithm KeyAlgorithm) error // a pair that never leaves the token
	// EC and SM2: the point, 04 and the coordinates in full length. RSA: RSAPublicKey in DER.
	PublicKey(key string) ([]byte, error)
	// EC and SM2: r and s, each in the length of the curve. RSA: PKCS#1 v1.5. The data is what KeyContainer.SignForm says.
	Sign(key string, algorithm KeyAlgorithm, data []byte) ([]byte, error)
	ImportCertificate(key string, use CertificateUse, der []byte) error // puts it beside the key
	Close() error
}

// EnvelopeImporter is a session that takes the encryption key of an SM2 pair: SM2EnvelopedKey in DER (GM/T 0009 7.4).
type EnvelopeImporter interface {
	ImportEnveloped(key string, envelope []byte) error
}

// DeviceError is a driver's failure, with the device's own number.
func DeviceError(number int, message string) *Error {
	return &Error{Code: ErrDevice, Message: message, DeviceCode: number, TriesLeft: -1}
}

// PINError is a driver's refusal of a PIN: so many more tries, 0 where it is locked, -1 where that is not known.
func PINError(triesLeft int, message string) *Error {
	return &Error{Code: ErrPIN, Message: message, TriesLeft: triesLeft}
}

// SignerStore makes and finds keys that sign: those of a key service, or of a package for PKCS#11.
type SignerStore interface {
	Present(slot string) (bool, error)
	Login(slot, pin string) error
	Generate(slot, key string, algorithm KeyAlgorithm) (crypto.Signer, error)
	Find(slot, key string) (crypto.Signer, error)
}

// SignerDriver is a driver whose keys are a store's: ECDSA on the curves of KeyAlgorithm, and RSA. SignForm is SignDigest.
func SignerDriver(store SignerStore) ContainerDriver { return signerDriver{store} }

type signerDriver struct{ store SignerStore }

type signerSession struct {
	store SignerStore
	slot  string
}

func (d signerDriver) Probe(slot string) (bool, error) { return d.store.Present(slot) }

func (d signerDriver) Open(slot, pin string) (Session, error) {
	return signerSession{d.store, slot}, d.store.Login(slot, pin)
}

func (s signerSession) Close() error { return nil }

// ImportCertificate keeps none: the region has it.
func (s signerSession) ImportCertificate(string, CertificateUse, []byte) error { return nil }

func (s signerSession) Generate(key string, algorithm KeyAlgorithm) error {
	if algorithm == KeySM2 {
		return fmt.Errorf("%w: no SM2 key is a crypto.Signer", ErrUnsupported)
	}
	_, err := s.store.Generate(s.slot, key, algorithm)
	return err
}

func (s signerSession) PublicKey(key string) ([]byte, error) {
	signer, err := s.store.Find(s.slot, key)
	if err != nil {
		return nil, err
	}
	switch public := signer.Public().(type) {
	case *rsa.PublicKey:
		return x509.MarshalPKCS1PublicKey(public), nil
	case *ecdsa.PublicKey:
		size := (public.Params().BitSize + 7) / 8
		return append([]byte{4}, twice(public.X, public.Y, size)...), nil
	default:
		return nil, fmt.Errorf("%w: a %T", ErrUnsupported, public)
	}
}

// twice is two numbers, each in so many octets.
func twice(a, b *big.Int, size int) []byte {
	out := make([]byte, 2*size)
	a.FillBytes(out[:size])
	b.FillBytes(out[size:])
	return out
}

// hashes by the length of their digests, which tells those apart that the library uses.
var hashes = map[int]crypto.Hash{32: crypto.SHA256, 48: crypto.SHA384, 64: crypto.SHA512}

func (s signerSession) Sign(key string, _ KeyAlgorithm, digest []byte) ([]byte, error) {
	signer, err := s.store.Find(s.slot, key)
	if err != nil {
		return nil, err
	}
	signature, err := signer.Sign(rand.Reader, digest, hashes[len(digest)])
	public, isECDSA := signer.Public().(*ecdsa.PublicKey)
	if err != nil || !isECDSA {
		return signature, err
	}
	var read struct{ R, S *big.Int } // ECDSA-Sig-Value (RFC 3279 2.2.3)
	if _, err := asn1.Unmarshal(signature, &read); err != nil {
		return nil, err
	}
	order := public.Params().N
	if read.R.Sign() <= 0 || read.S.Sign() <= 0 || read.R.Cmp(order) >= 0 || read.S.Cmp(order) >= 0 {
		return nil, fmt.Errorf("%w: what %T signs is no signature", ErrCrypto, signer)
	}
	return twice(read.R, read.S, (order.BitLen()+7)/8), nil
}

// ---- Tables ----

// host is what callbacks need while a region or a view of it is open.
type host struct {
	views   int64
	handles []cgo.Handle
}

func (h *host) keep(value any) C.uintptr_t {
	handle := cgo.NewHandle(value)
	h.handles = append(h.handles, handle)
	return C.uintptr_t(handle)
}

func (h *host) forget() {
	for _, handle := range h.handles {
		handle.Delete()
	}
	h.handles = nil
}

// tables are the parts of a configuration that are the host's code.
func (c *Config) tables(in *call, config *C.pca_config, host *host) {
	if c.Clock != nil {
		C.pcaGo_set_clock(config, host.keep(c.Clock))
	}
	if c.Entropy != nil {
		C.pcaGo_set_entropy(config, host.keep(c.Entropy))
	}
	if c.TestRandom != nil {
		C.pcaGo_set_test_random(config, host.keep(c.TestRandom))
	}
	if c.KeyWrapper != nil {
		C.pcaGo_set_key_wrapper(config, host.keep(c.KeyWrapper))
	}
	for _, k := range c.Containers {
		timeout, form := k.Timeout, k.SignForm
		if timeout == 0 {
			timeout = 10 * time.Second
		}
		if form == 0 {
			form = SignDigest
		}
		milliseconds := timeout.Milliseconds()
		if milliseconds < 0 || milliseconds > math.MaxUint32 {
			milliseconds = math.MaxUint32 // which the library refuses
		}
		C.pcaGo_add_container(config, in.text("container", k.Name), C.uint32_t(k.MaxSessions), C.uint32_t(milliseconds), C.int(form),
			host.keep(k.Driver))
	}
}

func octetsOf(data *C.uint8_t, size C.size_t) []byte {
	return C.GoBytes(unsafe.Pointer(data), C.int(size))
}

// give puts octets into a buffer of C's that has so much room.
func give(given []byte, out *C.uint8_t, size *C.size_t) error {
	if len(given) > int(*size) {
		return fmt.Errorf("there is room for %d octets, and %d are given", *size, len(given))
	}
	copy(unsafe.Slice((*byte)(out), int(*size)), given)
	*size = C.size_t(len(given))
	return nil
}

//export pcaGoFill
func pcaGoFill(handle C.uintptr_t, buffer *C.uint8_t, size C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		piece := make([]byte, size)
		defer wipe(piece)
		if _, failure := io.ReadFull(cgo.Handle(handle).Value().(io.Reader), piece); failure != nil {
			return failure
		}
		return give(piece, buffer, &size)
	})
}

//export pcaGoWrap
func pcaGoWrap(handle C.uintptr_t, key *C.uint8_t, size C.size_t, wrapped *C.uint8_t, wrappedSize *C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		plain := octetsOf(key, size)
		defer wipe(plain)
		made, failure := cgo.Handle(handle).Value().(KeyWrapper).Wrap(plain)
		if failure != nil {
			return failure
		}
		return give(made, wrapped, wrappedSize)
	})
}

//export pcaGoUnwrap
func pcaGoUnwrap(handle C.uintptr_t, wrapped *C.uint8_t, wrappedSize C.size_t, key *C.uint8_t, size C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		plain, failure := cgo.Handle(handle).Value().(KeyWrapper).Unwrap(octetsOf(wrapped, wrappedSize))
		if failure != nil {
			return failure
		}
		defer wipe(plain)
		if len(plain) != int(size) {
			return fmt.Errorf("%w: the key has %d octets, and %d were unwrapped", ErrLocked, size, len(plain))
		}
		return give(plain, key, &size)
	})
}

//export pcaGoProbe
func pcaGoProbe(handle C.uintptr_t, slot *C.char, present *C.int, err *C.pca_error) C.int {
	return answer(err, func() error {
		there, failure := cgo.Handle(handle).Value().(ContainerDriver).Probe(C.GoString(slot))
		if failure == nil {
			*present = truth(there)
		}
		return failure
	})
}

//export pcaGoOpen
func pcaGoOpen(handle C.uintptr_t, slot, pin *C.char, session *C.uintptr_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		opened, failure := cgo.Handle(handle).Value().(ContainerDriver).Open(C.GoString(slot), C.GoString(pin))
		if failure != nil {
			return failure
		}
		if opened == nil {
			return errors.New("the driver opened no session")
		}
		*session = C.uintptr_t(cgo.NewHandle(opened))
		return nil
	})
}

func sessionOf(handle C.uintptr_t) Session { return cgo.Handle(handle).Value().(Session) }

//export pcaGoGenerate
func pcaGoGenerate(session C.uintptr_t, key *C.char, algorithm C.int, err *C.pca_error) C.int {
	return answer(err, func() error { return sessionOf(session).Generate(C.GoString(key), KeyAlgorithm(algorithm)) })
}

//export pcaGoPublicKey
func pcaGoPublicKey(session C.uintptr_t, key *C.char, out *C.uint8_t, size *C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		public, failure := sessionOf(session).PublicKey(C.GoString(key))
		if failure != nil {
			return failure
		}
		return give(public, out, size)
	})
}

//export pcaGoSign
func pcaGoSign(session C.uintptr_t, key *C.char, algorithm C.int, data *C.uint8_t, dataSize C.size_t, out *C.uint8_t, size *C.size_t,
	err *C.pca_error) C.int {
	return answer(err, func() error {
		signature, failure := sessionOf(session).Sign(C.GoString(key), KeyAlgorithm(algorithm), octetsOf(data, dataSize))
		if failure != nil {
			return failure
		}
		return give(signature, out, size)
	})
}

//export pcaGoImportCertificate
func pcaGoImportCertificate(session C.uintptr_t, key *C.char, use C.int, der *C.uint8_t, size C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		return sessionOf(session).ImportCertificate(C.GoString(key), CertificateUse(use), octetsOf(der, size))
	})
}

//export pcaGoImportEnveloped
func pcaGoImportEnveloped(session C.uintptr_t, key *C.char, envelope *C.uint8_t, size C.size_t, err *C.pca_error) C.int {
	return answer(err, func() error {
		importer, ok := sessionOf(session).(EnvelopeImporter)
		if !ok {
			return fmt.Errorf("%w: the container takes no encryption key", ErrUnsupported)
		}
		return importer.ImportEnveloped(C.GoString(key), octetsOf(envelope, size))
	})
}

//export pcaGoClose
func pcaGoClose(session C.uintptr_t) {
	answer(nil, func() error { return sessionOf(session).Close() })
	cgo.Handle(session).Delete()
}
