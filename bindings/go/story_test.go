package pca

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The list of steps that every binding runs: tests/story/README.md says how it is read.
const storyDir = "../../tests/story"

type step struct {
	result, verb, object, code string
	keys, checks               []pair
}

type pair struct{ key, value string }

func (s *step) get(key string) string {
	for _, p := range s.keys {
		if p.key == key {
			return p.value
		}
	}
	return ""
}

func (s *step) all(key string) (list []string) {
	for _, p := range s.keys {
		if p.key == key {
			list = append(list, p.value)
		}
	}
	return list
}

func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil && text != "" {
		panic(err)
	}
	return n
}

// words parts a line by spaces; double quotes hold spaces together.
func words(line string) (list []string) {
	word, quoted, any := "", false, false
	for _, c := range line + " " {
		switch {
		case c == '"':
			quoted, any = !quoted, true
		case c == ' ' && !quoted:
			if any {
				list = append(list, word)
			}
			word, any = "", false
		default:
			word, any = word+string(c), true
		}
	}
	return list
}

func pairs(list []string) (out []pair) {
	for _, word := range list {
		key, value, _ := strings.Cut(word, "=")
		out = append(out, pair{key, value})
	}
	return out
}

func readStep(line string) *step {
	s := &step{}
	list := words(line)
	if len(list) > 1 && list[1] == "=" {
		s.result, list = list[0], list[2:]
	}
	s.verb, list = list[0], list[1:]
	if list[0] != "->" && !strings.Contains(list[0], "=") {
		s.object, list = list[0], list[1:]
	}
	for i, word := range list {
		if word == "->" {
			s.keys, s.code, s.checks = pairs(list[:i]), list[i+1], pairs(list[i+2:])
			return s
		}
	}
	panic("no -> in " + line)
}

// What the story's constants are here.
var constants = map[string]map[string]int{
	"kind":   {"PRIVATE": int(Private), "COMPLIANCE": int(Compliance)},
	"family": {"RSA": int(RSA), "ECC": int(ECC), "SM2": int(SM2)},
	"key_algorithm": {"RSA_1024": int(RSA1024), "RSA_2048": int(RSA2048), "RSA_3072": int(RSA3072), "RSA_4096": int(RSA4096),
		"EC_P256": int(P256), "EC_P384": int(P384), "EC_P521": int(P521), "SM2": int(KeySM2)},
	"state": {"PURCHASED": int(Purchased), "ENABLED": int(Enabled), "DISABLED": int(Disabled), "REVOKED": int(Revoked)},
	"type":  {"SERVER": int(Server), "CLIENT": int(Client), "BOTH": int(Both), "CUSTOM": int(Custom)},
	"status": {"PENDING": int(StatusPending), "ISSUED": int(StatusIssued), "REVOKED": int(StatusRevoked),
		"REJECTED": int(StatusRejected), "CANCELLED": int(StatusCancelled)},
	"container": {"MANAGED": int(Managed), "USBKEY": int(USBKey), "CSR": int(CSR), "PUBLIC": int(PublicKey)},
	"reason": {"UNSPECIFIED": int(Unspecified), "KEY_COMPROMISE": int(KeyCompromise), "CA_COMPROMISE": int(CACompromise),
		"AFFILIATION_CHANGED": int(AffiliationChanged), "SUPERSEDED": int(Superseded),
		"CESSATION_OF_OPERATION": int(CessationOfOperation), "PRIVILEGE_WITHDRAWN": int(PrivilegeWithdrawn)},
	"format": {"PEM": int(PEM), "DER": int(DER), "PFX": int(PFX), "JKS": int(JKS), "PKCS8": int(PKCS8), "CRT": int(CRT),
		"PKCS7": int(PKCS7)},
	"flags": {"CHAIN": int(WithChain), "ROOT": int(WithRoot), "PLAIN_KEY": int(PlainKey)},
}

func (s *step) choice(key string) int {
	n := 0
	if text := s.get(key); text != "" {
		for _, name := range strings.Split(text, ",") {
			value, ok := constants[key][name]
			if !ok {
				panic("no " + key + " " + name)
			}
			n |= value
		}
	}
	return n
}

