package pca

// #include "callbacks.h"
import "C"

import (
	"context"
	"time"
	"unsafe"
)

const pointerSize = unsafe.Sizeof((*C.pca_request)(nil))

// pointers is an array of C as a slice.
func pointers(array unsafe.Pointer, n int) []*C.pca_request {
	return unsafe.Slice((**C.pca_request)(array), n)
}

// Query is what to look for: conditions that hold all together; what is zero is none. pca.h says which apply where.
type Query struct {
	Issuer           uint64
	Status           Status
	Type             CertType
	State            State
	Kind             Kind
	Name, NamePrefix string
	Serial, Alias    string
	CustomID         string
	TagKey, TagValue string
	Expires          time.Time // ends before
	ChangedSince     uint64
	After            string // what Page.Next said of the page before
	Limit            uint64 // of a page; 0: the default
	CountOnly        bool   // no rows
}

func (q *Query) use(c *call, use func(p *C.pca_query) C.int) C.int {
	p := C.pca_query_new()
	defer C.pca_query_free(p)
	C.pca_query_set_issuer(p, C.uint64_t(q.Issuer))
	C.pca_query_set_status(p, C.int(q.Status))
	C.pca_query_set_type(p, C.int(q.Type))
	C.pca_query_set_state(p, C.int(q.State))
	C.pca_query_set_kind(p, C.int(q.Kind))
	C.pca_query_set_name(p, c.option("name", q.Name))
	C.pca_query_set_name_prefix(p, c.option("name_prefix", q.NamePrefix))
	C.pca_query_set_serial(p, c.option("serial", q.Serial))
	C.pca_query_set_alias(p, c.option("alias", q.Alias))
	C.pca_query_set_custom_id(p, c.option("custom_id", q.CustomID))
	if q.TagKey != "" {
		C.pca_query_set_tag(p, c.text("tag", q.TagKey), c.text("tag", q.TagValue))
	}
	C.pca_query_set_expires(p, seconds(q.Expires))
	C.pca_query_set_changed_since(p, C.uint64_t(q.ChangedSince))
	C.pca_query_set_after(p, c.option("after", q.After))
	if q.Limit != 0 || q.CountOnly {
		C.pca_query_set_limit(p, C.uint64_t(q.Limit))
	}
	return use(p)
}

// Page of what was found. Its certificates and CAs live as long as it does.
type Page struct {
	h      *handle[*C.pca_page]
	region *Region
}

func newPage(region *Region, from holder, use func(c *call, out **C.pca_page) C.int) (*Page, error) {
	var p *C.pca_page
	if err := ask(from, func(c *call) C.int { return use(c, &p) }); err != nil {
		return nil, err
	}
	return &Page{own(p, func(p *C.pca_page) { C.pca_page_free(p) }, region), region}, nil
}

// Close frees the page.
func (g *Page) Close() error { return g.h.Close() }

// Count of its rows.
func (g *Page) Count() int {
	return look(g.h, g.h.p, func(p *C.pca_page) int { return int(C.pca_page_count(p)) })
}

// Certs of the page.
func (g *Page) Certs() []*Cert {
	return look(g.h, g.h.p, func(p *C.pca_page) []*Cert {
		var list []*Cert
		for i := C.uint64_t(0); i < C.pca_page_count(p); i++ {
			if cert := C.pca_page_cert_at(p, i); cert != nil {
				list = append(list, &Cert{g.h, cert, g.region})
			}
		}
		return list
	})
}

// CAs of the page.
func (g *Page) CAs() []*CA {
	return look(g.h, g.h.p, func(p *C.pca_page) []*CA {
		var list []*CA
		for i := C.uint64_t(0); i < C.pca_page_count(p); i++ {
			if ca := C.pca_page_ca_at(p, i); ca != nil {
				list = append(list, &CA{g.h, ca, g.region})
			}
		}
		return list
	})
}

// Entry is a row of the ledger.
type Entry struct {
	Sequence             uint64
	Time                 time.Time
	Actor, Action        string
	CAID, FromID, Object uint64
	Units                int64
	Token                string
}

// Entries of the page.
func (g *Page) Entries() []Entry {
	return look(g.h, g.h.p, func(p *C.pca_page) []Entry {
		var list []Entry
		for i := C.uint64_t(0); i < C.pca_page_count(p); i++ {
			if e := C.pca_page_entry_at(p, i); e != nil {
				list = append(list, Entry{uint64(C.pca_entry_sequence(e)), moment(C.pca_entry_time(e)), C.GoString(C.pca_entry_actor(e)),
					C.GoString(C.pca_entry_action(e)), uint64(C.pca_entry_ca_id(e)), uint64(C.pca_entry_from_id(e)),
					uint64(C.pca_entry_object_id(e)), int64(C.pca_entry_units(e)), C.GoString(C.pca_entry_token(e))})
			}
		}
		return list
	})
}

