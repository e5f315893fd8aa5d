//go:build go1.23

package pca

import (
	"context"
	"errors"
	"testing"
)

func TestAll(t *testing.T) {
	region, sub := aCA(t, Config{})
	for i := 0; i < 3; i++ {
		if _, err := sub.Request(context.Background(), Request{Type: Client, CommonName: "one of three", Days: 1}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[uint64]bool{}
	for cert, err := range region.Certs(context.Background(), Query{Limit: 2}).All() {
		if err != nil {
			t.Fatal(err)
		}
		seen[cert.ID()] = true
		if len(seen) == 3 {
			break
		}
	}
	if len(seen) != 3 {
		t.Error(seen)
	}
	region.Close()
	errs := 0
	for cert, err := range region.Certs(context.Background(), Query{}).All() {
		if cert != nil || !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		errs++
	}
	if errs != 1 {
		t.Error(errs)
	}
}
