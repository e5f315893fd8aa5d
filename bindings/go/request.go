package pca

// #include "callbacks.h"
import "C"

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Request is what is asked for, for a CA and for a leaf. What is zero is not asked for; pca.h says what each means.
type Request struct {
	Type                                                     CertType
	CommonName, Organization, Unit, Country, State, Locality string
	BareSubject                                              bool // nothing of the subject comes from the CA
	PersonalName, SystemAccount                              string
	DNS, IP, Email, URI                                      []string
	EKU                                                      []string // object identifiers
	Policies                                                 []CertPolicy
	SubjectOIDs                                              []Attribute
	Extensions                                               []Extension
	Days, Months, Years                                      int64 // one form of validity, or:
	NotBefore, NotAfter                                      time.Time
	Longest                                                  bool
	KeyAlgorithm                                             KeyAlgorithm
	CSR                                                      []byte           // PKCS#10, PEM or DER
	PublicKey                                                crypto.PublicKey // that the caller vouches for; a Signer's Public()
	UseCSRSubject, UseCSRSAN                                 bool
	Driver, Slot, PIN                                        string // or the key is made in a KeyContainer, from which it never comes out
	Dual                                                     *bool  // an SM2 pair; nil: for keys in a container
	CRLAddress                                               *bool
	Alias, CustomID, Token                                   string
	CRLURL, OCSPURL, IssuerURL                               string
	CRLDays                                                  uint64
	PathLength                                               *uint64
	Permitted, Excluded                                      []SAN
}

// CertPolicy is a certificate policy with the URI of its practice statement, or "".
type CertPolicy struct{ OID, CPS string }

// Attribute is a further one of the subject.
type Attribute struct{ OID, Text string }

// Extension is one of the caller's own; Value is DER.
type Extension struct {
	OID      string
	Critical bool
	Value    []byte
}

// fill sets what is asked for; what the library refuses it reports by the verb.
func (r *Request) fill(c *call, q *C.pca_request) {
	text := func(field, s string, set func(*C.char) C.int) {
		if s != "" {
			set(c.text(field, s))
		}
	}
	texts := func(field string, list []string, add func(*C.char) C.int) {
		for _, s := range list {
			add(c.text(field, s))
		}
	}
	if r.Type != 0 {
		C.pca_request_set_type(q, C.int(r.Type))
	}
	if r.BareSubject {
		C.pca_request_set_organization(q, c.text("organization", ""))
	}
	text("common_name", r.CommonName, func(s *C.char) C.int { return C.pca_request_set_common_name(q, s) })
	text("organization", r.Organization, func(s *C.char) C.int { return C.pca_request_set_organization(q, s) })
	text("unit", r.Unit, func(s *C.char) C.int { return C.pca_request_set_unit(q, s) })
	text("country", r.Country, func(s *C.char) C.int { return C.pca_request_set_country(q, s) })
	text("state", r.State, func(s *C.char) C.int { return C.pca_request_set_state(q, s) })
	text("locality", r.Locality, func(s *C.char) C.int { return C.pca_request_set_locality(q, s) })
	text("personal_name", r.PersonalName, func(s *C.char) C.int { return C.pca_request_set_personal_name(q, s) })
	text("system_account", r.SystemAccount, func(s *C.char) C.int { return C.pca_request_set_system_account(q, s) })
	texts("dns", r.DNS, func(s *C.char) C.int { return C.pca_request_add_dns(q, s) })
	texts("ip", r.IP, func(s *C.char) C.int { return C.pca_request_add_ip(q, s) })
	texts("email", r.Email, func(s *C.char) C.int { return C.pca_request_add_email(q, s) })
	texts("uri", r.URI, func(s *C.char) C.int { return C.pca_request_add_uri(q, s) })
	texts("eku", r.EKU, func(s *C.char) C.int { return C.pca_request_add_eku(q, s) })
	for _, p := range r.Policies {
		C.pca_request_add_policy(q, c.text("policy", p.OID), c.option("cps", p.CPS))
	}
	for _, a := range r.SubjectOIDs {
		C.pca_request_add_subject_oid(q, c.text("oid", a.OID), c.text("subject", a.Text))
	}
	for _, e := range r.Extensions {
		C.pca_request_add_extension(q, c.text("oid", e.OID), truth(e.Critical), c.octets(e.Value), C.size_t(len(e.Value)))
	}
	r.fillValidity(q)
	r.fillKey(c, q)
	if r.CRLAddress != nil {
		C.pca_request_set_crl_address(q, truth(*r.CRLAddress))
	}
	text("alias", r.Alias, func(s *C.char) C.int { return C.pca_request_set_alias(q, s) })
	text("custom_id", r.CustomID, func(s *C.char) C.int { return C.pca_request_set_custom_id(q, s) })
	text("token", r.Token, func(s *C.char) C.int { return C.pca_request_set_token(q, s) })
	text("crl_url", r.CRLURL, func(s *C.char) C.int { return C.pca_request_set_crl_url(q, s) })
	text("ocsp_url", r.OCSPURL, func(s *C.char) C.int { return C.pca_request_set_ocsp_url(q, s) })
	text("issuer_url", r.IssuerURL, func(s *C.char) C.int { return C.pca_request_set_issuer_url(q, s) })
	if r.CRLDays != 0 {
		C.pca_request_set_crl_days(q, C.uint64_t(r.CRLDays))
	}
	if r.PathLength != nil {
		C.pca_request_set_path_length(q, C.uint64_t(*r.PathLength))
	}
	for _, n := range r.Permitted {
		C.pca_request_add_permitted(q, C.int(n.Type), c.text("permitted", n.Text))
	}
	for _, n := range r.Excluded {
		C.pca_request_add_excluded(q, C.int(n.Type), c.text("excluded", n.Text))
	}
}

