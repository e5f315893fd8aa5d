// Answers, with zlint, the questions that questions.py puts on its standard input, one a line.
package main

import (
	"bufio"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"sort"
	"strings"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

// What binds a private CA; the rules of the public web are left out.
const sources = "RFC5280,RFC5480,RFC8813,RFC3279,RFC5891,Community,Mozilla"

// Zlint takes a host for one by a pattern of its own, which refuses shop.xn--bcher-kva.example.com.
const uriHost = "e_ext_san_uri_host_not_fqdn_or_ip"

var qualified = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func qualifiedHosts(uris []string) bool {
	for _, text := range uris {
		uri, err := url.Parse(text)
		if err != nil || uri.Host != "" && net.ParseIP(uri.Hostname()) == nil && !qualified.MatchString(uri.Hostname()) {
			return false
		}
	}
	return true
}

func results(registry lint.Registry, path string) (*zlint.ResultSet, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	if strings.Contains(path, ".crl") {
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, err
		}
		return zlint.LintRevocationListEx(list, registry), nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	set := zlint.LintCertificateEx(certificate, registry)
	if qualifiedHosts(certificate.URIs) {
		delete(set.Results, uriHost)
	}
	return set, nil
}

func judge(registry lint.Registry, path string) error {
	set, err := results(registry, path)
	if err != nil {
		return err
	}
	var found []string
	for name, result := range set.Results {
		if result.Status >= lint.Warn {
			found = append(found, strings.TrimSpace(name+" "+result.Details))
		}
	}
	if len(found) == 0 {
		return nil
	}
	sort.Strings(found)
	return errors.New(strings.Join(found, "; "))
}

func main() {
	var options lint.FilterOptions
	if err := options.IncludeSources.FromString(sources); err != nil {
		panic(err)
	}
	registry, err := lint.GlobalRegistry().Filter(options)
	if err != nil {
		panic(err)
	}
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		fields := strings.Split(in.Text(), "\t")
		if err := judge(registry, fields[1]); err != nil {
			fmt.Fprintf(out, "refused\t%s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Fprintf(out, "ok\t\n")
		}
	}
}