// Next is where the next page begins; "": this was the last.
func (g *Page) Next() string {
	return look(g.h, g.h.p, func(p *C.pca_page) string { return C.GoString(C.pca_page_next(p)) })
}

// Total is how many match, and whether so many in all or on the pages so far.
func (g *Page) Total() (total uint64, exact bool) {
	look(g.h, g.h.p, func(p *C.pca_page) int {
		var yes C.int
		total = uint64(C.pca_page_total(p, &yes))
		exact = yes != 0
		return 0
	})
	return total, exact
}

// Sequence is the last change that the page knows of, for Query.ChangedSince.
func (g *Page) Sequence() uint64 {
	return look(g.h, g.h.p, func(p *C.pca_page) uint64 { return uint64(C.pca_page_sequence(p)) })
}

// FindCerts is a page of certificates.
func (r *Region) FindCerts(q Query) (*Page, error) {
	return newPage(r, r.h, func(c *call, out **C.pca_page) C.int {
		return q.use(c, func(p *C.pca_query) C.int { return C.pca_region_find_certs(r.h.p, p, out, c.err) })
	})
}

// FindCAs is a page of CAs, in order of purchase.
func (r *Region) FindCAs(q Query) (*Page, error) {
	return newPage(r, r.h, func(c *call, out **C.pca_page) C.int {
		return q.use(c, func(p *C.pca_query) C.int { return C.pca_region_find_cas(r.h.p, p, out, c.err) })
	})
}

// Ledger is a page of every movement of certificates as a resource.
func (r *Region) Ledger(q Query) (*Page, error) {
	return newPage(r, r.h, func(c *call, out **C.pca_page) C.int {
		return q.use(c, func(p *C.pca_query) C.int { return C.pca_region_ledger(r.h.p, p, out, c.err) })
	})
}

// Roots is a page of roots in order of purchase. limit 0: only counted.
func (r *Region) Roots(after string, limit uint64) (*Page, error) {
	return newPage(r, r.h, func(c *call, out **C.pca_page) C.int {
		return C.pca_region_roots(r.h.p, c.option("after", after), C.uint64_t(limit), out, c.err)
	})
}

// Subs is a page of the subordinates below the root.
func (r *Root) Subs(after string, limit uint64) (*Page, error) {
	return newPage(r.region, r.h, func(c *call, out **C.pca_page) C.int {
		return C.pca_root_subs(r.h.p, c.option("after", after), C.uint64_t(limit), out, c.err)
	})
}

// Expiring is a page of issued certificates that end before a date.
func (r *Region) Expiring(before time.Time, after string, limit uint64) (*Page, error) {
	return newPage(r, r.h, func(c *call, out **C.pca_page) C.int {
		return C.pca_region_expiring(r.h.p, seconds(before), c.option("after", after), C.uint64_t(limit), out, c.err)
	})
}

// Reviews is a page of pending requests, oldest first.
func (r *Region) Reviews(after string, limit uint64) (*Page, error) {
	return newPage(r, r.h, func(c *call, out **C.pca_page) C.int {
		return C.pca_region_reviews(r.h.p, c.option("after", after), C.uint64_t(limit), out, c.err)
	})
}

// Iter goes through what a query finds, page by page:
//
//	for it := region.Certs(ctx, query); it.Next(); {
//		use(it.Value())
//	}
//
// and Err says in the end whether it went through all. Values live on with what they were found in.
type Iter[T any] struct {
	ctx   context.Context
	fetch func(after string) (*Page, error)
	rows  func(*Page) []T
	list  []T
	value T
	after string
	last  bool
	err   error
}

// Certs goes through the certificates that a query finds.
func (r *Region) Certs(ctx context.Context, q Query) *Iter[*Cert] {
	return &Iter[*Cert]{ctx: ctx, after: q.After, rows: (*Page).Certs,
		fetch: func(after string) (*Page, error) { q.After = after; return r.FindCerts(q) }}
}

// CAs goes through the CAs that a query finds.
func (r *Region) CAs(ctx context.Context, q Query) *Iter[*CA] {
	return &Iter[*CA]{ctx: ctx, after: q.After, rows: (*Page).CAs,
		fetch: func(after string) (*Page, error) { q.After = after; return r.FindCAs(q) }}
}

// Next goes to the next value; false: there is none, or Err says why.
func (i *Iter[T]) Next() bool {
	for len(i.list) == 0 {
		if i.last || i.err != nil {
			return false
		}
		if i.err = i.ctx.Err(); i.err != nil {
			return false
		}
		page, err := i.fetch(i.after)
		if err != nil {
			i.err = err
			return false
		}
		i.list, i.after = i.rows(page), page.Next()
		i.last = i.after == ""
	}
	i.value, i.list = i.list[0], i.list[1:]
	return true
}

// Value is where Next went.
func (i *Iter[T]) Value() T { return i.value }

// Err is why Next stopped early, or nil.
func (i *Iter[T]) Err() error { return i.err }