func (r *Request) fillValidity(q *C.pca_request) {
	if r.Days != 0 {
		C.pca_request_set_days(q, C.int64_t(r.Days))
	}
	if r.Months != 0 {
		C.pca_request_set_months(q, C.int64_t(r.Months))
	}
	if r.Years != 0 {
		C.pca_request_set_years(q, C.int64_t(r.Years))
	}
	if !r.NotBefore.IsZero() || !r.NotAfter.IsZero() {
		C.pca_request_set_dates(q, seconds(r.NotBefore), seconds(r.NotAfter))
	}
	if r.Longest {
		C.pca_request_set_longest(q)
	}
}

func (r *Request) fillKey(c *call, q *C.pca_request) {
	if r.KeyAlgorithm != 0 {
		C.pca_request_set_key_algorithm(q, C.int(r.KeyAlgorithm))
	}
	if r.CSR != nil {
		C.pca_request_set_csr(q, c.octets(r.CSR), C.size_t(len(r.CSR)))
	}
	if r.PublicKey != nil {
		spki, err := marshal(r.PublicKey)
		if err != nil {
			panic(&Error{Code: ErrInvalid, Object: "request", Field: "public_key", Message: err.Error(), TriesLeft: -1})
		}
		C.pca_request_set_public_key(q, c.octets(spki), C.size_t(len(spki)))
	}
	if r.Driver != "" || r.Slot != "" {
		C.pca_request_set_container(q, c.text("driver", r.Driver), c.text("slot", r.Slot))
	}
	if r.PIN != "" {
		C.pca_request_set_pin(q, c.text("pin", r.PIN))
	}
	if r.Dual != nil {
		C.pca_request_set_dual(q, truth(*r.Dual))
	}
	if r.UseCSRSubject {
		C.pca_request_use_csr_subject(q)
	}
	if r.UseCSRSAN {
		C.pca_request_use_csr_san(q)
	}
}

// marshal makes an error of the panic that a nil key of some types is: requests that are gathered are filled in another goroutine.
func marshal(key crypto.PublicKey) (spki []byte, err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("a %T that is no key: %v", key, what)
		}
	}()
	return x509.MarshalPKIXPublicKey(key)
}

// tryFill is fill, with an error where a value is none that C can take.
func (r *Request) tryFill(c *call, q *C.pca_request) (err error) {
	defer refused(&err)
	r.fill(c, q)
	return nil
}

func (r *Request) use(c *call, use func(q *C.pca_request) C.int) C.int {
	q := C.pca_request_new()
	defer C.pca_request_free(q)
	r.fill(c, q)
	return use(q)
}

// Result is how one request of many fared.
type Result struct {
	Cert *Cert
	Err  error
}

// maxMany is how many requests pca_sub_request_many takes.
const maxMany = 256

// RequestMany asks for certificates, 256 in each durable change. An error in a Result is that of its request. What a context that
// ends finds not begun has its error.
func (s *Sub) RequestMany(ctx context.Context, requests []Request) []Result {
	results := make([]Result, 0, len(requests))
	for len(requests) > 0 {
		if err := ctx.Err(); err != nil {
			for range requests {
				results = append(results, Result{Err: err})
			}
			return results
		}
		n := len(requests)
		if n > maxMany {
			n = maxMany
		}
		results = append(results, s.requestMany(requests[:n])...)
		requests = requests[n:]
	}
	return results
}

