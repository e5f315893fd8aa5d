package pca

// #include "callbacks.h"
import "C"

import (
	"time"
)

// Authority is a *CA, a *Root or a *Sub.
type Authority interface{ ca() *CA }

func (a *CA) ca() *CA { return a }

// with holds another handle while a verb uses it.
func with(other holder, verb func() error) error {
	if !other.hold() {
		return &Error{Code: ErrClosed, Message: "the handle was closed", TriesLeft: -1}
	}
	defer other.leave()
	return verb()
}

// Import is an existing CA to bring in.
type Import struct {
	Certificate   []byte // PEM, one block, or DER
	Key           []byte // PKCS#8 in PEM or DER, encrypted or not; RSA PRIVATE KEY or EC PRIVATE KEY in PEM
	PFX           []byte // both in one (PKCS#12)
	Password      string // what opens the key or the PFX
	KeyElsewhere  bool   // the certificate alone: it neither signs nor makes CRLs here
	NextCRLNumber uint64 // one more than that of its last CRL, at least
}

func (i *Import) use(c *call, use func(p *C.pca_import) C.int) C.int {
	p := C.pca_import_new()
	defer C.pca_import_free(p)
	if i.Certificate != nil {
		C.pca_import_set_certificate(p, c.octets(i.Certificate), C.size_t(len(i.Certificate)))
	}
	if i.Key != nil {
		C.pca_import_set_key(p, c.octets(i.Key), C.size_t(len(i.Key)))
	}
	if i.PFX != nil {
		C.pca_import_set_pfx(p, c.octets(i.PFX), C.size_t(len(i.PFX)))
	}
	if i.Password != "" {
		C.pca_import_set_password(p, c.text("password", i.Password))
	}
	if i.KeyElsewhere {
		C.pca_import_set_key_elsewhere(p)
	}
	if i.NextCRLNumber != 0 {
		C.pca_import_set_next_crl_number(p, C.uint64_t(i.NextCRLNumber))
	}
	return use(p)
}

// Import brings a CA with its certificate and key into one that was bought and not enabled.
func (a *CA) Import(existing Import) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return existing.use(c, func(i *C.pca_import) C.int { return C.pca_ca_import(p, i, c.err) })
	})
}

// CSR is a request for a certificate of the CA's that is made elsewhere (PKCS#10).
func (a *CA) CSR(request Request, format Format) ([]byte, error) {
	return blob(a.owner, func(c *call, out **C.pca_blob) C.int {
		return request.use(c, func(q *C.pca_request) C.int { return C.pca_ca_csr(a.p, q, C.int(format), out, c.err) })
	})
}

// AcceptCertificate takes the certificate, PEM or DER, that was made from the CSR.
func (a *CA) AcceptCertificate(certificate []byte) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_accept_certificate(p, c.octets(certificate), C.size_t(len(certificate)), c.err)
	})
}

// CrossSign makes a certificate by this CA for the subject and key of another, of this region or of another.
func (a *CA) CrossSign(other Authority, request Request, format Format) (certificate []byte, err error) {
	err = with(other.ca().owner, func() (err error) {
		certificate, err = blob(a.owner, func(c *call, out **C.pca_blob) C.int {
			return request.use(c, func(q *C.pca_request) C.int {
				return C.pca_ca_cross_sign(a.p, other.ca().p, q, C.int(format), out, c.err)
			})
		})
		return err
	})
	return certificate, err
}

// CrossSignCertificate is the same for a CA that no region holds, by its certificate. ErrState: policy allow_foreign_cross is off.
func (a *CA) CrossSignCertificate(certificate []byte, request Request, format Format) ([]byte, error) {
	return blob(a.owner, func(c *call, out **C.pca_blob) C.int {
		return request.use(c, func(q *C.pca_request) C.int {
			return C.pca_ca_cross_sign_certificate(a.p, c.octets(certificate), C.size_t(len(certificate)), q, C.int(format), out, c.err)
		})
	})
}