func (s *step) request() Request {
	r := Request{}
	known := map[string]func(string){
		"type":            func(string) { r.Type = CertType(s.choice("type")) },
		"key_algorithm":   func(string) { r.KeyAlgorithm = KeyAlgorithm(s.choice("key_algorithm")) },
		"common_name":     func(v string) { r.CommonName = v },
		"organization":    func(v string) { r.Organization = v },
		"country":         func(v string) { r.Country = v },
		"alias":           func(v string) { r.Alias = v },
		"custom_id":       func(v string) { r.CustomID = v },
		"token":           func(v string) { r.Token = v },
		"crl_url":         func(v string) { r.CRLURL = v },
		"crl_days":        func(v string) { r.CRLDays = number(v) },
		"dns":             func(v string) { r.DNS = append(r.DNS, v) },
		"ip":              func(v string) { r.IP = append(r.IP, v) },
		"email":           func(v string) { r.Email = append(r.Email, v) },
		"uri":             func(v string) { r.URI = append(r.URI, v) },
		"days":            func(v string) { r.Days = int64(number(v)) },
		"months":          func(v string) { r.Months = int64(number(v)) },
		"years":           func(v string) { r.Years = int64(number(v)) },
		"longest":         func(string) { r.Longest = true },
		"use_csr_subject": func(string) { r.UseCSRSubject = true },
		"use_csr_san":     func(string) { r.UseCSRSAN = true },
		"csr": func(v string) {
			text, err := os.ReadFile(filepath.Join(storyDir, v))
			if err != nil {
				text = []byte("broken")
			}
			r.CSR = text
		},
	}
	for _, p := range s.keys {
		set, ok := known[p.key]
		if !ok {
			panic("a request has no " + p.key)
		}
		set(p.value)
	}
	return r
}

type story struct {
	path   string
	now    time.Time
	things map[string]any
	out    map[string]string // what a verb put out
}

func (y *story) config(s *step) Config {
	octet := byte(7)
	if s.get("key") == "wrong" {
		octet = 8
	}
	return Config{Key: bytes.Repeat([]byte{octet}, 32), ReadOnly: s.get("read_only") != "",
		Clock: func() (time.Time, error) { return y.now, nil }}
}

func (y *story) query(s *step) Query {
	q := Query{Name: s.get("name"), CustomID: s.get("custom_id"), Alias: s.get("alias"), Limit: number(s.get("limit")),
		State: State(s.choice("state"))}
	if issuer := s.get("issuer"); issuer != "" {
		q.Issuer = y.ca(issuer).ID()
	}
	return q
}

func (y *story) ca(name string) *CA {
	switch o := y.things[name].(type) {
	case *Root:
		return &o.CA
	case *Sub:
		return &o.CA
	}
	return nil
}

func id(thing any) uint64 { return thing.(interface{ ID() uint64 }).ID() }

