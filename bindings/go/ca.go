package pca

// #include "callbacks.h"
import "C"

import (
	"context"
	"io"
	"time"
)

// moment is a time of C; 0 is the zero time.
func moment(seconds C.int64_t) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// seconds is the reverse.
func seconds(t time.Time) C.int64_t {
	if t.IsZero() {
		return 0
	}
	return C.int64_t(t.Unix())
}

// CA is what a root and a subordinate share.
type CA struct {
	owner  holder
	p      *C.pca_ca
	region *Region
}

func (a *CA) ask(use func(c *call, p *C.pca_ca) C.int) error {
	return ask(a.owner, func(c *call) C.int { return use(c, a.p) })
}

// Root was bought first and signs subordinates only.
type Root struct {
	CA
	h *handle[*C.pca_root]
}

func newRoot(region *Region, use func(c *call, out **C.pca_root) C.int) (*Root, error) {
	return rootOf(region, region.h, use)
}

func rootOf(region *Region, from holder, use func(c *call, out **C.pca_root) C.int) (*Root, error) {
	var p *C.pca_root
	if err := ask(from, func(c *call) C.int { return use(c, &p) }); err != nil {
		return nil, err
	}
	h := own(p, func(p *C.pca_root) { C.pca_root_free(p) }, region)
	return &Root{CA{h, C.pca_root_ca(p), region}, h}, nil
}

// Close frees the handle.
func (r *Root) Close() error { return r.h.Close() }

// Reload is a fresh handle of the root as it is now.
func (r *Root) Reload() (*Root, error) {
	return rootOf(r.region, r.h, func(c *call, out **C.pca_root) C.int { return C.pca_root_reload(r.h.p, out, c.err) })
}

func (r *Root) ask(use func(c *call, p *C.pca_root) C.int) error {
	return ask(r.h, func(c *call) C.int { return use(c, r.h.p) })
}

// Enable makes the key and the self-signed certificate.
func (r *Root) Enable(request Request) error {
	return r.ask(func(c *call, p *C.pca_root) C.int {
		return request.use(c, func(q *C.pca_request) C.int { return C.pca_root_enable(p, q, c.err) })
	})
}

// Renew adds months to the term.
func (r *Root) Renew(months uint64, token string) error {
	return r.ask(func(c *call, p *C.pca_root) C.int {
		return C.pca_root_renew(p, C.uint64_t(months), c.option("token", token), c.err)
	})
}

// PurchaseSub buys a further subordinate, with no certificates.
func (r *Root) PurchaseSub(months uint64, token string) (*Sub, error) {
	return newSub(r.region, r.h, func(c *call, out **C.pca_sub) C.int {
		return C.pca_root_purchase_sub(r.h.p, C.uint64_t(months), c.option("token", token), out, c.err)
	})
}

// DefaultSub is the subordinate that came with the root.
func (r *Root) DefaultSub() (*Sub, error) {
	return newSub(r.region, r.h, func(c *call, out **C.pca_sub) C.int { return C.pca_root_default_sub(r.h.p, out, c.err) })
}

// Receipt of a purchase: of the count, what is to be paid, and what is free of charge.
type Receipt struct{ Count, Billable, Waived uint64 }

// PurchaseCertificates buys certificates.
func (r *Root) PurchaseCertificates(count uint64, token string) (Receipt, error) {
	var p *C.pca_receipt
	if err := r.ask(func(c *call, root *C.pca_root) C.int {
		return C.pca_root_purchase_certificates(root, C.uint64_t(count), c.option("token", token), &p, c.err)
	}); err != nil {
		return Receipt{}, err
	}
	defer C.pca_receipt_free(p)
	return Receipt{uint64(C.pca_receipt_count(p)), uint64(C.pca_receipt_billable(p)), uint64(C.pca_receipt_waived(p))}, nil
}

