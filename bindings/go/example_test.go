package pca_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"libpca.org/pca"
)

var ctx = context.Background()

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// demo is a region in a directory of its own, with a CA that may issue 100 certificates, and what takes it away.
func demo(config pca.Config) (*pca.Region, *pca.Sub, func()) {
	dir := must(os.MkdirTemp("", "pca"))
	config.InsecurePlainKeys = true
	region := must(pca.Create(filepath.Join(dir, "ca"), "demo", config))
	check(region.SetPolicy("short_lived", 1))
	root := must(region.Purchase(pca.Private, pca.ECC, 120, ""))
	check(root.Enable(pca.Request{CommonName: "Example Root"}))
	sub := must(root.DefaultSub())
	check(sub.Enable(pca.Request{CommonName: "Example Issuing CA"}))
	must(root.PurchaseCertificates(90, ""))
	check(root.Assign(sub, 100, pca.Any, ""))
	return region, must(sub.Reload()), func() { region.Close(); os.RemoveAll(dir) }
}

// A CA from nothing to its first certificate.
func Example() {
	dir := must(os.MkdirTemp("", "pca"))
	defer os.RemoveAll(dir)
	region := must(pca.Create(filepath.Join(dir, "ca"), "demo", pca.Config{Passphrase: "correct horse battery staple"}))
	defer region.Close()

	root := must(region.Purchase(pca.Private, pca.ECC, 120, ""))
	check(root.Enable(pca.Request{CommonName: "Example Root", Years: 10}))
	sub := must(root.DefaultSub())
	check(sub.Enable(pca.Request{CommonName: "Example Issuing CA"}))

	cert := must(sub.Request(context.Background(), pca.Request{Type: pca.Server, CommonName: "db.internal", Years: 1}))
	fmt.Println(cert.Status(), cert.SANs())
	check(cert.ExportTo(dir, pca.PEM, pca.WithChain|pca.PlainKey, ""))
	for _, name := range must(filepath.Glob(filepath.Join(dir, "*.*"))) {
		fmt.Println(filepath.Base(name))
	}
	// Output:
	// ISSUED [{DNS db.internal}]
	// db.internal.key
	// db.internal.pem
	// root.pem
}

// The key stays with its owner, who shows that he has it by a CSR.
func ExampleSub_Request() {
	_, sub, done := demo(pca.Config{})
	defer done()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	csr := must(pca.NewCSR(key, x509.CertificateRequest{Subject: pkix.Name{CommonName: "gopher"}}))

	cert := must(sub.Request(ctx, pca.Request{Type: pca.Client, CSR: csr, UseCSRSubject: true, Days: 30, Token: "gopher-2027"}))
	again := must(sub.Request(ctx, pca.Request{Type: pca.Client, CSR: csr, UseCSRSubject: true, Days: 30, Token: "gopher-2027"}))
	fmt.Println(cert.Subject(), cert.Container(), cert.ID() == again.ID())
	fmt.Println(key.PublicKey.Equal(must(cert.X509()).PublicKey))
	// Output:
	// CN=gopher CSR true
	// true
}

// Up to 256 are one durable change; a refused one does not touch the others.
func ExampleSub_RequestMany() {
	_, sub, done := demo(pca.Config{})
	defer done()
	var requests []pca.Request
	for _, name := range []string{"sensor-1", "sensor-2", ""} {
		requests = append(requests, pca.Request{Type: pca.Client, CommonName: name, Days: 30})
	}
	for _, result := range sub.RequestMany(ctx, requests) {
		if result.Err != nil {
			fmt.Println(result.Err)
		} else {
			fmt.Println(result.Cert.Subject())
		}
	}
	// Output:
	// CN=sensor-1
	// CN=sensor-2
	// PCA_E_NAME: request: a common name is required unless an alternative name is given
}

func ExampleError() {
	_, sub, done := demo(pca.Config{})
	defer done()
	_, err := sub.Request(ctx, pca.Request{Type: pca.Server, DNS: []string{"a.internal", "*.com."}, Days: 90})
	var refused *pca.Error
	if errors.Is(err, pca.ErrSAN) && errors.As(err, &refused) {
		fmt.Println(refused.Field)
		fmt.Println(refused.Message)
	}
	// Output:
	// san[1]
	// a DNS name has an empty label, a leading dot or a trailing dot
}

