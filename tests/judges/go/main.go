// Answers, with Go's crypto/x509, the questions that questions.py puts on its standard input, one a line.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

var (
	oidReason = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidSince  = asn1.ObjectIdentifier{2, 5, 29, 24}
)

func contents(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New(path + ": no PEM")
	}
	return block.Bytes, nil
}

func certificate(path string) (*x509.Certificate, error) {
	der, err := contents(path)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func revocations(path string) (*x509.RevocationList, error) {
	der, err := contents(path)
	if err != nil {
		return nil, err
	}
	return x509.ParseRevocationList(der)
}

func list(text string) []string {
	if text == "-" {
		return nil
	}
	return strings.Split(text, ",")
}

// The CRL of this issuer says nothing against the certificate.
func standing(c, issuer *x509.Certificate, crls []*x509.RevocationList, now time.Time) error {
	for _, crl := range crls {
		if !bytes.Equal(crl.RawIssuer, c.RawIssuer) {
			continue
		}
		if err := crl.CheckSignatureFrom(issuer); err != nil {
			return err
		}
		if now.Before(crl.ThisUpdate) || now.After(crl.NextUpdate) {
			return errors.New("the CRL is not of this time")
		}
		for _, entry := range crl.RevokedCertificates {
			if entry.SerialNumber.Cmp(c.SerialNumber) == 0 {
				return fmt.Errorf("%s is revoked", c.Subject)
			}
		}
		return nil
	}
	return fmt.Errorf("no CRL of %s", c.Issuer)
}

func mailbox(leaf *x509.Certificate, address string) error {
	for _, held := range leaf.EmailAddresses {
		if held == address {
			return nil
		}
	}
	return errors.New("there is no mailbox " + address)
}

func options(f []string) (opts x509.VerifyOptions, err error) {
	opts.Roots, opts.Intermediates = x509.NewCertPool(), x509.NewCertPool()
	root, err := certificate(f[2])
	if err != nil {
		return opts, err
	}
	opts.Roots.AddCert(root)
	for _, path := range list(f[1]) {
		sub, err := certificate(path)
		if err != nil {
			return opts, err
		}
		opts.Intermediates.AddCert(sub)
	}
	usage := map[string]x509.ExtKeyUsage{"server": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth}
	opts.KeyUsages = []x509.ExtKeyUsage{usage[f[3]]}
	if f[4] != "-" && !strings.Contains(f[4], "@") {
		opts.DNSName = f[4]
	}
	seconds, err := strconv.ParseInt(f[5], 10, 64)
	opts.CurrentTime = time.Now()
	if seconds != 0 {
		opts.CurrentTime = time.Unix(seconds, 0)
	}
	return opts, err
}

// leaf, subs, root, purpose, match, at, crls
func verify(f []string) (string, error) {
	leaf, err := certificate(f[0])
	if err != nil {
		return "", err
	}
	opts, err := options(f)
	if err != nil {
		return "", err
	}
	chains, err := leaf.Verify(opts)
	if err != nil {
		return "", err
	}
	if len(chains) != 1 {
		return "", fmt.Errorf("%d chains", len(chains))
	}
	if strings.Contains(f[4], "@") {
		if err := mailbox(leaf, f[4]); err != nil {
			return "", err
		}
	}
	var crls []*x509.RevocationList
	for _, path := range list(f[6]) {
		crl, err := revocations(path)
		if err != nil {
			return "", err
		}
		crls = append(crls, crl)
	}
	for i := 0; crls != nil && i+1 < len(chains[0]); i++ {
		if err := standing(chains[0][i], chains[0][i+1], crls, opts.CurrentTime); err != nil {
			return "", err
		}
	}
	return "", nil
}

// certificate, issuer
func issued(f []string) (string, error) {
	c, err := certificate(f[0])
	if err != nil {
		return "", err
	}
	issuer, err := certificate(f[1])
	if err != nil {
		return "", err
	}
	if !bytes.Equal(c.RawIssuer, issuer.RawSubject) {
		return "", errors.New("another issuer's name")
	}
	return "", c.CheckSignatureFrom(issuer)
}

// crl, issuer
func crl(f []string) (string, error) {
	list, err := revocations(f[0])
	if err != nil {
		return "", err
	}
	issuer, err := certificate(f[1])
	if err != nil {
		return "", err
	}
	if !bytes.Equal(list.RawIssuer, issuer.RawSubject) {
		return "", errors.New("another issuer's name")
	}
	return "", list.CheckSignatureFrom(issuer)
}

func describe(entry pkix.RevokedCertificate) (string, error) {
	reason, since := "0", "-"
	for _, e := range entry.Extensions {
		var number asn1.Enumerated
		var date time.Time
		var err error
		switch {
		case e.Id.Equal(oidReason):
			_, err = asn1.Unmarshal(e.Value, &number)
			reason = strconv.Itoa(int(number))
			if number == 0 {
				err = errors.New("reason unspecified is written out")
			}
		case e.Id.Equal(oidSince):
			_, err = asn1.UnmarshalWithParams(e.Value, &date, "generalized")
			since = strconv.FormatInt(date.Unix(), 10)
		default:
			err = fmt.Errorf("an entry has the extension %s", e.Id)
		}
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x:%s:%s", entry.SerialNumber, reason, since), nil
}

// crl
func entries(f []string) (string, error) {
	list, err := revocations(f[0])
	if err != nil {
		return "", err
	}
	if list.Number == nil || list.Number.Sign() <= 0 || len(list.AuthorityKeyId) == 0 {
		return "", errors.New("no CRL number or authority key identifier")
	}
	var all []string
	for _, entry := range list.RevokedCertificates {
		if entry.RevocationTime.After(list.ThisUpdate) {
			return "", errors.New("an entry is dated after the CRL")
		}
		text, err := describe(entry)
		if err != nil {
			return "", err
		}
		all = append(all, text)
	}
	return strings.Join(all, ","), nil
}

// certificate
func serial(f []string) (string, error) {
	c, err := certificate(f[0])
	if err != nil {
		return "", err
	}
	if c.SerialNumber.Sign() <= 0 || c.SerialNumber.BitLen() > 159 {
		return "", fmt.Errorf("the serial number %x is not positive or has more than 20 octets", c.SerialNumber)
	}
	return fmt.Sprintf("%x", c.SerialNumber), nil
}

// key, certificate
func key(f []string) (string, error) {
	_, err := tls.LoadX509KeyPair(f[1], f[0])
	return "", err
}

// path
func read(f []string) (string, error) {
	if strings.Contains(f[0], ".crl") {
		_, err := revocations(f[0])
		return "", err
	}
	c, err := certificate(f[0])
	if err == nil && len(c.UnhandledCriticalExtensions) != 0 {
		err = fmt.Errorf("critical extensions %v", c.UnhandledCriticalExtensions)
	}
	return "", err
}

func main() {
	answers := map[string]func([]string) (string, error){
		"verify": verify, "issued": issued, "crl": crl, "entries": entries, "serial": serial, "key": key, "read": read}
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	in.Buffer(nil, 1<<20)
	defer out.Flush()
	for in.Scan() {
		fields := strings.Split(in.Text(), "\t")
		text, err := answers[fields[0]](fields[1:])
		if err != nil {
			fmt.Fprintf(out, "refused\t%s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Fprintf(out, "ok\t%s\n", text)
		}
	}
}