// Assign sets what a subordinate has left. expected is what the caller last saw there, else ErrBusy; Any for no condition.
func (r *Root) Assign(sub *Sub, remaining, expected uint64, token string) error {
	return with(sub.h, func() error {
		return r.ask(func(c *call, p *C.pca_root) C.int {
			return C.pca_root_assign(p, sub.h.p, C.uint64_t(remaining), C.uint64_t(expected), c.option("token", token), c.err)
		})
	})
}

// Sub issues certificates.
type Sub struct {
	CA
	h    *handle[*C.pca_sub]
	many gatherer
}

func newSub(region *Region, from holder, use func(c *call, out **C.pca_sub) C.int) (*Sub, error) {
	var p *C.pca_sub
	if err := ask(from, func(c *call) C.int { return use(c, &p) }); err != nil {
		return nil, err
	}
	h := own(p, func(p *C.pca_sub) { C.pca_sub_free(p) }, region)
	return &Sub{CA: CA{h, C.pca_sub_ca(p), region}, h: h}, nil
}

// Close frees the handle.
func (s *Sub) Close() error { return s.h.Close() }

// Reload is a fresh handle of the subordinate as it is now.
func (s *Sub) Reload() (*Sub, error) {
	return newSub(s.region, s.h, func(c *call, out **C.pca_sub) C.int { return C.pca_sub_reload(s.h.p, out, c.err) })
}

func (s *Sub) ask(use func(c *call, p *C.pca_sub) C.int) error {
	return ask(s.h, func(c *call) C.int { return use(c, s.h.p) })
}

// Enable makes the key, and the certificate under its root.
func (s *Sub) Enable(request Request) error {
	return s.ask(func(c *call, p *C.pca_sub) C.int {
		return request.use(c, func(q *C.pca_request) C.int { return C.pca_sub_enable(p, q, c.err) })
	})
}

// EnableUnder is Enable under another subordinate of its root.
func (s *Sub) EnableUnder(parent Authority, request Request) error {
	return with(parent.ca().owner, func() error {
		return s.ask(func(c *call, p *C.pca_sub) C.int {
			return request.use(c, func(q *C.pca_request) C.int { return C.pca_sub_enable_under(p, parent.ca().p, q, c.err) })
		})
	})
}

// Renew adds months to the term of one that was bought by itself.
func (s *Sub) Renew(months uint64, token string) error {
	return s.ask(func(c *call, p *C.pca_sub) C.int {
		return C.pca_sub_renew(p, C.uint64_t(months), c.option("token", token), c.err)
	})
}

// Parent is the subordinate above it. ErrNotFound: the root is.
func (s *Sub) Parent() (*Sub, error) {
	return newSub(s.region, s.h, func(c *call, out **C.pca_sub) C.int { return C.pca_sub_parent(s.h.p, out, c.err) })
}

// Root is its root.
func (s *Sub) Root() (*Root, error) {
	return rootOf(s.region, s.h, func(c *call, out **C.pca_root) C.int { return C.pca_sub_root(s.h.p, out, c.err) })
}

// Certificate of the CA, PEM or DER. ErrState: not enabled yet.
func (a *CA) Certificate(format Format) ([]byte, error) { return a.CertificateAt(0, format) }

// CertificateAt is that of a key generation; 0: the present one.
func (a *CA) CertificateAt(generation uint64, format Format) ([]byte, error) {
	return blob(a.owner, func(c *call, out **C.pca_blob) C.int {
		return C.pca_ca_certificate_at(a.p, C.uint64_t(generation), C.int(format), out, c.err)
	})
}

// Chain is the CA's certificate and those above it in PEM, the root's too with WithRoot.
func (a *CA) Chain(flags Flags) ([]byte, error) {
	return blob(a.owner, func(c *call, out **C.pca_blob) C.int { return C.pca_ca_chain(a.p, C.int(flags), out, c.err) })
}