// Revoking is true at once; the CRL is made when you say so.
func ExampleCert_Revoke() {
	_, sub, done := demo(pca.Config{})
	defer done()
	cert := must(sub.Request(ctx, pca.Request{Type: pca.Client, CommonName: "lost", Days: 30}))
	check(cert.Revoke(pca.KeyCompromise, time.Time{}, ""))
	check(sub.MakeCRL())

	list := must(x509.ParseRevocationList(must(sub.CRL(0, pca.DER))))
	check(list.CheckSignatureFrom(must(sub.X509())))
	fmt.Println(must(cert.Reload()).Status(), len(list.RevokedCertificates))
	// Output:
	// REVOKED 1
}

// From Go 1.23 on: for cert, err := range region.Certs(ctx, query).All()
func ExampleRegion_Certs() {
	region, sub, done := demo(pca.Config{})
	defer done()
	for _, name := range []string{"one", "two", "three"} {
		must(sub.Request(ctx, pca.Request{Type: pca.Client, CommonName: name, Days: 30}))
	}
	it := region.Certs(ctx, pca.Query{Issuer: sub.ID(), Status: pca.StatusIssued})
	for it.Next() {
		fmt.Println(it.Value().Subject())
	}
	check(it.Err())
	// Output:
	// CN=one
	// CN=two
	// CN=three
}

// A server whose certificate comes from the CA, and anew in time; its clients must have one too.
func ExampleRotator() {
	_, sub, done := demo(pca.Config{})
	defer done()
	rotator := &pca.Rotator{Sub: sub, Request: pca.Request{Type: pca.Server, DNS: []string{"db.internal"}, Days: 30}}
	pool := must(sub.Pool())
	server := &tls.Config{GetCertificate: rotator.GetCertificate, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	cert := must(sub.Request(ctx, pca.Request{Type: pca.Client, CommonName: "gopher", Days: 30}))
	client := &tls.Config{ServerName: "db.internal", RootCAs: pool, Certificates: []tls.Certificate{*must(cert.TLS(nil))}}

	near, far := net.Pipe()
	go func() {
		conn := tls.Server(far, server)
		check(conn.Handshake())
		fmt.Fprintf(conn, "hello, %s", conn.ConnectionState().PeerCertificates[0].Subject.CommonName)
		conn.Close()
	}()
	said := make([]byte, 13)
	must(tls.Client(near, client).Read(said))
	fmt.Printf("%s\n", said)
	// Output:
	// hello, gopher
}

// memory is a SignerStore without a PIN, whose keys are in memory. A key service would make and find them by name.
type memory map[string]crypto.Signer

func (m memory) Present(string) (bool, error) { return true, nil }
func (m memory) Login(_, pin string) error    { return nil }
func (m memory) Generate(_, key string, _ pca.KeyAlgorithm) (made crypto.Signer, err error) {
	made, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	m[key] = made
	return made, err
}
func (m memory) Find(_, key string) (crypto.Signer, error) {
	if found := m[key]; found != nil {
		return found, nil
	}
	return nil, pca.DeviceError(0, "no such key")
}

// A root whose key is a crypto.Signer.
func ExampleSignerDriver() {
	keys := memory{}
	region, _, done := demo(pca.Config{Containers: []pca.KeyContainer{{Name: "memory", Driver: pca.SignerDriver(keys)}}})
	defer done()
	check(region.Login("memory", "any", ""))
	root := must(region.Purchase(pca.Private, pca.ECC, 120, ""))
	check(root.Enable(pca.Request{CommonName: "Root of a key service", Driver: "memory", Slot: "any"}))
	cert := must(must(root.Reload()).X509())
	fmt.Println(cert.Subject, cert.CheckSignatureFrom(cert), len(keys))
	// Output:
	// CN=Root of a key service <nil> 1
}

// A whole region as it is at one moment, restored elsewhere.
func ExampleRegion_Backup() {
	region, sub, done := demo(pca.Config{})
	defer done()
	var backup bytes.Buffer
	check(region.Backup(ctx, &backup))

	dir := must(os.MkdirTemp("", "pca"))
	defer os.RemoveAll(dir)
	restored := must(pca.Restore(ctx, filepath.Join(dir, "ca"), &backup, pca.Config{InsecurePlainKeys: true}))
	defer restored.Close()
	fmt.Println(restored.ID(), must(restored.Sub(sub.ID())).Subject())
	// Output:
	// demo CN=Example Issuing CA
}
