package pca

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync"
	"time"
)

// NewCSR is a certificate signing request (DER), for Request.CSR, signed by a key that stays where it is.
func NewCSR(signer crypto.Signer, template x509.CertificateRequest) ([]byte, error) {
	return x509.CreateCertificateRequest(rand.Reader, &template, signer)
}

// X509 is the certificate.
func (t *Cert) X509() (*x509.Certificate, error) {
	der, err := t.DER()
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// X509 is the CA's certificate.
func (a *CA) X509() (*x509.Certificate, error) {
	der, err := a.Certificate(DER)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// Pool holds the root above the CA, for tls.Config's RootCAs and ClientCAs.
func (a *CA) Pool() (*x509.CertPool, error) {
	chain, err := a.Chain(WithRoot)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(cert.RawIssuer, cert.RawSubject) {
			pool.AddCert(cert)
		}
	}
	return pool, nil
}

// Signer is the certificate's private key. ErrNotExportable: it was not made here.
func (t *Cert) Signer() (crypto.Signer, error) {
	der, err := t.ExportKey(DER, PlainKey, "")
	if err != nil {
		return nil, err
	}
	defer wipe(der)
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("pca: a %T does not sign", key)
	}
	return signer, nil
}

// TLS is the certificate with the CAs above it, without the root, and key, or where that is nil the private key that was made here.
func (t *Cert) TLS(key crypto.Signer) (*tls.Certificate, error) {
	if key == nil {
		var err error
		if key, err = t.Signer(); err != nil {
			return nil, err
		}
	}
	files, err := t.Export(PEM, WithChain, "")
	if err != nil {
		return nil, err
	}
	out := &tls.Certificate{PrivateKey: key}
	for block, rest := pem.Decode(files[0].Data); block != nil; block, rest = pem.Decode(rest) {
		out.Certificate = append(out.Certificate, block.Bytes)
	}
	out.Leaf, err = x509.ParseCertificate(out.Certificate[0])
	return out, err
}

// Rotator backs a tls.Config's GetCertificate by a subordinate: a certificate like Request, made when it is first asked for and
// anew when less than a third of its time is left. While a new one is made, or refused, the old one serves until it ends.
type Rotator struct {
	Sub     *Sub
	Request Request          // without a token, a custom id, or a key of its own
	Now     func() time.Time // nil: time.Now

	mu      sync.Mutex // guards current
	current *tls.Certificate
	making  sync.Mutex // of whoever makes the next
}

// GetCertificate is for tls.Config.
func (o *Rotator) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	current, due := o.look()
	if !due {
		return current, nil
	}
	if !o.making.TryLock() {
		if current != nil {
			return current, nil
		}
		o.making.Lock()
	}
	defer o.making.Unlock()
	if current, due = o.look(); !due { // made meanwhile
		return current, nil
	}
	fresh, err := o.issue(hello.Context())
	if err != nil && current != nil {
		return current, nil
	}
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	o.current = fresh
	o.mu.Unlock()
	return fresh, nil
}

// look says what serves now, nil where nothing does, and whether another is due.
func (o *Rotator) look() (*tls.Certificate, bool) {
	now := time.Now()
	if o.Now != nil {
		now = o.Now()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.current == nil || now.After(o.current.Leaf.NotAfter) {
		return nil, true
	}
	leaf := o.current.Leaf
	return o.current, leaf.NotAfter.Sub(now) <= leaf.NotAfter.Sub(leaf.NotBefore)/3
}

func (o *Rotator) issue(ctx context.Context) (*tls.Certificate, error) {
	if ctx == nil { // a ClientHelloInfo of the caller's own making
		ctx = context.Background()
	}
	cert, err := o.Sub.Request(ctx, o.Request)
	if err != nil {
		return nil, err
	}
	defer cert.Close()
	return cert.TLS(nil)
}