// Reissue makes another certificate for the same key.
func (a *CA) Reissue(request Request) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return request.use(c, func(q *C.pca_request) C.int { return C.pca_ca_reissue(p, q, c.err) })
	})
}

// Rekey makes a new key with a certificate of its own.
func (a *CA) Rekey(request Request) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return request.use(c, func(q *C.pca_request) C.int { return C.pca_ca_rekey(p, q, c.err) })
	})
}

// SetAlias sets the label; "" removes it.
func (a *CA) SetAlias(alias string) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int { return C.pca_ca_set_alias(p, c.text("alias", alias), c.err) })
}

// SetTag sets a tag.
func (a *CA) SetTag(key, value string) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_tag_set(p, c.text("key", key), c.text("value", value), c.err)
	})
}

// DeleteTag takes a tag away.
func (a *CA) DeleteTag(key string) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int { return C.pca_ca_tag_set(p, c.text("key", key), nil, c.err) })
}

// Tags of the CA.
func (a *CA) Tags() map[string]string {
	return look(a.owner, a.p, func(p *C.pca_ca) map[string]string {
		tags := map[string]string{}
		for i := C.uint64_t(0); i < C.pca_ca_tag_count(p); i++ {
			key := C.pca_ca_tag_at(p, i)
			tags[C.GoString(key)] = C.GoString(C.pca_ca_tag(p, key))
		}
		return tags
	})
}

// Disable: it stops issuing and goes on revoking and publishing.
func (a *CA) Disable() error {
	return a.ask(func(c *call, p *C.pca_ca) C.int { return C.pca_ca_disable(p, c.err) })
}

// Resume takes Disable back.
func (a *CA) Resume() error {
	return a.ask(func(c *call, p *C.pca_ca) C.int { return C.pca_ca_resume(p, c.err) })
}

// Revoke is for ever. invalidity: since when the key is suspected; the zero time for unknown.
func (a *CA) Revoke(reason Reason, invalidity time.Time, token string) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_revoke(p, C.int(reason), seconds(invalidity), c.option("token", token), c.err)
	})
}

// SetCRL says where the CRL is served and its period from now on; nil and 0 leave as it is, "" takes away.
func (a *CA) SetCRL(url *string, days uint64) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_set_crl(p, c.pointer("url", url), C.uint64_t(days), c.err)
	})
}

// SetURLs says likewise where its OCSP responder answers and where its certificate is.
func (a *CA) SetURLs(ocsp, issuer *string) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_set_urls(p, c.pointer("ocsp_url", ocsp), c.pointer("issuer_url", issuer), c.err)
	})
}

func (c *call) pointer(field string, s *string) *C.char {
	if s == nil {
		return nil
	}
	return c.text(field, *s)
}

// MakeCRL makes and stores the next complete CRL of each key generation.
func (a *CA) MakeCRL() error {
	return a.ask(func(c *call, p *C.pca_ca) C.int { return C.pca_ca_crl_make(p, c.err) })
}

// CRL is the newest CRL. ErrNotFound: none was made yet. generation 0: of the present key.
func (a *CA) CRL(generation uint64, format Format) ([]byte, error) {
	return blob(a.owner, func(c *call, out **C.pca_blob) C.int {
		return C.pca_ca_crl_get_at(a.p, C.uint64_t(generation), C.int(format), out, c.err)
	})
}

// WriteCRL writes the newest CRL to w, piece by piece. The context may end it: ErrCancelled.
func (a *CA) WriteCRL(ctx context.Context, w io.Writer, generation uint64, format Format) error {
	to := &lentWriter{ctx: ctx, w: w}
	return because(to.why, a.ask(func(c *call, p *C.pca_ca) C.int {
		return lend(to, func(sink C.uintptr_t) C.int {
			return C.pcaGo_crl_stream(p, C.uint64_t(generation), C.int(format), sink, c.err)
		})
	}))
}

