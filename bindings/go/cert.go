package pca

// #include "callbacks.h"
import "C"

import (
	"time"
	"unsafe"
)

// Cert is a certificate or a request for one.
type Cert struct {
	owner  holder
	p      *C.pca_cert
	region *Region
}

func newCert(region *Region, from holder, use func(c *call, out **C.pca_cert) C.int) (*Cert, error) {
	var p *C.pca_cert
	if err := ask(from, func(c *call) C.int { return use(c, &p) }); err != nil {
		return nil, err
	}
	return &Cert{own(p, func(p *C.pca_cert) { C.pca_cert_free(p) }, region), p, region}, nil
}

// Close frees the handle; that of a page closes the page.
func (t *Cert) Close() error { return t.owner.Close() }

// Reload is a fresh handle of the certificate as it is now.
func (t *Cert) Reload() (*Cert, error) {
	return newCert(t.region, t.owner, func(c *call, out **C.pca_cert) C.int { return C.pca_cert_reload(t.p, out, c.err) })
}

func (t *Cert) ask(use func(c *call, p *C.pca_cert) C.int) error {
	return ask(t.owner, func(c *call) C.int { return use(c, t.p) })
}

// DER of the certificate. ErrPending: it waits for its review.
func (t *Cert) DER() ([]byte, error) {
	return blob(t.owner, func(c *call, out **C.pca_blob) C.int { return C.pca_cert_der(t.p, out, c.err) })
}

// PEM of the certificate.
func (t *Cert) PEM() ([]byte, error) {
	return blob(t.owner, func(c *call, out **C.pca_blob) C.int { return C.pca_cert_pem(t.p, out, c.err) })
}

// File is a file of an export.
type File struct {
	Name string
	Data []byte
}

// Export gives the certificate, the chain and the private key as files. A private key comes with a password or with PlainKey.
func (t *Cert) Export(format Format, flags Flags, password string) ([]File, error) {
	var p *C.pca_files
	if err := t.ask(func(c *call, cert *C.pca_cert) C.int {
		return C.pca_cert_export(cert, C.int(format), C.int(flags), c.option("password", password), &p, c.err)
	}); err != nil {
		return nil, err
	}
	defer C.pca_files_free(p)
	files := make([]File, int(C.pca_files_count(p)))
	for i := range files {
		n := C.uint64_t(i)
		files[i] = File{C.GoString(C.pca_files_name(p, n)),
			C.GoBytes(unsafe.Pointer(C.pca_files_data(p, n)), C.int(C.pca_files_size(p, n)))}
	}
	return files, nil
}

// ExportTo writes what Export gives into an existing directory, each file by rename, what is secret 0600.
func (t *Cert) ExportTo(directory string, format Format, flags Flags, password string) error {
	var p *C.pca_files
	if err := t.ask(func(c *call, cert *C.pca_cert) C.int {
		return C.pca_cert_export(cert, C.int(format), C.int(flags), c.option("password", password), &p, c.err)
	}); err != nil {
		return err
	}
	defer C.pca_files_free(p)
	return verb(func(c *call) C.int { return C.pca_files_write(p, c.text("directory", directory), c.err) })
}

// ExportKey gives the private key alone, PKCS#8: encrypted under the password, or plain with PlainKey.
func (t *Cert) ExportKey(format Format, flags Flags, password string) ([]byte, error) {
	return blob(t.owner, func(c *call, out **C.pca_blob) C.int {
		return C.pca_cert_export_key(t.p, C.int(format), C.int(flags), c.option("password", password), out, c.err)
	})
}

// SetAlias sets the label; "" removes it.
func (t *Cert) SetAlias(alias string) error {
	return t.ask(func(c *call, p *C.pca_cert) C.int { return C.pca_cert_set_alias(p, c.text("alias", alias), c.err) })
}

// SetTag sets a tag.
func (t *Cert) SetTag(key, value string) error {
	return t.ask(func(c *call, p *C.pca_cert) C.int {
		return C.pca_cert_tag_set(p, c.text("key", key), c.text("value", value), c.err)
	})
}