func (s *Sub) requestMany(requests []Request) []Result {
	results := make([]Result, len(requests))
	var p *C.pca_results
	var sent []int // those that C can take
	err := s.ask(func(c *call, sub *C.pca_sub) C.int {
		list := C.malloc(C.size_t(len(requests)) * C.size_t(pointerSize))
		defer C.free(list)
		array := pointers(list, len(requests))
		for i := range requests {
			q := C.pca_request_new()
			defer C.pca_request_free(q)
			if results[i].Err = requests[i].tryFill(c, q); results[i].Err == nil {
				array[len(sent)] = q
				sent = append(sent, i)
			}
		}
		if len(sent) == 0 {
			return C.PCA_OK
		}
		return C.pca_sub_request_many(sub, (**C.pca_request)(list), C.uint64_t(len(sent)), &p, c.err)
	})
	if err != nil {
		for i := range results {
			if results[i].Err == nil {
				results[i].Err = err
			}
		}
		return results
	}
	// The certificates are in the results, which are freed with the last of them.
	users := int64(1)
	release := func() {
		if atomic.AddInt64(&users, -1) == 0 {
			C.pca_results_free(p)
		}
	}
	defer release()
	for n, i := range sent {
		if code := C.pca_results_code_at(p, C.uint64_t(n)); code != C.PCA_OK {
			results[i].Err = refusal(Code(code), C.pca_results_error_at(p, C.uint64_t(n)))
			continue
		}
		cert := C.pca_results_cert_at(p, C.uint64_t(n))
		atomic.AddInt64(&users, 1)
		results[i].Cert = &Cert{own(cert, func(*C.pca_cert) { release() }, s.region), cert, s.region}
	}
	return results
}

// gatherer makes one call of many that come while one is under way.
type gatherer struct {
	mu      sync.Mutex
	busy    bool
	waiting []*waiter
}

type waiter struct {
	request Request
	done    chan Result
}

// Request issues a certificate, or on a compliance CA asks for one. Calls that come while others are under way are gathered into
// one durable change, but for those that a token works on. A context that ends first takes back what has not begun; what has begun is
// waited for.
func (s *Sub) Request(ctx context.Context, request Request) (*Cert, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if request.Driver != "" {
		return newCert(s.region, s.h, func(c *call, out **C.pca_cert) C.int {
			return request.use(c, func(q *C.pca_request) C.int { return C.pca_sub_request(s.h.p, q, out, c.err) })
		})
	}
	w := &waiter{request, make(chan Result, 1)}
	g := &s.many
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	if !g.busy {
		g.busy = true
		go s.gather()
	}
	g.mu.Unlock()
	select {
	case r := <-w.done:
		return r.Cert, r.Err
	case <-ctx.Done():
	}
	if g.takeBack(w) {
		return nil, ctx.Err()
	}
	r := <-w.done
	return r.Cert, r.Err
}

func (g *gatherer) takeBack(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.waiting {
		if g.waiting[i] == w {
			g.waiting = append(g.waiting[:i:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// next is what waits, at most as many as one call takes; none: the gathering ends.
func (g *gatherer) next() []*waiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := len(g.waiting)
	if n > maxMany {
		n = maxMany
	}
	batch := g.waiting[:n:n]
	g.waiting = append([]*waiter(nil), g.waiting[n:]...)
	g.busy = n > 0
	return batch
}

func (s *Sub) gather() {
	for batch := s.many.next(); len(batch) > 0; batch = s.many.next() {
		requests := make([]Request, len(batch))
		for i, w := range batch {
			requests[i] = w.request
		}
		for i, result := range s.requestMany(requests) {
			batch[i].done <- result
		}
	}
}

// Finding is what a lint saw. Severity 1: a note; 2: an error, which refuses the certificate.
type Finding struct {
	Name, Field, Message string
	Severity             int
}

// Check makes the same checks without spending anything: what the lints saw, and the certificate (DER) as it would be, without a
// signature; nil where its token was used already.
func (s *Sub) Check(request Request) ([]Finding, []byte, error) {
	var p *C.pca_findings
	if err := s.ask(func(c *call, sub *C.pca_sub) C.int {
		return request.use(c, func(q *C.pca_request) C.int { return C.pca_sub_check_request(sub, q, &p, c.err) })
	}); err != nil {
		return nil, nil, err
	}
	defer C.pca_findings_free(p)
	list := make([]Finding, int(C.pca_findings_count(p)))
	for i := range list {
		n := C.uint64_t(i)
		list[i] = Finding{C.GoString(C.pca_findings_name(p, n)), C.GoString(C.pca_findings_field(p, n)),
			C.GoString(C.pca_findings_message(p, n)), int(C.pca_findings_severity(p, n))}
	}
	der, err := blob(s.h, func(c *call, out **C.pca_blob) C.int {
		return C.pca_findings_certificate(p, C.PCA_FORMAT_DER, out, c.err)
	})
	if err != nil {
		der = nil
	}
	return list, der, nil
}