// WriteCRLFile writes the newest CRL into a file that is replaced at once.
func (a *CA) WriteCRLFile(path string, generation uint64, format Format) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_crl_write_at(p, C.uint64_t(generation), C.int(format), c.text("path", path), c.err)
	})
}

// CRLInfo is about a CRL.
type CRLInfo struct {
	Number, Entries        uint64
	ThisUpdate, NextUpdate time.Time
}

// CRLInfo is about the newest CRL of a key generation; 0: the present one.
func (a *CA) CRLInfo(generation uint64) (CRLInfo, error) {
	var number, entries C.uint64_t
	var this, next C.int64_t
	if err := a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_crl_info_at(p, C.uint64_t(generation), &number, &this, &next, &entries, c.err)
	}); err != nil {
		return CRLInfo{}, err
	}
	return CRLInfo{uint64(number), uint64(entries), moment(this), moment(next)}, nil
}

// CertBySerial finds a certificate that this CA issued, by its serial number in hexadecimal, or in decimal as "dec:123".
func (a *CA) CertBySerial(serial string) (*Cert, error) {
	return newCert(a.region, a.owner, func(c *call, out **C.pca_cert) C.int {
		return C.pca_ca_cert_by_serial(a.p, c.text("serial", serial), out, c.err)
	})
}

// ID is unique in the region and never used again.
func (a *CA) ID() uint64 {
	return look(a.owner, a.p, func(p *C.pca_ca) uint64 { return uint64(C.pca_ca_id(p)) })
}

// ParentID is the id of the CA above; 0 for a root.
func (a *CA) ParentID() uint64 {
	return look(a.owner, a.p, func(p *C.pca_ca) uint64 { return uint64(C.pca_ca_parent_id(p)) })
}

// RootID is the id of its root.
func (a *CA) RootID() uint64 {
	return look(a.owner, a.p, func(p *C.pca_ca) uint64 { return uint64(C.pca_ca_root_id(p)) })
}

// Kind is private or compliance.
func (a *CA) Kind() Kind {
	return look(a.owner, a.p, func(p *C.pca_ca) Kind { return Kind(C.pca_ca_kind(p)) })
}

// Family is that of its keys.
func (a *CA) Family() Family {
	return look(a.owner, a.p, func(p *C.pca_ca) Family { return Family(C.pca_ca_family(p)) })
}

// State is where it is in its life.
func (a *CA) State() State {
	return look(a.owner, a.p, func(p *C.pca_ca) State { return State(C.pca_ca_state(p)) })
}

// Alias is its label, unique in the region.
func (a *CA) Alias() string {
	return look(a.owner, a.p, func(p *C.pca_ca) string { return C.GoString(C.pca_ca_alias(p)) })
}

// ServiceStart is when the service that was bought begins.
func (a *CA) ServiceStart() time.Time {
	return look(a.owner, a.p, func(p *C.pca_ca) time.Time { return moment(C.pca_ca_service_start(p)) })
}

// ServiceEnd is when it is over.
func (a *CA) ServiceEnd() time.Time {
	return look(a.owner, a.p, func(p *C.pca_ca) time.Time { return moment(C.pca_ca_service_end(p)) })
}

// Months of the present unbroken term.
func (a *CA) Months() uint64 {
	return look(a.owner, a.p, func(p *C.pca_ca) uint64 { return uint64(C.pca_ca_months(p)) })
}

// KeyAlgorithm of its present key.
func (a *CA) KeyAlgorithm() KeyAlgorithm {
	return look(a.owner, a.p, func(p *C.pca_ca) KeyAlgorithm { return KeyAlgorithm(C.pca_ca_key_algorithm(p)) })
}

// Subject as RFC 4514 writes it.
func (a *CA) Subject() string {
	return look(a.owner, a.p, func(p *C.pca_ca) string { return C.GoString(C.pca_ca_subject(p)) })
}

// Serial is its serial number in hexadecimal.
func (a *CA) Serial() string {
	return look(a.owner, a.p, func(p *C.pca_ca) string { return C.GoString(C.pca_ca_serial(p)) })
}