// DeleteTag takes a tag away.
func (t *Cert) DeleteTag(key string) error {
	return t.ask(func(c *call, p *C.pca_cert) C.int { return C.pca_cert_tag_set(p, c.text("key", key), nil, c.err) })
}

// Tags of the certificate.
func (t *Cert) Tags() map[string]string {
	return look(t.owner, t.p, func(p *C.pca_cert) map[string]string {
		tags := map[string]string{}
		for i := C.uint64_t(0); i < C.pca_cert_tag_count(p); i++ {
			key := C.pca_cert_tag_at(p, i)
			tags[C.GoString(key)] = C.GoString(C.pca_cert_tag(p, key))
		}
		return tags
	})
}

// Approve approves the request with that digest, as the region's actor.
func (t *Cert) Approve(digest string) error {
	return t.ask(func(c *call, p *C.pca_cert) C.int { return C.pca_cert_approve(p, c.text("digest", digest), c.err) })
}

// Reject rejects a pending request.
func (t *Cert) Reject(reason string) error {
	return t.ask(func(c *call, p *C.pca_cert) C.int { return C.pca_cert_reject(p, c.text("reason", reason), c.err) })
}

// Cancel is by the actor who asked.
func (t *Cert) Cancel() error {
	return t.ask(func(c *call, p *C.pca_cert) C.int { return C.pca_cert_cancel(p, c.err) })
}

// Purge takes a rejected or cancelled request away.
func (t *Cert) Purge() error {
	return t.ask(func(c *call, p *C.pca_cert) C.int { return C.pca_cert_purge(p, c.err) })
}

// Revoke is final. invalidity: since when the key is suspected; the zero time for unknown.
func (t *Cert) Revoke(reason Reason, invalidity time.Time, token string) error {
	return t.ask(func(c *call, p *C.pca_cert) C.int {
		return C.pca_cert_revoke(p, C.int(reason), seconds(invalidity), c.option("token", token), c.err)
	})
}

// Delete destroys a revoked certificate's key, names and bytes.
func (t *Cert) Delete() error {
	return t.ask(func(c *call, p *C.pca_cert) C.int { return C.pca_cert_delete(p, c.err) })
}

// SAN is a subject alternative name.
type SAN struct {
	Type SANType
	Text string
}

// SANs of the certificate.
func (t *Cert) SANs() []SAN {
	return look(t.owner, t.p, func(p *C.pca_cert) []SAN {
		names := make([]SAN, int(C.pca_cert_san_count(p)))
		for i := range names {
			names[i] = SAN{SANType(C.pca_cert_san_type(p, C.uint64_t(i))), C.GoString(C.pca_cert_san_at(p, C.uint64_t(i)))}
		}
		return names
	})
}

// Ignored is what the CSR asked for and did not get, "basicConstraints (2.5.29.19)".
func (t *Cert) Ignored() []string {
	return look(t.owner, t.p, func(p *C.pca_cert) []string {
		list := make([]string, int(C.pca_cert_ignored_count(p)))
		for i := range list {
			list[i] = C.GoString(C.pca_cert_ignored_at(p, C.uint64_t(i)))
		}
		return list
	})
}

// Approval of a request: by whom and when.
type Approval struct {
	By string
	At time.Time
}

// Approvals so far.
func (t *Cert) Approvals() []Approval {
	return look(t.owner, t.p, func(p *C.pca_cert) []Approval {
		list := make([]Approval, int(C.pca_cert_approval_count(p)))
		for i := range list {
			list[i] = Approval{C.GoString(C.pca_cert_approval_by(p, C.uint64_t(i))), moment(C.pca_cert_approval_at(p, C.uint64_t(i)))}
		}
		return list
	})
}

// ID is unique in the region.
func (t *Cert) ID() uint64 {
	return look(t.owner, t.p, func(p *C.pca_cert) uint64 { return uint64(C.pca_cert_id(p)) })
}

