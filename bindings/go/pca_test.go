package pca

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// aCA is a region with an issuing CA that has 500 certificates.
func aCA(t testing.TB, config Config) (*Region, *Sub) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	config.InsecurePlainKeys = true
	region, err := Create(filepath.Join(t.TempDir(), "region"), "go", config)
	must(err)
	t.Cleanup(func() { region.Close() })
	root, err := region.Purchase(Private, ECC, 120, "")
	must(err)
	must(root.Enable(Request{CommonName: "Go Root"}))
	sub, err := root.DefaultSub()
	must(err)
	must(sub.Enable(Request{CommonName: "Go Issuing CA"}))
	_, err = root.PurchaseCertificates(1000, "")
	must(err)
	must(root.Assign(sub, 500, Any, ""))
	must(region.SetPolicy("short_lived", 1))
	sub, err = sub.Reload()
	must(err)
	return region, sub
}

// oneGoroutine is for what the race detector has nothing to say about.
func oneGoroutine(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine")
	}
}

func TestManyGoroutinesAreGathered(t *testing.T) {
	region, sub := aCA(t, Config{})
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	var wait sync.WaitGroup
	for i := 0; i < 300; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			name := fmt.Sprintf("n%d.example", i)
			if i == 7 {
				name = "not\x00aname" // refused before C, and none of those beside it
			}
			cert, err := sub.Request(context.Background(), Request{Type: Server, CommonName: name, Days: 30, PublicKey: key.Public()})
			if i == 7 {
				if !errors.Is(err, ErrInvalid) {
					t.Errorf("a NUL: %v", err)
				}
			} else if err != nil {
				t.Error(err)
			} else if cert.Subject() != "CN="+name {
				t.Errorf("%s is for %s", name, cert.Subject())
			}
		}(i)
	}
	wait.Wait()
	seen := map[uint64]bool{}
	it := region.Certs(context.Background(), Query{Limit: 100})
	for it.Next() {
		seen[it.Value().ID()] = true
	}
	if it.Err() != nil || len(seen) != 299 {
		t.Errorf("%d certificates: %v", len(seen), it.Err())
	}
}

func TestErrors(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none"), Config{InsecurePlainKeys: true})
	var refused *Error
	if !errors.Is(err, ErrNotFound) || errors.Is(err, ErrExists) || !errors.As(err, &refused) || refused.Message == "" {
		t.Error(err)
	}
	region, sub := aCA(t, Config{})
	_, err = sub.Request(context.Background(), Request{Type: Server, DNS: []string{"a.example", "b_.example"}, Days: 1})
	if !errors.As(err, &refused) || refused.Code != ErrSAN || refused.Field != "san[1]" {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := region.Backup(ctx, &bytes.Buffer{}); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
	if err := region.Close(); err != nil {
		t.Error(err)
	}
	if err := region.Check(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := sub.Disable(); !errors.Is(err, ErrClosed) || sub.Subject() != "CN=Go Issuing CA" {
		t.Error(err, sub.Subject())
	}
	sub.Close()
	if err := sub.Disable(); !errors.Is(err, ErrClosed) || sub.Subject() != "" {
		t.Error(err, sub.Subject())
	}
}

func TestCallbacks(t *testing.T) {
	broken := false
	region, sub := aCA(t, Config{Clock: func() (time.Time, error) {
		if broken {
			panic("no clock")
		}
		return time.Now(), nil
	}})
	var backup bytes.Buffer
	if err := region.Backup(context.Background(), &backup); err != nil {
		t.Fatal(err)
	}
	again, err := Restore(context.Background(), filepath.Join(t.TempDir(), "again"), &backup, Config{InsecurePlainKeys: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if found, err := again.Sub(sub.ID()); err != nil || found.Subject() != sub.Subject() {
		t.Error(err)
	}
	if err := sub.MakeCRL(); err != nil {
		t.Fatal(err)
	}
	var crl bytes.Buffer
	if err := sub.WriteCRL(context.Background(), &crl, 0, DER); err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(crl.Bytes())
	issuer, _ := sub.X509()
	if err != nil || list.CheckSignatureFrom(issuer) != nil {
		t.Error(err)
	}
	broken = true
	if _, err := sub.Request(context.Background(), Request{Type: Server, CommonName: "a.example", Days: 1}); !errors.Is(err, ErrClock) {
		t.Error(err)
	}
}

func TestForgottenHandlesAreFreed(t *testing.T) {
	region, sub := aCA(t, Config{})
	for i := 0; i < 50; i++ {
		if _, err := region.Sub(sub.ID()); err != nil {
			t.Fatal(err)
		}
	}
	freed := make(chan bool)
	func() {
		probe := own(1, func(int) { close(freed) }, region)
		_ = probe
	}()
	for i := 0; i < 50; i++ {
		runtime.GC()
		select {
		case <-freed:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("a forgotten handle is not freed")
}

// The server's certificate comes from the region and rotates; clients are checked against the region.
func TestMutualTLS(t *testing.T) {
	_, sub := aCA(t, Config{})
	pool, err := sub.Pool()
	if err != nil {
		t.Fatal(err)
	}
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	csr, err := NewCSR(key, x509.CertificateRequest{Subject: pkix.Name{CommonName: "gopher"}})
	if err != nil {
		t.Fatal(err)
	}
	client, err := sub.Request(context.Background(), Request{Type: Client, CSR: csr, UseCSRSubject: true, Days: 30})
	if err != nil {
		t.Fatal(err)
	}
	own, err := client.TLS(key)
	if err != nil {
		t.Fatal(err)
	}
	day := 0
	rotator := &Rotator{Sub: sub, Request: Request{Type: Server, DNS: []string{"db.example"}, Days: 30},
		Now: func() time.Time { return time.Now().AddDate(0, 0, day) }}
	shake := func() string {
		near, far := net.Pipe()
		go func() {
			server := tls.Server(far, &tls.Config{GetCertificate: rotator.GetCertificate, ClientCAs: pool,
				ClientAuth: tls.RequireAndVerifyClientCert})
			if server.Handshake() == nil {
				server.Write([]byte(server.ConnectionState().PeerCertificates[0].Subject.CommonName))
			}
			server.Close()
		}()
		conn := tls.Client(near, &tls.Config{RootCAs: pool, ServerName: "db.example", Certificates: []tls.Certificate{*own}})
		name := make([]byte, 6)
		if _, err := conn.Read(name); err != nil || string(name) != "gopher" {
			t.Fatal(string(name), err)
		}
		near.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := shake()
	if shake() != first {
		t.Error("rotated too soon")
	}
	day = 25
	if shake() == first {
		t.Error("not rotated")
	}
}
