package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"libpca.org/pca"
)

type client struct {
	t   *testing.T
	url string
	dir string
}

func (c client) dial(name string) *http.Client {
	cert, err := tls.LoadX509KeyPair(filepath.Join(c.dir, name+".pem"), filepath.Join(c.dir, name+".key"))
	if err != nil {
		c.t.Fatal(err)
	}
	root, err := os.ReadFile(filepath.Join(c.dir, "root.pem"))
	if err != nil {
		c.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}}}
}

// get is the status, what was said, and the serial number of the server's certificate; status 0: no connection.
func (c client) get(h *http.Client) (int, string, string) {
	answer, err := h.Get(c.url)
	if err != nil {
		return 0, err.Error(), ""
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(said), answer.TLS.PeerCertificates[0].SerialNumber.String()
}

func TestServer(t *testing.T) {
	dir := t.TempDir()
	region, sub, err := authority(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer region.Close()
	var day int64
	now := func() time.Time { return time.Now().AddDate(0, 0, int(atomic.LoadInt64(&day))) }
	s, err := server(region, sub, &pca.Rotator{Sub: sub, Now: now, Request: pca.Request{Type: pca.Server, IP: []string{"127.0.0.1"}, Days: days}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.ServeTLS(listener, "", "")
	defer s.Close()
	for _, name := range []string{"alice", "bob"} {
		if err := issue(sub, name, dir); err != nil {
			t.Fatal(err)
		}
	}
	c := client{t, "https://" + listener.Addr().String() + "/", dir}
	alice := c.dial("alice")
	status, said, first := c.get(alice)
	if status != 200 || said != "hello, alice\n" {
		t.Fatal(status, said)
	}
	if _, _, same := c.get(c.dial("bob")); same != first {
		t.Error("rotated at once")
	}
	atomic.StoreInt64(&day, 21)
	if status, _, next := c.get(c.dial("bob")); status != 200 || next == first {
		t.Error("not rotated", status)
	}

	// Another program revokes.
	again, _, err := authority(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := revoke(again, "alice"); err != nil {
		t.Fatal(err)
	}
	if status, said, _ := c.get(alice); status != 403 || !strings.Contains(said, "REVOKED") {
		t.Error("an old connection:", status, said)
	}
	if status, said, _ := c.get(c.dial("alice")); status != 0 || !strings.Contains(said, "tls") {
		t.Error("a new connection:", status, said)
	}
	if status, _, _ := c.get(c.dial("bob")); status != 200 {
		t.Error(status)
	}
	if err := revoke(again, "mallory"); err == nil {
		t.Error("revoked what is not there")
	}
	stranger := c.dial("bob")
	stranger.Transport.(*http.Transport).TLSClientConfig.Certificates = nil
	if status, _, _ := c.get(stranger); status != 0 {
		t.Error("let in without a certificate")
	}

	bob := c.dial("bob")
	if status, said, _ := c.get(bob); status != 200 {
		t.Error(status, said)
	}
	if err := sub.Revoke(pca.CACompromise, time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	if status, said, _ := c.get(bob); status != 403 || !strings.Contains(said, "mTLS Issuing CA: REVOKED") {
		t.Error("of a revoked CA:", status, said)
	}
}