// CrossCertificates is all that it has cross-signed, in PEM. ErrNotFound: none.
func (a *CA) CrossCertificates() ([]byte, error) {
	return blob(a.owner, func(c *call, out **C.pca_blob) C.int { return C.pca_ca_cross_certificates(a.p, out, c.err) })
}

// ImportIssued makes a record of a certificate, PEM or DER, that the CA issued before it came here.
func (a *CA) ImportIssued(certificate []byte) (*Cert, error) {
	return newCert(a.region, a.owner, func(c *call, out **C.pca_cert) C.int {
		return C.pca_ca_import_issued(a.p, c.octets(certificate), C.size_t(len(certificate)), out, c.err)
	})
}

// Revocation from before a CA came here.
type Revocation struct {
	Serial     string
	At         time.Time
	Reason     Reason
	Invalidity time.Time // since when the key is suspected; zero: unknown
	NotAfter   time.Time // of the certificate; zero: unknown, and it stays on the CRLs for good
}

// ImportRevoked records a revocation from before.
func (a *CA) ImportRevoked(r Revocation) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_import_revoked(p, c.text("serial", r.Serial), seconds(r.At), C.int(r.Reason), seconds(r.Invalidity),
			seconds(r.NotAfter), c.err)
	})
}

// RevokeCertificate revokes a certificate of this CA's that is presented, PEM or DER, though the store may never have held it.
func (a *CA) RevokeCertificate(certificate []byte, reason Reason, invalidity time.Time, token string) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_revoke_der(p, c.octets(certificate), C.size_t(len(certificate)), C.int(reason), seconds(invalidity),
			c.option("token", token), c.err)
	})
}

// RevokeSerial is the same by serial number, as CertBySerial takes it.
func (a *CA) RevokeSerial(serial string, reason Reason, invalidity time.Time, token string) error {
	return a.ask(func(c *call, p *C.pca_ca) C.int {
		return C.pca_ca_revoke_serial(p, c.text("serial", serial), C.int(reason), seconds(invalidity), c.option("token", token), c.err)
	})
}

// CRLURLAt is where the CRL of a key generation is served.
func (a *CA) CRLURLAt(generation uint64) string {
	return look(a.owner, a.p, func(p *C.pca_ca) string { return C.GoString(C.pca_ca_crl_url_at(p, C.uint64_t(generation))) })
}

// Login opens a session with the token in a driver's slot, in which the keys of CAs sign that are there, until Logout or Close.
func (r *Region) Login(driver, slot, pin string) error {
	return r.ask(func(c *call, p *C.pca_region) C.int {
		return C.pca_region_login(p, c.text("driver", driver), c.text("slot", slot), c.text("pin", pin), c.err)
	})
}

// Logout ends it, once the signature under way is made.
func (r *Region) Logout(driver, slot string) error {
	return r.ask(func(c *call, p *C.pca_region) C.int {
		return C.pca_region_logout(p, c.text("driver", driver), c.text("slot", slot), c.err)
	})
}

// Install writes an issued certificate to the token where its key is.
func (t *Cert) Install(pin string) error {
	return t.ask(func(c *call, p *C.pca_cert) C.int { return C.pca_cert_install(p, c.text("pin", pin), c.err) })
}

// EncryptionSerial is the serial number of the other certificate of an SM2 pair; "": it is none.
func (t *Cert) EncryptionSerial() string {
	return look(t.owner, t.p, func(p *C.pca_cert) string { return C.GoString(C.pca_cert_encryption_serial(p)) })
}

// EncryptionDER is that certificate. ErrNotFound: it is no pair.
func (t *Cert) EncryptionDER() ([]byte, error) {
	return blob(t.owner, func(c *call, out **C.pca_blob) C.int { return C.pca_cert_encryption_der(t.p, out, c.err) })
}

// EnvelopedKey is its private key, for the holder of the signing key: SM2EnvelopedKey (GM/T 0009 7.4), DER.
func (t *Cert) EnvelopedKey() ([]byte, error) {
	return blob(t.owner, func(c *call, out **C.pca_blob) C.int { return C.pca_cert_enveloped_key(t.p, out, c.err) })
}
