package pca

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// store holds keys in memory, as a token would, in slot A under PIN 1234.
type store struct {
	mu    sync.Mutex
	keys  map[string]crypto.Signer
	busy  int // sessions' signatures at once, now and at most
	most  int
	delay time.Duration
}

func (s *store) Present(slot string) (bool, error) {
	if slot == "broken" {
		return false, DeviceError(0x6f00, "the reader is gone")
	}
	return slot == "A", nil
}

func (s *store) Login(slot, pin string) error {
	if pin != "1234" {
		return PINError(2, "a wrong PIN")
	}
	return nil
}

func (s *store) Generate(slot, key string, algorithm KeyAlgorithm) (made crypto.Signer, err error) {
	curves := map[KeyAlgorithm]elliptic.Curve{P256: elliptic.P256(), P384: elliptic.P384(), P521: elliptic.P521()}
	if curve := curves[algorithm]; curve != nil {
		made, err = ecdsa.GenerateKey(curve, rand.Reader)
	} else if algorithm == RSA2048 {
		made, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		err = fmt.Errorf("%w: no %v here", ErrUnsupported, algorithm)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[string]crypto.Signer{}
	}
	s.keys[slot+"/"+key] = made
	return made, nil
}

func (s *store) Find(slot, key string) (crypto.Signer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.keys[slot+"/"+key]; found != nil {
		return counting{found, s}, nil
	}
	return nil, DeviceError(0, "no such key")
}

// counting sees how many of its store sign at once.
type counting struct {
	crypto.Signer
	s *store
}

func (c counting) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	c.s.mu.Lock()
	c.s.busy++
	if c.s.busy > c.s.most {
		c.s.most = c.s.busy
	}
	c.s.mu.Unlock()
	time.Sleep(c.s.delay)
	defer func() { c.s.mu.Lock(); c.s.busy--; c.s.mu.Unlock() }()
	return c.Signer.Sign(random, digest, opts)
}

func TestACertificatesKeyInASigner(t *testing.T) {
	tokens := &store{}
	_, sub := aCA(t, Config{Containers: []KeyContainer{{Name: "mem", Driver: SignerDriver(tokens)}}})
	ask := Request{Type: Client, CommonName: "Ada", Days: 30, Driver: "mem", Slot: "A", PIN: "0000"}
	_, err := sub.Request(context.Background(), ask)
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != ErrPIN || refused.TriesLeft != 2 || refused.Message != "a wrong PIN" {
		t.Errorf("%+v", err)
	}
	ask.PIN = "1234"
	cert, err := sub.Request(context.Background(), ask)
	if err != nil {
		t.Fatal(err)
	}
	read, err := cert.X509()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range tokens.keys {
		if !key.Public().(*ecdsa.PublicKey).Equal(read.PublicKey) {
			t.Error("another key")
		}
	}
	if len(tokens.keys) != 1 || cert.Container() != USBKey || cert.ContainerDriver() != "mem" || cert.ContainerSlot() != "A" {
		t.Error(len(tokens.keys), cert.Container(), cert.ContainerDriver(), cert.ContainerSlot())
	}
	if err := cert.Install("1234"); err != nil {
		t.Error(err)
	}
	if _, err := cert.Signer(); !errors.Is(err, ErrNotExportable) {
		t.Error(err)
	}
	for slot, want := range map[string]string{"B": "slot", "broken": "driver"} {
		ask.Slot = slot
		_, err := sub.Request(context.Background(), ask)
		if !errors.As(err, &refused) || refused.Code != ErrDevice || refused.Field != want || (slot == "broken") != (refused.DeviceCode == 0x6f00) {
			t.Errorf("%s: %+v", slot, err)
		}
	}
	ask.Driver = "none"
	if _, err := sub.Request(context.Background(), ask); !errors.Is(err, ErrDevice) {
		t.Error(err)
	}
}