// NotBefore is when its certificate begins.
func (a *CA) NotBefore() time.Time {
	return look(a.owner, a.p, func(p *C.pca_ca) time.Time { return moment(C.pca_ca_not_before(p)) })
}

// NotAfter is when its certificate ends.
func (a *CA) NotAfter() time.Time {
	return look(a.owner, a.p, func(p *C.pca_ca) time.Time { return moment(C.pca_ca_not_after(p)) })
}

// CRLURL is where its CRL is served.
func (a *CA) CRLURL() string {
	return look(a.owner, a.p, func(p *C.pca_ca) string { return C.GoString(C.pca_ca_crl_url(p)) })
}

// CRLDays is the period of its CRL.
func (a *CA) CRLDays() uint64 {
	return look(a.owner, a.p, func(p *C.pca_ca) uint64 { return uint64(C.pca_ca_crl_days(p)) })
}

// OCSPURL is where its OCSP responder answers.
func (a *CA) OCSPURL() string {
	return look(a.owner, a.p, func(p *C.pca_ca) string { return C.GoString(C.pca_ca_ocsp_url(p)) })
}

// IssuerURL is where its certificate is.
func (a *CA) IssuerURL() string {
	return look(a.owner, a.p, func(p *C.pca_ca) string { return C.GoString(C.pca_ca_issuer_url(p)) })
}

// PathLength is how many CAs may follow below; -1: not limited, or not enabled yet.
func (a *CA) PathLength() int {
	return look(a.owner, a.p, func(p *C.pca_ca) int { return int(C.pca_ca_path_length(p)) })
}

// Generation is the number of its present key.
func (a *CA) Generation() uint64 {
	return look(a.owner, a.p, func(p *C.pca_ca) uint64 { return uint64(C.pca_ca_generation(p)) })
}

// RevokedAt is when it was revoked; zero while it is not.
func (a *CA) RevokedAt() time.Time {
	return look(a.owner, a.p, func(p *C.pca_ca) time.Time { return moment(C.pca_ca_revoked_at(p)) })
}

// Reason is why it was revoked.
func (a *CA) Reason() Reason {
	return look(a.owner, a.p, func(p *C.pca_ca) Reason { return Reason(C.pca_ca_reason(p)) })
}

// Remaining is how many certificates were bought and not assigned.
func (r *Root) Remaining() uint64 {
	return look(r.h, r.h.p, func(p *C.pca_root) uint64 { return uint64(C.pca_root_remaining(p)) })
}

// Purchased is how many were bought so far.
func (r *Root) Purchased() uint64 {
	return look(r.h, r.h.p, func(p *C.pca_root) uint64 { return uint64(C.pca_root_purchased(p)) })
}

// Billable is how many of those are to be paid.
func (r *Root) Billable() uint64 {
	return look(r.h, r.h.p, func(p *C.pca_root) uint64 { return uint64(C.pca_root_billable(p)) })
}

// Waived is how many of those are free of charge.
func (r *Root) Waived() uint64 {
	return look(r.h, r.h.p, func(p *C.pca_root) uint64 { return uint64(C.pca_root_waived(p)) })
}

// Remaining is how many certificates it has left.
func (s *Sub) Remaining() uint64 {
	return look(s.h, s.h.p, func(p *C.pca_sub) uint64 { return uint64(C.pca_sub_remaining(p)) })
}

// Reserved is how many are held by requests that wait.
func (s *Sub) Reserved() uint64 {
	return look(s.h, s.h.p, func(p *C.pca_sub) uint64 { return uint64(C.pca_sub_reserved(p)) })
}

// Issued is how many it has issued.
func (s *Sub) Issued() uint64 {
	return look(s.h, s.h.p, func(p *C.pca_sub) uint64 { return uint64(C.pca_sub_issued(p)) })
}