// do does a step and gives its result.
func (y *story) do(s *step) (any, error) {
	o := y.things[s.object]
	region, _ := o.(*Region)
	root, _ := o.(*Root)
	sub, _ := o.(*Sub)
	cert, _ := o.(*Cert)
	ca := y.ca(s.object)
	switch s.verb {
	case "clock":
		y.now = time.Unix(int64(number(s.object)), 0)
		return nil, nil
	case "create":
		return Create(y.path, s.get("id"), y.config(s))
	case "open":
		return Open(y.path, y.config(s))
	case "close":
		return nil, region.Close()
	case "check_region":
		return nil, region.Check()
	case "policy_get":
		value, err := region.Policy(s.get("name"))
		y.out["value"] = fmt.Sprint(value)
		return nil, err
	case "policy_set":
		return nil, region.SetPolicy(s.get("name"), int64(number(s.get("value"))))
	case "root_get":
		return region.Root(number(s.get("id")))
	case "root_by_alias":
		return region.RootByAlias(s.get("alias"))
	case "sub_by_alias":
		return region.SubByAlias(s.get("alias"))
	case "cert_get":
		return region.Cert(id(y.things[s.get("of")]))
	case "find":
		return region.FindCerts(y.query(s))
	case "find_cas":
		return region.FindCAs(y.query(s))
	case "purchase":
		return region.Purchase(Kind(s.choice("kind")), Family(s.choice("family")), number(s.get("months")), s.get("token"))
	case "enable":
		return nil, o.(interface{ Enable(Request) error }).Enable(s.request())
	case "default_sub":
		return root.DefaultSub()
	case "purchase_sub":
		return root.PurchaseSub(number(s.get("months")), s.get("token"))
	case "purchase_certificates":
		return root.PurchaseCertificates(number(s.get("count")), s.get("token"))
	case "assign":
		expected := Any
		if s.get("expected") != "" {
			expected = number(s.get("expected"))
		}
		return nil, root.Assign(y.things[s.get("sub")].(*Sub), number(s.get("remaining")), expected, s.get("token"))
	case "certificate":
		_, err := ca.Certificate(Format(s.choice("format")))
		return nil, err
	case "request":
		return sub.Request(context.Background(), s.request())
	case "check":
		findings, _, err := sub.Check(s.request())
		y.out["count"] = fmt.Sprint(len(findings))
		return nil, err
	case "by_serial":
		return ca.CertBySerial(y.things[s.get("of")].(*Cert).Serial())
	case "reload":
		return y.reload(s, o)
	case "set_alias":
		return nil, o.(interface{ SetAlias(string) error }).SetAlias(s.get("alias"))
	case "tag_set":
		return nil, o.(interface{ SetTag(string, string) error }).SetTag(s.get("key"), s.get("value"))
	case "export":
		return cert.Export(Format(s.choice("format")), Flags(s.choice("flags")), s.get("password"))
	case "revoke":
		return nil, o.(interface {
			Revoke(Reason, time.Time, string) error
		}).Revoke(Reason(s.choice("reason")), time.Time{}, s.get("token"))
	case "delete":
		return nil, cert.Delete()
	case "disable":
		return nil, ca.Disable()
	case "resume":
		return nil, ca.Resume()
	case "crl_make":
		return nil, ca.MakeCRL()
	case "crl_info":
		info, err := ca.CRLInfo(0)
		y.out = map[string]string{"number": fmt.Sprint(info.Number), "entries": fmt.Sprint(info.Entries),
			"this_update": fmt.Sprint(info.ThisUpdate.Unix()), "next_update": fmt.Sprint(info.NextUpdate.Unix())}
		return nil, err
	}
	panic("no verb " + s.verb)
}

func (y *story) reload(s *step, o any) (fresh any, err error) {
	switch o := o.(type) {
	case *Root:
		fresh, err = o.Reload()
	case *Sub:
		fresh, err = o.Reload()
	case *Cert:
		fresh, err = o.Reload()
	}
	if err == nil {
		y.things[s.object] = fresh
	}
	return nil, err
}