// CAs of every family that a crypto.Signer has, judged by crypto/x509.
func TestCAsKeysInSigners(t *testing.T) {
	tokens := &store{}
	region, _ := aCA(t, Config{Containers: []KeyContainer{{Name: "mem", Driver: SignerDriver(tokens), Timeout: time.Minute}}})
	if err := region.Login("mem", "A", "1234"); err != nil {
		t.Fatal(err)
	}
	if err := region.Login("mem", "A", "1234"); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	for algorithm, want := range map[KeyAlgorithm]x509.SignatureAlgorithm{P256: x509.ECDSAWithSHA256, P384: x509.ECDSAWithSHA384,
		P521: x509.ECDSAWithSHA512, RSA2048: x509.SHA256WithRSA} {
		family := ECC
		if algorithm == RSA2048 {
			family = RSA
		}
		root, err := region.Purchase(Private, family, 120, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := root.Enable(Request{CommonName: algorithm.String(), KeyAlgorithm: algorithm, Driver: "mem", Slot: "A"}); err != nil {
			t.Fatal(algorithm, err)
		}
		if root, err = root.Reload(); err != nil {
			t.Fatal(err)
		}
		made, err := root.X509()
		if err != nil || made.SignatureAlgorithm != want || made.CheckSignatureFrom(made) != nil {
			t.Error(algorithm, err, made.SignatureAlgorithm, made.CheckSignatureFrom(made))
		}
		if err := root.MakeCRL(); err != nil {
			t.Error(err)
		}
	}
	sm2, _ := region.Purchase(Private, SM2, 120, "")
	if err := sm2.Enable(Request{CommonName: "SM2", Driver: "mem", Slot: "A"}); !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
	if err := region.Logout("mem", "A"); err != nil {
		t.Error(err)
	}
	if err := region.Logout("mem", "A"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// More callers than calls of C there may be, and one session for all: nobody who waits for the session keeps its holder from going on.
func TestCallbacksGoBackThroughAFullGate(t *testing.T) {
	tokens := &store{delay: time.Millisecond}
	region, sub := aCA(t, Config{Containers: []KeyContainer{{Name: "mem", Driver: SignerDriver(tokens), MaxSessions: 1, Timeout: 2 * time.Second}}})
	var wait sync.WaitGroup
	for i := 0; i < MaxCalls+16; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			cert, err := sub.Request(context.Background(), Request{Type: Client, CommonName: "many", Days: 1, Driver: "mem", Slot: "A", PIN: "1234"})
			if err != nil {
				t.Error(err)
			} else {
				cert.Close()
			}
		}()
	}
	wait.Wait()
	if tokens.most != 1 || calls.calls != 0 {
		t.Error(tokens.most, "signed at once; calls that are counted in the end: ", calls.calls)
	}
	region.Close()
}

// raw is a driver that keeps what it is given, and fails as it is told.
type raw struct {
	signerDriver
	session func(Session) Session
}

func (r raw) Open(slot, pin string) (Session, error) {
	session, err := r.signerDriver.Open(slot, pin)
	if err != nil || r.session == nil {
		return session, err
	}
	return r.session(session), nil
}

type broken struct {
	Session
	sign func() ([]byte, error)
}

func (b broken) Sign(string, KeyAlgorithm, []byte) ([]byte, error) { return b.sign() }
func (b broken) Close() error                                      { panic("not even this") }

func TestDriversThatFail(t *testing.T) {
	var session func(Session) Session
	driver := raw{signerDriver{&store{}}, func(s Session) Session { return session(s) }}
	_, sub := aCA(t, Config{Containers: []KeyContainer{{Name: "mem", Driver: driver}}})
	ask := Request{Type: Client, CommonName: "Ada", Days: 30, Driver: "mem", Slot: "A", PIN: "1234"}
	for name, sign := range map[string]func() ([]byte, error){
		"panic":   func() ([]byte, error) { panic("gone") },
		"any":     func() ([]byte, error) { return nil, errors.New("gone") },
		"long":    func() ([]byte, error) { return make([]byte, 5000), nil },
		"invalid": func() ([]byte, error) { return make([]byte, 64), nil },
	} {
		session = func(s Session) Session { return broken{s, sign} }
		if _, err := sub.Request(context.Background(), ask); !errors.Is(err, ErrDevice) {
			t.Error(name, err)
		}
	}
	session = func(s Session) Session { return nil }
	if _, err := sub.Request(context.Background(), ask); !errors.Is(err, ErrDevice) {
		t.Error(err)
	}
	session = func(s Session) Session { return broken{s, func() ([]byte, error) { return nil, ErrUnsupported }} }
	if _, err := sub.Request(context.Background(), ask); !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
	if again, err := sub.Reload(); err != nil || again.Remaining() != 500 || again.Reserved() != 0 {
		t.Error("units are lost", err)
	}
	if _, err := Create(filepath.Join(t.TempDir(), "r"), "r", Config{InsecurePlainKeys: true,
		Containers: []KeyContainer{{Name: "mem", Driver: driver, Timeout: time.Hour}}}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

// sm2 is a session with one SM2 key (GB/T 32918.2), over crypto/elliptic's arithmetic for curves whose a is -3.
type sm2 struct {
	signerSession
	d, x, y  *big.Int
	imported map[CertificateUse][]byte
	envelope []byte
}

func hexadecimal(text string) *big.Int {
	n, _ := new(big.Int).SetString(text, 16)
	return n
}

var sm2Curve = &elliptic.CurveParams{Name: "SM2", BitSize: 256,
	P:  hexadecimal("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF"),
	N:  hexadecimal("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123"),
	B:  hexadecimal("28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"),
	Gx: hexadecimal("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"),
	Gy: hexadecimal("BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0")}

func (s *sm2) Generate(string, KeyAlgorithm) (err error) {
	if s.d, err = rand.Int(rand.Reader, new(big.Int).Sub(sm2Curve.N, big.NewInt(2))); err == nil {
		s.d.Add(s.d, big.NewInt(1))
		s.x, s.y = sm2Curve.ScalarBaseMult(s.d.Bytes())
	}
	return err
}

func (s *sm2) PublicKey(string) ([]byte, error) {
	return append([]byte{4}, twice(s.x, s.y, 32)...), nil
}

func (s *sm2) Sign(_ string, _ KeyAlgorithm, digest []byte) ([]byte, error) {
	n := sm2Curve.N
	k, err := rand.Int(rand.Reader, n)
	if err != nil {
		return nil, err
	}
	x, _ := sm2Curve.ScalarBaseMult(k.Bytes())
	r := new(big.Int).SetBytes(digest)
	r.Mod(r.Add(r, x), n)
	inverse := new(big.Int).ModInverse(new(big.Int).Add(s.d, big.NewInt(1)), n)
	signed := new(big.Int).Mul(r, s.d)
	signed.Mul(signed.Sub(k, signed), inverse)
	return twice(r, signed.Mod(signed, n), 32), nil
}

func (s *sm2) ImportCertificate(_ string, use CertificateUse, der []byte) error {
	s.imported[use] = der
	return nil
}

type sm2Token struct{ *sm2 }

func (s sm2Token) ImportEnveloped(_ string, envelope []byte) error {
	s.envelope = envelope
	return nil
}

func TestAPairInAToken(t *testing.T) {
	key := &sm2{imported: map[CertificateUse][]byte{}}
	session := Session(sm2Token{key})
	driver := raw{signerDriver{&store{}}, func(Session) Session { return session }}
	region, _ := aCA(t, Config{Containers: []KeyContainer{{Name: "gm", Driver: driver}}})
	sub, err := enabled(t, region, Private, SM2, "SM2 Root").DefaultSub()
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.Enable(Request{CommonName: "SM2 Issuing CA"}); err != nil {
		t.Fatal(err)
	}
	cert, err := sub.Request(context.Background(), Request{Type: Client, CommonName: "Ada", Years: 1, Driver: "gm", Slot: "A", PIN: "1234"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.Install("1234"); err != nil {
		t.Fatal(err)
	}
	signing, _ := cert.DER()
	encryption, err := cert.EncryptionDER()
	if err != nil || !bytes.Equal(key.imported[CertificateSigning], signing) || !bytes.Equal(key.imported[CertificateEncryption], encryption) ||
		len(key.envelope) == 0 || key.envelope[0] != 0x30 {
		t.Error(err, len(key.imported), len(key.envelope))
	}
	session = key // which takes no envelopes
	if err := cert.Install("1234"); !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
}

// service wraps by adding one to each octet, and fails from then on when it is locked.
type service struct{ locked error }

func (s *service) Wrap(key []byte) ([]byte, error) {
	wrapped := []byte("wrapped:")
	for _, octet := range key {
		wrapped = append(wrapped, octet+1)
	}
	return wrapped, s.locked
}

func (s *service) Unwrap(wrapped []byte) ([]byte, error) {
	key := bytes.TrimPrefix(wrapped, []byte("wrapped:"))
	for i := range key {
		key[i]--
	}
	return key, s.locked
}

// zeros is the host's random.
type sequence struct {
	mu   sync.Mutex
	next byte
	read int
}

func (s *sequence) Read(into []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range into {
		s.next = s.next*5 + 13
		into[i] = s.next
	}
	s.read += len(into)
	return len(into), nil
}

func TestWrapperAndRandom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "region")
	keys, random := &service{}, &sequence{}
	region, err := Create(path, "wrapped", Config{KeyWrapper: keys, Entropy: random})
	if err != nil {
		t.Fatal(err)
	}
	if random.read == 0 {
		t.Error("the entropy was not asked for")
	}
	region.Close()
	keys.locked = errors.New("the service is down")
	if _, err := Open(path, Config{KeyWrapper: keys}); err == nil {
		t.Error("opened without its key")
	}
	keys.locked = ErrLocked
	if _, err := Open(path, Config{KeyWrapper: keys}); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	if _, err := Open(path, Config{Passphrase: "guessed"}); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	keys.locked = nil
	if region, err = Open(path, Config{KeyWrapper: keys}); err != nil {
		t.Fatal(err)
	}
	if err := region.ChangeStorageKey(Config{Key: make([]byte, 32)}); err != nil {
		t.Error(err)
	}
	if err := region.ChangeStorageKey(Config{KeyWrapper: &service{}}); err != nil {
		t.Error(err)
	}
	region.Close()
	// The same random, the same certificate.
	var made [2][]byte
	for i := range made {
		at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		region, err := Create(filepath.Join(t.TempDir(), "region"), "same", Config{InsecurePlainKeys: true, TestRandom: &sequence{},
			Clock: func() (time.Time, error) { return at, nil }})
		if err != nil {
			t.Fatal(err)
		}
		root, err := region.Purchase(Private, ECC, 12, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := root.Enable(Request{CommonName: "Same"}); err != nil {
			t.Fatal(err)
		}
		if root, err = root.Reload(); err != nil {
			t.Fatal(err)
		}
		if made[i], err = root.Certificate(DER); err != nil {
			t.Fatal(err)
		}
		region.Close()
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Error("two certificates of one random differ")
	}
}
