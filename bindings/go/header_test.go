package pca

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func read(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatal(pattern, err)
	}
	var all strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func set(text, pattern string) map[string]bool {
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found[match[1]] = true
	}
	return found
}

// What of the header needs nothing in Go.
var notWrapped = map[string]string{
	"pca_ca_certificate":           "pca_ca_certificate_at, whose generation 0 is the present one",
	"pca_ca_crl_get":               "pca_ca_crl_get_at likewise",
	"pca_ca_crl_info":              "pca_ca_crl_info_at likewise",
	"pca_ca_crl_stream":            "pca_ca_crl_stream_at likewise",
	"pca_ca_crl_write":             "pca_ca_crl_write_at likewise",
	"pca_error_clear":              "each call has an error of its own",
	"pca_error_code":               "the verb returned it",
	"pca_import_reset":             "builders never show",
	"pca_query_reset":              "builders never show",
	"pca_request_clone":            "builders never show",
	"pca_request_reset":            "builders never show",
	"pca_results_count":            "there are as many as were asked for",
	"PCA_API":                      "the compiler's",
	"PCA_PCA_H":                    "the preprocessor's",
	"PCA_DRIVER_H":                 "the preprocessor's",
	"PCA_WRAPPED_MAX":              "the library tells a wrapper's room with each call",
	"PCA_CLOCK_VERSION":            "in callbacks.c",
	"PCA_ENTROPY_VERSION":          "in callbacks.c",
	"PCA_SINK_VERSION":             "in callbacks.c",
	"PCA_SOURCE_VERSION":           "in callbacks.c",
	"PCA_PROGRESS_VERSION":         "in callbacks.c",
	"PCA_KEY_WRAPPER_VERSION":      "in callbacks.c",
	"PCA_CONTAINER_DRIVER_VERSION": "in callbacks.c",
}

// Every function and constant of the header is used, or has a reason above. Values are the header's, since cgo takes them from there.
func TestTheHeaderIsWrapped(t *testing.T) {
	oneGoroutine(t)
	header, source := read(t, "../../include/pca/*.h"), read(t, "*.go")
	calls := set(source+read(t, "callbacks.c"), `\b(?:C\.|return )(pca_\w+)\(`)
	constants := set(source, `\bC\.(PCA_\w+)`)
	functions := set(header, `(?m)^PCA_API [\w *]*?\b(pca_\w+)\(`)
	if len(functions) < 250 {
		t.Error("the header has many functions, and these were read: ", len(functions))
	}
	for name := range functions {
		if _, excused := notWrapped[name]; calls[name] == excused {
			t.Error(name, "is called: ", calls[name], ", is excused: ", excused)
		}
	}
	defined := set(header, `(?m)^#define (PCA_\w+)`)
	for name := range defined {
		if _, excused := notWrapped[name]; constants[name] == excused {
			t.Error(name, "is used: ", constants[name], ", is excused: ", excused)
		}
	}
	for name := range notWrapped {
		if !functions[name] && !defined[name] {
			t.Error(name, "is excused, and the header does not have it")
		}
	}
}

func TestConstantsBearTheHeadersNames(t *testing.T) {
	oneGoroutine(t)
	header := read(t, "../../include/pca/*.h")
	for prefix, name := range map[string]func(int) fmt.Stringer{
		"KIND":      func(n int) fmt.Stringer { return Kind(n) },
		"FAMILY":    func(n int) fmt.Stringer { return Family(n) },
		"KEY":       func(n int) fmt.Stringer { return KeyAlgorithm(n) },
		"CA":        func(n int) fmt.Stringer { return State(n) },
		"CERT":      func(n int) fmt.Stringer { return CertType(n) },
		"STATUS":    func(n int) fmt.Stringer { return Status(n) },
		"CONTAINER": func(n int) fmt.Stringer { return Container(n) },
		"SAN":       func(n int) fmt.Stringer { return SANType(n) },
		"REASON":    func(n int) fmt.Stringer { return Reason(n) },
		"FORMAT":    func(n int) fmt.Stringer { return Format(n) },
	} {
		lines := regexp.MustCompile(`(?m)^#define PCA_`+prefix+`_(\w+) (\d+)`).FindAllStringSubmatch(header, -1)
		if len(lines) < 2 {
			t.Error("no constants of ", prefix)
		}
		for _, line := range lines {
			number, _ := strconv.Atoi(line[2])
			if said := name(number).String(); said != line[1] && !strings.HasSuffix(line[1], "VERSION") {
				t.Errorf("PCA_%s_%s is called %s", prefix, line[1], said)
			}
		}
		if said := name(999).String(); said != "999" {
			t.Error(prefix, said)
		}
	}
}