// say is what a getter says, as the story writes it.
func (y *story) say(thing any, name string) any {
	if said, ok := y.out[name]; ok {
		return said
	}
	var ca *CA
	switch o := thing.(type) {
	case *Region:
		return map[string]any{"id": o.ID()}[name]
	case Receipt:
		return map[string]any{"count": o.Count, "billable": o.Billable, "waived": o.Waived}[name]
	case []File:
		return map[string]any{"count": len(o)}[name]
	case *Page:
		total, _ := o.Total()
		return map[string]any{"count": o.Count(), "total": total}[name]
	case *Cert:
		return map[string]any{"status": o.Status(), "type": o.Type(), "container": o.Container(), "key_algorithm": o.KeyAlgorithm(),
			"not_before": o.NotBefore(), "not_after": o.NotAfter(), "subject": o.Subject(), "san_count": len(o.SANs()),
			"alias": o.Alias(), "custom_id": o.CustomID(), "reason": o.Reason(), "revoked_at": o.RevokedAt(),
			"tag_count": len(o.Tags())}[name]
	case *Root:
		ca = &o.CA
		if said, ok := map[string]any{"remaining": o.Remaining(), "purchased": o.Purchased(), "billable": o.Billable(),
			"waived": o.Waived()}[name]; ok {
			return said
		}
	case *Sub:
		ca = &o.CA
		if said, ok := map[string]any{"remaining": o.Remaining(), "issued": o.Issued()}[name]; ok {
			return said
		}
	}
	return map[string]any{"state": ca.State(), "kind": ca.Kind(), "family": ca.Family(), "subject": ca.Subject(), "serial": ca.Serial(), "months": ca.Months(),
		"service_start": ca.ServiceStart(), "service_end": ca.ServiceEnd(), "parent_id": ca.ParentID(), "root_id": ca.RootID(), "not_before": ca.NotBefore(), "not_after": ca.NotAfter(),
		"alias":         ca.Alias(),
		"key_algorithm": ca.KeyAlgorithm(), "generation": ca.Generation(), "crl_url": ca.CRLURL(), "crl_days": ca.CRLDays(),
		"path_length": ca.PathLength(), "reason": ca.Reason()}[name]
}

// spell makes text of what a getter says; a choice that is wanted by name is looked up.
func spell(said any, check pair) string {
	if at, ok := said.(time.Time); ok {
		if at.IsZero() {
			return "0"
		}
		return fmt.Sprint(at.Unix())
	}
	if value, ok := constants[check.key][check.value]; ok && fmt.Sprintf("%d", said) == fmt.Sprint(value) {
		return check.value
	}
	if text, ok := said.(string); ok {
		return text
	}
	return fmt.Sprintf("%d", said)
}

func (y *story) check(t *testing.T, thing any, check pair) {
	var related uint64
	switch check.key {
	case "same":
		related = id(thing)
	case "issuer_is":
		related = thing.(*Cert).IssuerID()
	case "root_is":
		related = thing.(interface{ RootID() uint64 }).RootID()
	case "parent_is":
		related = thing.(interface{ ParentID() uint64 }).ParentID()
	default:
		said := y.say(thing, check.key)
		if said == nil {
			t.Fatalf("a %T has no %s", thing, check.key)
		}
		if text := spell(said, check); text != check.value {
			t.Errorf("%s is %s, not %s", check.key, text, check.value)
		}
		return
	}
	if want := id(y.things[check.value]); related != want {
		t.Errorf("%s is %d, not %d", check.key, related, want)
	}
}

func (y *story) run(t *testing.T, s *step) {
	y.out = map[string]string{}
	result, err := y.do(s)
	code := "OK"
	var refused *Error
	if errors.As(err, &refused) {
		code = strings.TrimPrefix(refused.Code.Error(), "PCA_E_")
	} else if err != nil {
		t.Fatal(err)
	}
	if code != s.code {
		t.Fatalf("the code is %s, not %s: %v", code, s.code, err)
	}
	if err != nil {
		for _, check := range s.checks {
			said := map[string]string{"field": refused.Field, "object": refused.Object}[check.key]
			if said != check.value {
				t.Errorf("%s is %s, not %s", check.key, said, check.value)
			}
		}
		return
	}
	thing := y.things[s.object]
	if s.result != "" {
		y.things[s.result] = result
		thing = result
	}
	for _, check := range s.checks {
		y.check(t, thing, check)
	}
}

func TestStory(t *testing.T) {
	oneGoroutine(t)
	file, err := os.Open(filepath.Join(storyDir, "story.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	y := &story{path: filepath.Join(t.TempDir(), "region"), things: map[string]any{}}
	steps := 0
	for lines, n := bufio.NewScanner(file), 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		y.run(t, readStep(line))
		if t.Failed() {
			t.Fatalf("story.txt:%d: %s", n, line)
		}
		steps++
	}
	if steps == 0 {
		t.Fatal("no steps")
	}
	if region, ok := y.things["r"].(*Region); ok {
		region.Close()
	}
}