// IssuerID is the id of the CA that issued it.
func (t *Cert) IssuerID() uint64 {
	return look(t.owner, t.p, func(p *C.pca_cert) uint64 { return uint64(C.pca_cert_issuer_id(p)) })
}

// Serial is the serial number in lower-case hexadecimal.
func (t *Cert) Serial() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_serial(p)) })
}

// Type is what it is for.
func (t *Cert) Type() CertType {
	return look(t.owner, t.p, func(p *C.pca_cert) CertType { return CertType(C.pca_cert_type(p)) })
}

// Status is where it is in its life.
func (t *Cert) Status() Status {
	return look(t.owner, t.p, func(p *C.pca_cert) Status { return Status(C.pca_cert_status(p)) })
}

// Subject as RFC 4514 writes it.
func (t *Cert) Subject() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_subject(p)) })
}

// NotBefore is when it begins.
func (t *Cert) NotBefore() time.Time {
	return look(t.owner, t.p, func(p *C.pca_cert) time.Time { return moment(C.pca_cert_not_before(p)) })
}

// NotAfter is when it ends.
func (t *Cert) NotAfter() time.Time {
	return look(t.owner, t.p, func(p *C.pca_cert) time.Time { return moment(C.pca_cert_not_after(p)) })
}

// KeyAlgorithm of its key.
func (t *Cert) KeyAlgorithm() KeyAlgorithm {
	return look(t.owner, t.p, func(p *C.pca_cert) KeyAlgorithm { return KeyAlgorithm(C.pca_cert_key_algorithm(p)) })
}

// Container is who holds its private key.
func (t *Cert) Container() Container {
	return look(t.owner, t.p, func(p *C.pca_cert) Container { return Container(C.pca_cert_container(p)) })
}

// ContainerDriver is the driver of the token where its key is.
func (t *Cert) ContainerDriver() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_container_driver(p)) })
}

// ContainerSlot is the slot of the token where its key is.
func (t *Cert) ContainerSlot() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_container_slot(p)) })
}

// InstalledAt is when it was written to the token.
func (t *Cert) InstalledAt() time.Time {
	return look(t.owner, t.p, func(p *C.pca_cert) time.Time { return moment(C.pca_cert_installed_at(p)) })
}

// Alias is its label.
func (t *Cert) Alias() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_alias(p)) })
}

// CustomID is the caller's own name for it.
func (t *Cert) CustomID() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_custom_id(p)) })
}

// RevokedAt is when it was revoked; zero while it is not.
func (t *Cert) RevokedAt() time.Time {
	return look(t.owner, t.p, func(p *C.pca_cert) time.Time { return moment(C.pca_cert_revoked_at(p)) })
}

// Reason is why it was revoked.
func (t *Cert) Reason() Reason {
	return look(t.owner, t.p, func(p *C.pca_cert) Reason { return Reason(C.pca_cert_reason(p)) })
}

// Requester is who asked for it.
func (t *Cert) Requester() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_requester(p)) })
}

// RequestedAt is when it was asked for.
func (t *Cert) RequestedAt() time.Time {
	return look(t.owner, t.p, func(p *C.pca_cert) time.Time { return moment(C.pca_cert_requested_at(p)) })
}

// ReviewDigest is what reviewers decide on.
func (t *Cert) ReviewDigest() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_review_digest(p)) })
}

// ReviewLapsesAt is when it lapses if nobody decides; zero: never.
func (t *Cert) ReviewLapsesAt() time.Time {
	return look(t.owner, t.p, func(p *C.pca_cert) time.Time { return moment(C.pca_cert_review_lapses_at(p)) })
}

// DecidedAt is when it was issued, rejected or cancelled.
func (t *Cert) DecidedAt() time.Time {
	return look(t.owner, t.p, func(p *C.pca_cert) time.Time { return moment(C.pca_cert_decided_at(p)) })
}

// DecidedBy is who decided.
func (t *Cert) DecidedBy() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_decided_by(p)) })
}

// ReviewReason is why it was rejected.
func (t *Cert) ReviewReason() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_review_reason(p)) })
}
