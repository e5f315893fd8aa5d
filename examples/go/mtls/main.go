// An mTLS server that is its own CA. Its certificate is made when it is first needed and anew before it ends; clients show one of the
// same CA, and one that is revoked is refused from that moment on.
//
//	mtls DIRECTORY serve [ADDRESS]     says where; ADDRESS: 127.0.0.1:8443
//	mtls DIRECTORY issue NAME          NAME.pem, NAME.key and root.pem in DIRECTORY
//	mtls DIRECTORY revoke NAME         while the server runs
//
//	curl --cacert DIRECTORY/root.pem --cert DIRECTORY/NAME.pem --key DIRECTORY/NAME.key https://127.0.0.1:8443/
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"libpca.org/pca"
)

const days = 30 // of a certificate; the server's is renewed after 20

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("mtls DIRECTORY serve [ADDRESS] | issue NAME | revoke NAME")
	}
	region, sub, err := authority(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer region.Close()
	argument := "127.0.0.1:8443"
	if len(os.Args) > 3 {
		argument = os.Args[3]
	}
	switch os.Args[2] {
	case "serve":
		err = serve(region, sub, argument)
	case "issue":
		err = issue(sub, argument, os.Args[1])
	case "revoke":
		err = revoke(region, argument)
	default:
		err = errors.New("serve, issue or revoke")
	}
	if err != nil {
		log.Print(err)
		region.Close()
		os.Exit(1)
	}
}

// secret is what seals the region's keys, made when there is none.
func secret(path string) (string, error) {
	fresh := make([]byte, 32)
	if _, err := rand.Read(fresh); err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		defer file.Close()
		_, err = file.WriteString(hex.EncodeToString(fresh))
	}
	if err == nil {
		err = file.Sync() // before anything is sealed under it
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// authority opens the CA, or makes it; the tokens let a first start that was interrupted go on.
func authority(dir string) (region *pca.Region, sub *pca.Sub, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	passphrase, err := secret(filepath.Join(dir, "passphrase"))
	if err != nil {
		return nil, nil, err
	}
	config := pca.Config{Passphrase: passphrase, Actor: "mtls"}
	region, err = pca.Open(filepath.Join(dir, "ca"), config)
	if errors.Is(err, pca.ErrNotFound) {
		region, err = pca.Create(filepath.Join(dir, "ca"), "mtls", config)
	}
	if err != nil {
		return nil, nil, err
	}
	if sub, err = issuing(region); err != nil {
		region.Close()
	}
	return region, sub, err
}

func issuing(region *pca.Region) (*pca.Sub, error) {
	if sub, err := region.SubByAlias("issuing"); err == nil {
		return sub, nil
	}
	if err := region.SetPolicy("short_lived", 1); err != nil { // less than a year
		return nil, err
	}
	root, err := region.Purchase(pca.Private, pca.ECC, 240, "root")
	if err != nil {
		return nil, err
	}
	if err := root.Enable(pca.Request{CommonName: "mTLS Root", Years: 20}); err != nil && !errors.Is(err, pca.ErrState) {
		return nil, err
	}
	sub, err := root.DefaultSub()
	if err != nil {
		return nil, err
	}
	if err := sub.Enable(pca.Request{CommonName: "mTLS Issuing CA", Years: 10}); err != nil && !errors.Is(err, pca.ErrState) {
		return nil, err
	}
	if _, err := root.PurchaseCertificates(10000, "stock"); err != nil {
		return nil, err
	}
	if err := root.Assign(sub, 10000, pca.Any, "stock"); err != nil {
		return nil, err
	}
	return sub, sub.SetAlias("issuing") // last: whoever finds it finds all of it
}

// server has a certificate that rotates, and lets in whose certificate is good now.
func server(region *pca.Region, sub *pca.Sub, rotator *pca.Rotator) (*http.Server, error) {
	pool, err := sub.Pool()
	if err != nil {
		return nil, err
	}
	hello := func(w http.ResponseWriter, r *http.Request) {
		peer := r.TLS.PeerCertificates[0]
		if err := good(region, peer); err != nil { // a connection may be older than a revocation
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, "hello, %s\n", peer.Subject.CommonName)
	}
	return &http.Server{Handler: http.HandlerFunc(hello), ReadHeaderTimeout: 10 * time.Second, TLSConfig: &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: rotator.GetCertificate, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		VerifyConnection: func(state tls.ConnectionState) error { return good(region, state.PeerCertificates[0]) },
	}}, nil
}

// good asks the region, not a list that is made now and then: neither the certificate nor a CA above it is revoked.
func good(region *pca.Region, peer *x509.Certificate) error {
	cert, err := region.CertByDER(peer.Raw)
	if err != nil {
		return err
	}
	defer cert.Close()
	if cert.Status() != pca.StatusIssued {
		return fmt.Errorf("%s: %v", cert.Subject(), cert.Status())
	}
	sub, err := region.Sub(cert.IssuerID())
	if err != nil {
		return err
	}
	defer sub.Close()
	root, err := sub.Root()
	if err != nil {
		return err
	}
	defer root.Close()
	for _, ca := range []*pca.CA{&sub.CA, &root.CA} {
		if ca.State() == pca.Revoked {
			return fmt.Errorf("%s: %v", ca.Subject(), ca.State())
		}
	}
	return nil
}

func serve(region *pca.Region, sub *pca.Sub, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	s, err := server(region, sub, &pca.Rotator{Sub: sub, Request: pca.Request{Type: pca.Server, IP: []string{host}, Days: days}})
	if err != nil {
		return err
	}
	fmt.Printf("https://%s/\n", listener.Addr())
	return s.ServeTLS(listener, "", "")
}

func issue(sub *pca.Sub, name, dir string) error {
	cert, err := sub.Request(context.Background(), pca.Request{Type: pca.Client, CommonName: name, Alias: name, Days: days})
	if err != nil {
		return err
	}
	return cert.ExportTo(dir, pca.PEM, pca.WithChain|pca.PlainKey, "")
}

func revoke(region *pca.Region, name string) error {
	found := region.Certs(context.Background(), pca.Query{Alias: name, Status: pca.StatusIssued})
	revoked := 0
	for ; found.Next(); revoked++ {
		if err := found.Value().Revoke(pca.Unspecified, time.Time{}, ""); err != nil {
			return err
		}
	}
	if found.Err() == nil && revoked == 0 {
		return fmt.Errorf("%s has no certificate", name)
	}
	return found.Err()
}
