package pca

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"runtime/pprof"
	"sync"
	"testing"
	"time"
)

// interrupt is a clock that does something once while a call is under way.
type interrupt struct {
	mu sync.Mutex
	do func()
}

func (i *interrupt) now() (time.Time, error) {
	i.mu.Lock()
	do := i.do
	i.do = nil
	i.mu.Unlock()
	if do != nil {
		do()
	}
	return time.Now(), nil
}

func (i *interrupt) set(do func()) {
	i.mu.Lock()
	i.do = do
	i.mu.Unlock()
}

// within fails a test that hangs.
func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error(what, "does not come back")
	}
}

func TestLentMemoryIsWiped(t *testing.T) {
	c := &call{}
	defer c.free()
	c.text("passphrase", "secret")
	c.option("password", "secret")
	c.octets([]byte("secret"))
	if len(c.lent) != 3 {
		t.Fatal(len(c.lent))
	}
	c.wipe()
	for _, m := range c.lent {
		if !bytes.Equal(m.octets(), make([]byte, 6)) {
			t.Errorf("%q is left", m.octets())
		}
	}
}

// While a call of the region's or of one of its CAs is in a callback, the region is closed: the callback's own calls come back, the
// call in progress ends well, and then Close does.
func TestCloseDuringACallback(t *testing.T) {
	for name, verb := range map[string]func(*Region, *Sub) error{
		"region": func(r *Region, _ *Sub) error { _, err := r.RunDue(1); return err },
		"sub": func(_ *Region, s *Sub) error {
			_, err := s.Request(context.Background(), Request{Type: Client, CommonName: "late", Days: 1})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &interrupt{}
			region, sub := aCA(t, Config{Clock: clock.now})
			closed := make(chan struct{})
			clock.set(func() {
				go func() { region.Close(); close(closed) }()
				for _, err := region.Policy("short_lived"); err == nil; _, err = region.Policy("short_lived") {
					time.Sleep(time.Millisecond)
				}
				if err := region.Check(); !errors.Is(err, ErrClosed) || region.ID() != "" {
					t.Error(err, region.ID())
				}
			})
			done := make(chan struct{})
			go func() {
				if err := verb(region, sub); err != nil {
					t.Error(err)
				}
				close(done)
			}()
			within(t, "the call", done)
			within(t, "Close", closed)
		})
	}
}

// However many goroutines wait for a commit, they do not make a thread each.
func TestThreadsAreBounded(t *testing.T) {
	region, _ := aCA(t, Config{})
	threads := pprof.Lookup("threadcreate")
	before := threads.Count()
	var wait sync.WaitGroup
	for i := 0; i < 1000; i++ {
		wait.Add(1)
		go func(value int64) {
			defer wait.Done()
			if err := region.SetPolicy("short_lived", value); err != nil {
				t.Error(err)
			}
		}(int64(i % 2))
	}
	wait.Wait()
	if made := threads.Count() - before; made > MaxCalls+32 {
		t.Error(made, "threads")
	}
}

