package pca

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// theirs is a certificate of someone else's making; issuer nil: signed by itself.
func theirs(t *testing.T, name string, serial int64, public crypto.PublicKey, issuer *x509.Certificate, signer crypto.Signer, isCA bool) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), BasicConstraintsValid: true, IsCA: isCA}
	if isCA {
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	} else {
		template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func purchase(t *testing.T, region *Region, kind Kind, family Family) *Root {
	t.Helper()
	root, err := region.Purchase(kind, family, 120, "")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func enabled(t *testing.T, region *Region, kind Kind, family Family, name string) *Root {
	t.Helper()
	root := purchase(t, region, kind, family)
	if err := root.Enable(Request{CommonName: name}); err != nil {
		t.Fatal(err)
	}
	root, err := root.Reload()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestAnExistingCA(t *testing.T) {
	oneGoroutine(t)
	region, _ := aCA(t, Config{})
	key, leafKey := newKey(t), newKey(t)
	old := theirs(t, "Old Root", 1, key.Public(), nil, key, true)
	held, lost, late := theirs(t, "held", 2, leafKey.Public(), old, key, false), theirs(t, "lost", 3, leafKey.Public(), old, key, false),
		theirs(t, "late", 4, leafKey.Public(), old, key, false)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	root := purchase(t, region, Private, ECC)
	wrong, _ := x509.MarshalPKCS8PrivateKey(leafKey)
	if err := root.Import(Import{Certificate: old.Raw, Key: wrong}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	if err := root.Import(Import{Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: old.Raw}), Key: pkcs8,
		NextCRLNumber: 7}); err != nil {
		t.Fatal(err)
	}
	if root, err = root.Reload(); err != nil {
		t.Fatal(err)
	}
	if der, err := root.Certificate(DER); err != nil || !bytes.Equal(der, old.Raw) || root.State() != Enabled {
		t.Error(err, root.State())
	}
	record, err := root.ImportIssued(held.Raw)
	if err != nil || record.Subject() != "CN=held" || record.Serial() != "02" {
		t.Error(err)
	}
	if err := root.RevokeCertificate(lost.Raw, Superseded, time.Time{}, ""); err != nil {
		t.Error(err)
	}
	if err := root.RevokeCertificate(theirs(t, "forged", 5, leafKey.Public(), theirs(t, "Old Root", 1, leafKey.Public(), nil, leafKey, true), leafKey, false).Raw, Superseded, time.Time{}, ""); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	at := time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
	if err := root.ImportRevoked(Revocation{Serial: "0a0b", At: at, Reason: KeyCompromise}); err != nil {
		t.Error(err)
	}
	if err := root.RevokeSerial("dec:"+late.SerialNumber.String(), CessationOfOperation, time.Time{}, ""); err != nil {
		t.Error(err)
	}
	if err := root.MakeCRL(); err != nil {
		t.Fatal(err)
	}
	der, err := root.CRL(0, DER)
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil || list.CheckSignatureFrom(old) != nil || list.Number.Cmp(big.NewInt(7)) < 0 {
		t.Fatal(err, list.Number)
	}
	revoked := map[string]time.Time{}
	for _, entry := range list.RevokedCertificates {
		revoked[entry.SerialNumber.String()] = entry.RevocationTime
	}
	if len(revoked) != 3 || revoked["3"].IsZero() || revoked["4"].IsZero() || !revoked["2571"].Equal(at) {
		t.Error(revoked)
	}

	certificateAlone := purchase(t, region, Private, ECC)
	other := newKey(t)
	if err := certificateAlone.Import(Import{Certificate: theirs(t, "Alone", 6, other.Public(), nil, other, true).Raw, KeyElsewhere: true}); err != nil {
		t.Fatal(err)
	}
	if err := certificateAlone.MakeCRL(); !errors.Is(err, ErrState) {
		t.Error(err)
	}
}

// A PFX that the library made for a leaf is opened, and its certificate is no CA's; with a wrong password it is not opened.
func TestAPFXIsOpened(t *testing.T) {
	oneGoroutine(t)
	region, sub := aCA(t, Config{})
	cert, err := sub.Request(context.Background(), Request{Type: Client, CommonName: "pfx", Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	files, err := cert.Export(PFX, 0, "open sesame")
	if err != nil {
		t.Fatal(err)
	}
	root := purchase(t, region, Private, ECC)
	if err := root.Import(Import{PFX: files[0].Data, Password: "open sesame"}); !errors.Is(err, ErrConstraint) {
		t.Error(err)
	}
	if err := root.Import(Import{PFX: files[0].Data, Password: "sesame"}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func TestSignedElsewhere(t *testing.T) {
	oneGoroutine(t)
	region, _ := aCA(t, Config{})
	key := newKey(t)
	above := theirs(t, "Their Root", 1, key.Public(), nil, key, true)
	root := purchase(t, region, Private, ECC)
	der, err := root.CSR(Request{CommonName: "Below"}, DER)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil || csr.CheckSignature() != nil {
		t.Fatal(err)
	}
	if err := root.AcceptCertificate(above.Raw); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	if err := root.AcceptCertificate(theirs(t, "Below", 2, csr.PublicKey, above, key, true).Raw); err != nil {
		t.Fatal(err)
	}
	if root, err = root.Reload(); err != nil || root.Subject() != "CN=Below" || root.State() != Enabled {
		t.Error(err)
	}
}

func TestCrossSigning(t *testing.T) {
	oneGoroutine(t)
	region, _ := aCA(t, Config{})
	one, two := enabled(t, region, Private, ECC, "One"), enabled(t, region, Private, ECC, "Two")
	if _, err := one.CrossCertificates(); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	der, err := one.CrossSign(two, Request{Years: 1}, DER)
	if err != nil {
		t.Fatal(err)
	}
	cross, err := x509.ParseCertificate(der)
	issuer, _ := one.X509()
	subject, _ := two.X509()
	if err != nil || cross.CheckSignatureFrom(issuer) != nil || !cross.PublicKey.(*ecdsa.PublicKey).Equal(subject.PublicKey) {
		t.Error(err)
	}
	all, err := one.CrossCertificates()
	if block, _ := pem.Decode(all); err != nil || block == nil || !bytes.Equal(block.Bytes, der) {
		t.Error(err)
	}
	key := newKey(t)
	foreign := theirs(t, "Foreign", 9, key.Public(), nil, key, true).Raw
	if _, err := one.CrossSignCertificate(foreign, Request{Years: 1}, PEM); !errors.Is(err, ErrState) {
		t.Error(err)
	}
	if err := region.SetPolicy("allow_foreign_cross", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := one.CrossSignCertificate(foreign, Request{Years: 1}, PEM); err != nil {
		t.Error(err)
	}
	two.Close()
	if _, err := one.CrossSign(two, Request{Years: 1}, DER); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestSubordinatesBelowSubordinates(t *testing.T) {
	oneGoroutine(t)
	region, _ := aCA(t, Config{})
	root := enabled(t, region, Private, ECC, "Root")
	upper, err := root.DefaultSub()
	if err != nil {
		t.Fatal(err)
	}
	one := uint64(1)
	if err := upper.Enable(Request{CommonName: "Upper", PathLength: &one, CRLURL: "http://crl.example/1.crl", OCSPURL: "http://ocsp.example/",
		IssuerURL: "http://ca.example/ca.cer"}); err != nil {
		t.Fatal(err)
	}
	lower, err := root.PurchaseSub(24, "token")
	if err != nil {
		t.Fatal(err)
	}
	if err := lower.EnableUnder(upper, Request{CommonName: "Lower", Permitted: []SAN{{DNS, "example.com"}}, Excluded: []SAN{{IP, "10.0.0.0/8"}}}); err != nil {
		t.Fatal(err)
	}
	if err := lower.Renew(12, ""); err != nil {
		t.Error(err)
	}
	if err := root.Renew(12, ""); err != nil {
		t.Error(err)
	}
	if lower, err = lower.Reload(); err != nil {
		t.Fatal(err)
	}
	parent, err := lower.Parent()
	if err != nil || parent.Subject() != "CN=Upper" || parent.PathLength() != 1 || parent.OCSPURL() != "http://ocsp.example/" ||
		parent.IssuerURL() != "http://ca.example/ca.cer" || lower.Months() != 36 {
		t.Error(err, lower.Months())
	}
	if above, err := lower.Root(); err != nil || above.ID() != root.ID() || lower.RootID() != root.ID() {
		t.Error(err)
	}
	read, err := lower.X509()
	if err != nil || len(read.PermittedDNSDomains) != 1 || len(read.ExcludedIPRanges) != 1 || read.CRLDistributionPoints[0] != "http://crl.example/1.crl" {
		t.Error(err)
	}
	if err := upper.Reissue(Request{Years: 2}); err != nil {
		t.Error(err)
	}
	if err := upper.Rekey(Request{CRLURL: "http://crl.example/2.crl"}); err != nil {
		t.Error(err)
	}
	if upper, err = upper.Reload(); err != nil || upper.Generation() != 2 || upper.CRLURLAt(1) != "http://crl.example/1.crl" ||
		upper.CRLURL() != "http://crl.example/2.crl" {
		t.Error(err, upper.Generation(), upper.CRLURLAt(1))
	}
	url, none := "http://crl.example/3.crl", ""
	if upper.SetCRL(&url, 3) != nil || upper.SetURLs(nil, &none) != nil || upper.SetTag("env", "test") != nil || upper.SetAlias("upper") != nil {
		t.Error("not set")
	}
	if upper, err = region.SubByAlias("upper"); err != nil || upper.CRLURL() != url || upper.CRLDays() != 3 || upper.IssuerURL() != "" ||
		upper.OCSPURL() == "" || upper.Tags()["env"] != "test" {
		t.Error(err, upper.Tags())
	}
	if err := upper.DeleteTag("env"); err != nil {
		t.Error(err)
	}
	if err := upper.Revoke(CACompromise, time.Now().Add(-time.Hour), ""); err != nil {
		t.Error(err)
	}
	if upper, err = upper.Reload(); err != nil || upper.State() != Revoked || upper.Reason() != CACompromise || upper.RevokedAt().IsZero() || len(upper.Tags()) != 0 {
		t.Error(err, upper.State())
	}
}

func TestAPair(t *testing.T) {
	oneGoroutine(t)
	region, _ := aCA(t, Config{})
	root := enabled(t, region, Private, SM2, "SM2 Root")
	sub, err := root.DefaultSub()
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.Enable(Request{CommonName: "SM2 Issuing CA"}); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	pair, err := sub.Request(context.Background(), Request{Type: Client, CommonName: "Ada", Years: 1, Dual: &yes})
	if err != nil {
		t.Fatal(err)
	}
	first, err := pair.DER()
	second, errSecond := pair.EncryptionDER()
	if err != nil || errSecond != nil || bytes.Equal(first, second) || pair.EncryptionSerial() == pair.Serial() || pair.EncryptionSerial() == "" {
		t.Error(err, errSecond)
	}
	if key, err := pair.EnvelopedKey(); err != nil || key[0] != 0x30 {
		t.Error(err)
	}
	single, err := sub.Request(context.Background(), Request{Type: Client, CommonName: "Bob", Years: 1, Dual: &no})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := single.EncryptionDER(); !errors.Is(err, ErrNotFound) || single.EncryptionSerial() != "" {
		t.Error(err)
	}
	if _, err := single.EnvelopedKey(); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestReviews(t *testing.T) {
	oneGoroutine(t)
	region, _ := aCA(t, Config{Actor: "ada"})
	root := enabled(t, region, Compliance, ECC, "Compliance Root")
	sub, _ := root.DefaultSub()
	if err := sub.Enable(Request{CommonName: "Compliance CA"}); err != nil {
		t.Fatal(err)
	}
	if receipt, err := root.PurchaseCertificates(5, ""); err != nil || receipt.Count != 5 {
		t.Fatal(err)
	}
	if err := root.Assign(sub, 5, 0, ""); err != nil {
		t.Fatal(err)
	}
	ask := func() *Cert {
		cert, err := sub.Request(context.Background(), Request{Type: Client, PersonalName: "Ada Lovelace", SystemAccount: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	cert := ask()
	if _, err := cert.DER(); !errors.Is(err, ErrPending) || cert.Status() != StatusPending || !cert.ReviewLapsesAt().IsZero() {
		t.Error(err, cert.Status())
	}
	page, err := region.Reviews("", 10)
	if err != nil || page.Count() != 1 || page.Certs()[0].ID() != cert.ID() {
		t.Error(err)
	}
	if err := cert.Approve(strings.Repeat("00", 32)); !errors.Is(err, ErrReview) {
		t.Error(err)
	}
	if err := cert.Approve(cert.ReviewDigest()); err != nil {
		t.Error(err)
	}
	done, err := cert.Reload()
	if err != nil || done.Status() != StatusIssued || done.DecidedBy() != "ada" || done.DecidedAt().IsZero() || done.RequestedAt().IsZero() ||
		len(done.Approvals()) != 1 || done.Approvals()[0].By != "ada" {
		t.Error(err, done.Approvals())
	}
	rejected := ask()
	if err := rejected.Reject("not known here"); err != nil {
		t.Error(err)
	}
	if rejected, err = rejected.Reload(); err != nil || rejected.Status() != StatusRejected || rejected.ReviewReason() != "not known here" {
		t.Error(err)
	}
	if err := rejected.Purge(); err != nil {
		t.Error(err)
	}
	cancelled := ask()
	if err := cancelled.Cancel(); err != nil {
		t.Error(err)
	}
}

func TestEveryKindOfContent(t *testing.T) {
	oneGoroutine(t)
	region, sub := aCA(t, Config{MapLimit: 1 << 26, Actor: "ada"})
	no := false
	cert, err := sub.Request(context.Background(), Request{Type: Custom, CommonName: "All of it", Organization: "O", Unit: "U", Country: "DE",
		State: "S", Locality: "L", DNS: []string{"a.example"}, IP: []string{"192.0.2.1"}, Email: []string{"a@example.com"},
		URI: []string{"https://example.com/a"}, EKU: []string{"1.3.6.1.5.5.7.3.8"}, Policies: []CertPolicy{{"1.3.6.1.4.1.99999.1", "http://example.com/cps"}},
		SubjectOIDs: []Attribute{{"2.5.4.12", "Dr"}}, Extensions: []Extension{{"1.3.6.1.4.1.99999.2", false, []byte{5, 0}}},
		Months: 2, CRLAddress: &no, Alias: "everything", CustomID: "mine", Token: "once", KeyAlgorithm: P384})
	if err != nil {
		t.Fatal(err)
	}
	read, err := cert.X509()
	if err != nil || len(read.DNSNames) != 1 || len(read.IPAddresses) != 1 || len(read.EmailAddresses) != 1 || len(read.URIs) != 1 ||
		read.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(read.PolicyIdentifiers) != 1 || read.PublicKey.(*ecdsa.PublicKey).Curve != elliptic.P384() {
		t.Errorf("%v %+v", err, read)
	}
	if len(cert.SANs()) != 4 || cert.Type() != Custom || cert.KeyAlgorithm() != P384 || cert.Alias() != "everything" || cert.CustomID() != "mine" ||
		!cert.NotAfter().Equal(read.NotAfter) || !cert.NotBefore().Equal(read.NotBefore) || cert.IssuerID() != sub.ID() || cert.Container() != Managed ||
		!cert.InstalledAt().IsZero() {
		t.Error(cert.SANs(), cert.Type(), cert.KeyAlgorithm())
	}
	text, err := cert.PEM()
	if block, _ := pem.Decode(text); err != nil || !bytes.Equal(block.Bytes, read.Raw) {
		t.Error(err)
	}
	if same, err := region.CertByDER(read.Raw); err != nil || same.ID() != cert.ID() {
		t.Error(err)
	}
	if cert.SetTag("env", "test") != nil || cert.SetTag("old", "") != nil || cert.DeleteTag("old") != nil {
		t.Error("tags")
	}
	if fresh, err := cert.Reload(); err != nil || len(fresh.Tags()) != 1 || fresh.Tags()["env"] != "test" {
		t.Error(err)
	}
	for _, q := range []Query{{TagKey: "env", TagValue: "test"}, {Serial: cert.Serial()}, {NamePrefix: "all"}, {Name: "a.example"}, {CustomID: "mine"},
		{Issuer: sub.ID(), Status: StatusIssued, Type: Custom}, {Expires: time.Now().AddDate(1, 0, 0)}, {Alias: "everything"}} {
		page, err := region.FindCerts(q)
		if err != nil || page.Count() != 1 || page.Certs()[0].ID() != cert.ID() {
			t.Errorf("%+v: %v", q, err)
		}
	}
	dates, err := sub.Request(context.Background(), Request{Type: Client, CommonName: "dated", NotBefore: time.Now(), NotAfter: time.Now().AddDate(0, 6, 0)})
	if err != nil || dates.Subject() != "CN=dated" {
		t.Error(err)
	}
	longest, err := sub.Request(context.Background(), Request{Type: Client, CommonName: "long", Longest: true, BareSubject: true})
	if err != nil || longest.NotAfter().Before(time.Now().AddDate(4, 0, 0)) {
		t.Error(err)
	}
	page, err := region.Expiring(time.Now().AddDate(0, 4, 0), "", 10)
	if err != nil || page.Count() != 1 || page.Certs()[0].ID() != cert.ID() {
		t.Error(err)
	}
	if err := cert.Revoke(KeyCompromise, time.Now().Add(-time.Hour), "t"); err != nil {
		t.Error(err)
	}
	gone, err := cert.Reload()
	if err != nil || gone.Reason() != KeyCompromise || gone.RevokedAt().IsZero() {
		t.Error(err)
	}
	if err := gone.Delete(); err != nil {
		t.Error(err)
	}
	findings, der, err := sub.Check(Request{Type: Server, DNS: []string{"a.example"}, Years: 3})
	if err != nil || len(findings) == 0 || findings[0].Severity != 1 || findings[0].Name == "" || len(der) == 0 {
		t.Error(err, findings)
	}
	key := newKey(t)
	csr, err := NewCSR(key, x509.CertificateRequest{Subject: pkix.Name{CommonName: "csr.example"}, DNSNames: []string{"csr.example"},
		ExtraExtensions: []pkix.Extension{{Id: []int{2, 5, 29, 19}, Value: []byte{0x30, 3, 1, 1, 0xff}}}})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sub.Request(context.Background(), Request{Type: Server, CSR: csr, UseCSRSubject: true, UseCSRSAN: true, Days: 1})
	if err != nil || len(signed.Ignored()) != 1 || signed.Ignored()[0] != "basicConstraints (2.5.29.19)" || len(signed.SANs()) != 1 || signed.Container() != CSR {
		t.Error(err, signed.Ignored())
	}
}

func TestARegionsHousekeeping(t *testing.T) {
	oneGoroutine(t)
	region, sub := aCA(t, Config{})
	ctx := context.Background()
	dir := t.TempDir()
	if err := region.BackupFile(ctx, dir+"/backup"); err != nil {
		t.Fatal(err)
	}
	restored, err := RestoreFile(ctx, dir+"/restored", dir+"/backup", Config{InsecurePlainKeys: true})
	if err != nil {
		t.Fatal(err)
	}
	restored.Close()
	down := &lineDown{}
	if _, err := Restore(ctx, dir+"/failed", down, Config{InsecurePlainKeys: true}); !errors.Is(err, down) || !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
	var found *lineDown
	var refused *Error
	if err := region.Backup(ctx, down); !errors.As(err, &found) || !errors.As(err, &refused) || refused.Message != "the line is down" {
		t.Error(err)
	}
	if err := region.Compact(ctx, dir+"/compact"); err != nil {
		t.Error(err)
	}
	if stat, err := region.Stat(); err != nil || stat.CAs != 2 || stat.Certs != 0 || stat.Octets == 0 || stat.Limit < stat.Octets {
		t.Error(err, stat)
	}
	if done, err := region.RunDue(10); err != nil || done != 0 {
		t.Error(err, done)
	}
	if err := region.AcceptClock(); err != nil {
		t.Error(err)
	}
	if password, err := region.NewPassword(); err != nil || len(password) != 26 {
		t.Error(err)
	}
	policies := Policies()
	for _, p := range policies {
		if p.Name == "" || p.Text == "" || p.Default < p.Minimum || p.Default > p.Maximum {
			t.Error(p)
		}
	}
	if len(policies) < 10 {
		t.Error(len(policies))
	}
	roots, err := region.Roots("", 10)
	if err != nil || roots.Count() != 1 || roots.Next() != "" || roots.CAs()[0].Subject() != "CN=Go Root" {
		t.Error(err)
	}
	root, err := region.Root(sub.RootID())
	if err != nil {
		t.Fatal(err)
	}
	if subs, err := root.Subs("", 10); err != nil || subs.CAs()[0].ID() != sub.ID() {
		t.Error(err)
	}
	names := ""
	for it := region.CAs(ctx, Query{Limit: 1}); it.Next(); {
		names += it.Value().Subject() + " "
	}
	if names != "CN=Go Root CN=Go Issuing CA " {
		t.Error(names)
	}
	if err := roots.Close(); err != nil || roots.Count() != 0 {
		t.Error(err)
	}
	ledger, err := region.Ledger(Query{Issuer: sub.ID()})
	if err != nil || ledger.Sequence() == 0 {
		t.Fatal(err)
	}
	units := int64(0)
	for _, entry := range ledger.Entries() {
		if entry.Time.IsZero() || entry.Action == "" {
			t.Error(entry)
		}
		units += entry.Units
	}
	if units != 500 {
		t.Error(units)
	}
	cert, err := sub.Request(ctx, Request{Type: Client, CommonName: "files", Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.ExportTo(dir, PEM, WithChain|PlainKey, ""); err != nil {
		t.Error(err)
	}
	if key, err := cert.ExportKey(PEM, 0, "open sesame"); err != nil || !bytes.Contains(key, []byte("ENCRYPTED")) {
		t.Error(err)
	}
	if err := sub.MakeCRL(); err != nil {
		t.Error(err)
	}
	if err := sub.WriteCRLFile(dir+"/ca.crl", 0, PEM); err != nil {
		t.Error(err)
	}
	if sub.ServiceStart().IsZero() || sub.ServiceEnd().Before(time.Now()) || sub.KeyAlgorithm() != P256 || sub.NotAfter().Before(sub.NotBefore()) ||
		sub.Serial() == "" || sub.Kind() != Private || sub.Family() != ECC || sub.Alias() != "" {
		t.Error(sub.ServiceStart(), sub.KeyAlgorithm())
	}
	if Version() == "" {
		t.Error("no version")
	}
}

// lineDown is a reader and writer that fails with itself.
type lineDown struct{}

func (l *lineDown) Read([]byte) (int, error)  { return 0, l }
func (l *lineDown) Write([]byte) (int, error) { return 0, l }
func (l *lineDown) Error() string             { return "the line is down" }