// A view has the clock though the region that it was made of is closed.
func TestAViewOutlivesItsRegion(t *testing.T) {
	clock := &interrupt{}
	region, sub := aCA(t, Config{Clock: clock.now, Actor: "ada"})
	view, err := region.As("bob")
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	region.Close()
	if _, err := region.As("eve"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	asked := false
	clock.set(func() { asked = true })
	mine, err := view.Sub(sub.ID())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := mine.Request(context.Background(), Request{Type: Client, CommonName: "viewed", Days: 1})
	if err != nil || cert.Requester() != "bob" || !asked {
		t.Error(err, cert.Requester(), asked)
	}
}

// full is a writer whose error says "no error".
type full struct{}

func (full) Write([]byte) (int, error) { return 0, Code(0) }

func TestACodeThatIsNone(t *testing.T) {
	_, sub := aCA(t, Config{})
	if err := sub.MakeCRL(); err != nil {
		t.Fatal(err)
	}
	if err := sub.WriteCRL(context.Background(), full{}, 0, DER); !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
}

// Requests that no C can be given fail alone, and a certificate lives until it is closed, whatever became of those beside it.
func TestOneBadRequestAmongMany(t *testing.T) {
	region, sub := aCA(t, Config{})
	requests := []Request{
		{Type: Client, CommonName: "zero", Days: 1},
		{Type: Client, CommonName: "not\x00one", Days: 1},
		{Type: Client, CommonName: "two", Days: 1},
		{Type: Client, CommonName: "three", Days: 1, PublicKey: (*ecdsa.PublicKey)(nil)},
		{Type: Client, CommonName: "four"},
		{Type: Client, CommonName: "five", Days: 1, PublicKey: "no key"},
	}
	results := sub.RequestMany(context.Background(), requests)
	for i, want := range []error{nil, ErrInvalid, nil, ErrInvalid, ErrValidity, ErrInvalid} {
		if !errors.Is(results[i].Err, want) || (want == nil) != (results[i].Cert != nil) {
			t.Errorf("%d: %v", i, results[i])
		}
	}
	var refused *Error
	if !errors.As(results[3].Err, &refused) || refused.Field != "public_key" {
		t.Error(results[3].Err)
	}
	if results[0].Cert == nil || results[2].Cert == nil {
		t.FailNow()
	}
	results[0].Cert.Close()
	region.Close()
	if results[0].Cert.Subject() != "" || results[2].Cert.Subject() != "CN=two" || results[2].Cert.Status() != StatusIssued {
		t.Error(results[0].Cert.Subject(), results[2].Cert.Subject())
	}
	results[2].Cert.Close()

	for _, result := range sub.RequestMany(context.Background(), requests[1:2]) {
		if !errors.Is(result.Err, ErrInvalid) { // though nothing was sent
			t.Error(result.Err)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, result := range sub.RequestMany(ended, requests) {
		if result.Err != context.Canceled {
			t.Error(result.Err)
		}
	}
	if _, err := sub.Request(ended, requests[0]); err != context.Canceled {
		t.Error(err)
	}
	if _, err := sub.Request(context.Background(), requests[3]); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

// A context that ends while a request waits for others takes it back.
func TestAWaitingRequestIsTakenBack(t *testing.T) {
	clock := &interrupt{}
	_, sub := aCA(t, Config{Clock: clock.now})
	ask := Request{Type: Client, CommonName: "waits", Days: 1}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	clock.set(func() { // the first is under way
		go func() {
			if _, err := sub.Request(ctx, ask); err != context.Canceled {
				t.Error(err)
			}
			close(done)
		}()
		for waiting := 0; waiting == 0; time.Sleep(time.Millisecond) {
			sub.many.mu.Lock()
			waiting = len(sub.many.waiting)
			sub.many.mu.Unlock()
		}
		cancel()
		within(t, "the one that waits", done)
	})
	if _, err := sub.Request(context.Background(), ask); err != nil {
		t.Error(err)
	}
	if again, err := sub.Reload(); err != nil || again.Issued() != 1 {
		t.Error(err, again.Issued())
	}
}

func TestACRLIsCancelled(t *testing.T) {
	_, sub := aCA(t, Config{})
	if err := sub.MakeCRL(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := sub.WriteCRL(ctx, &bytes.Buffer{}, 0, DER)
	if !errors.Is(err, ErrCancelled) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Those that shake hands while the next certificate is made are served the last one.
func TestRotationHoldsNobodyUp(t *testing.T) {
	clock := &interrupt{}
	_, sub := aCA(t, Config{Clock: clock.now})
	var mu sync.Mutex
	day := 0
	rotator := &Rotator{Sub: sub, Request: Request{Type: Server, DNS: []string{"db.example"}, Days: 30}, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().AddDate(0, 0, day)
	}}
	later := func(to int) { mu.Lock(); day = to; mu.Unlock() }
	hello := &tls.ClientHelloInfo{}
	first, err := rotator.GetCertificate(hello)
	if err != nil {
		t.Fatal(err)
	}
	later(25)
	done := make(chan struct{})
	clock.set(func() {
		go func() {
			if same, err := rotator.GetCertificate(hello); err != nil || same != first {
				t.Error(err)
			}
			close(done)
		}()
		within(t, "a second handshake", done)
	})
	second, err := rotator.GetCertificate(hello)
	if err != nil || second == first {
		t.Fatal(err)
	}
	if err := sub.Disable(); err != nil {
		t.Fatal(err)
	}
	if same, err := rotator.GetCertificate(hello); err != nil || same != second {
		t.Error("the old one does not serve while a new one is refused:", err)
	}
	later(31)
	if _, err := rotator.GetCertificate(hello); !errors.Is(err, ErrState) {
		t.Error(err)
	}
}
