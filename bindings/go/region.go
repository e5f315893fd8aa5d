package pca

// #include "callbacks.h"
import "C"

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// Config is how to open a region. Exactly one storage key: Passphrase, Key, KeyWrapper or InsecurePlainKeys.
type Config struct {
	Passphrase        string
	Key               []byte // 32 octets
	InsecurePlainKeys bool
	Actor             string // who acts; kept in the log
	MapLimit          uint64 // most octets that the store may grow to; 0: the library's default
	ReadOnly          bool
	KeyWrapper        KeyWrapper                // or this wraps it
	Clock             func() (time.Time, error) // nil: the system's
	Entropy           io.Reader                 // seeds the random generators; nil: the system's. Read by many goroutines
	TestRandom        io.Reader                 // replaces them altogether: keys made so are worthless outside a test
	Containers        []KeyContainer            // at most 16
}

func (h *host) release() {
	if atomic.AddInt64(&h.views, -1) == 0 {
		h.forget()
	}
}

func (c *Config) use(in *call, host *host, use func(config *C.pca_config) C.int) C.int {
	config := C.pca_config_new()
	defer C.pca_config_free(config)
	if c.Passphrase != "" {
		C.pca_config_set_passphrase(config, in.text("passphrase", c.Passphrase))
	}
	if c.Key != nil {
		C.pca_config_set_key(config, (*C.uint8_t)(in.octets(c.Key)), C.size_t(len(c.Key)))
	}
	if c.InsecurePlainKeys {
		C.pca_config_set_insecure_plain_keys(config)
	}
	if c.Actor != "" {
		C.pca_config_set_actor(config, in.text("actor", c.Actor))
	}
	if c.MapLimit != 0 {
		C.pca_config_set_map_limit(config, C.uint64_t(c.MapLimit))
	}
	if c.ReadOnly {
		C.pca_config_set_read_only(config)
	}
	c.tables(in, config, host)
	return use(config)
}

// Region is a place that holds CAs.
type Region struct {
	h    *handle[*C.pca_region]
	host *host
}

func openRegion(config *Config, open func(c *call, config *C.pca_config, out **C.pca_region) C.int) (*Region, error) {
	var p *C.pca_region
	host := &host{}
	err := verb(func(c *call) C.int {
		return config.use(c, host, func(config *C.pca_config) C.int { return open(c, config, &p) })
	})
	if err != nil {
		host.forget()
		return nil, err
	}
	return newRegion(p, host), nil
}

func newRegion(p *C.pca_region, host *host) *Region {
	atomic.AddInt64(&host.views, 1)
	return &Region{own(p, func(p *C.pca_region) { C.pca_region_close(p); host.release() }, nil), host}
}

// Create makes the directory and an empty region in it. ErrExists: there is something at path.
func Create(path, id string, config Config) (*Region, error) {
	return openRegion(&config, func(c *call, config *C.pca_config, out **C.pca_region) C.int {
		return C.pca_region_create(c.text("path", path), c.text("id", id), config, out, c.err)
	})
}

// Open opens a region. ErrNotFound: there is none at path. ErrLocked: wrong storage key.
func Open(path string, config Config) (*Region, error) {
	return openRegion(&config, func(c *call, config *C.pca_config, out **C.pca_region) C.int {
		return C.pca_region_open(c.text("path", path), config, out, c.err)
	})
}

// Restore makes a region at path of the backup that r gives, and opens it. The context may end it: ErrCancelled.
func Restore(ctx context.Context, path string, r io.Reader, config Config) (*Region, error) {
	from := &lentReader{r: r}
	region, err := openRegion(&config, func(c *call, config *C.pca_config, out **C.pca_region) C.int {
		name := c.text("path", path)
		return lend(from, func(source C.uintptr_t) C.int {
			return lend(ctx, func(progress C.uintptr_t) C.int { return C.pcaGo_restore(name, source, config, progress, out, c.err) })
		})
	})
	return region, because(from.why, ended(ctx, err))
}

// RestoreFile is Restore of a file.
func RestoreFile(ctx context.Context, path, backup string, config Config) (*Region, error) {
	region, err := openRegion(&config, func(c *call, config *C.pca_config, out **C.pca_region) C.int {
		name, file := c.text("path", path), c.text("backup", backup)
		return lend(ctx, func(progress C.uintptr_t) C.int {
			return C.pcaGo_restore_read(name, file, config, progress, out, c.err)
		})
	})
	return region, ended(ctx, err)
}

// Close waits for the calls in progress and closes the region. Handles of its CAs and certificates go on telling what they are.
// Not to be called from a callback of the region.
func (r *Region) Close() error { return r.h.Close() }

func (r *Region) ask(use func(c *call, p *C.pca_region) C.int) error {
	return ask(r.h, func(c *call) C.int { return use(c, r.h.p) })
}

// askContext lends the context as the progress of a long call.
func (r *Region) askContext(ctx context.Context, use func(c *call, p *C.pca_region, progress C.uintptr_t) C.int) error {
	return ended(ctx, r.ask(func(c *call, p *C.pca_region) C.int {
		return lend(ctx, func(progress C.uintptr_t) C.int { return use(c, p, progress) })
	}))
}

// ID of the region, fixed for ever.
func (r *Region) ID() string {
	return look(r.h, r.h.p, func(p *C.pca_region) string { return C.GoString(C.pca_region_id(p)) })
}

// As is another handle of the same region, in which someone else acts.
func (r *Region) As(actor string) (*Region, error) {
	var view *Region
	err := r.ask(func(c *call, p *C.pca_region) C.int {
		var made *C.pca_region
		code := C.pca_region_as(p, c.text("actor", actor), &made, c.err)
		if code == C.PCA_OK {
			view = newRegion(made, r.host) // while r is held, and with it the host
		}
		return code
	})
	return view, err
}

// AcceptClock lets the region accept a clock that has jumped forward.
func (r *Region) AcceptClock() error {
	return r.ask(func(c *call, p *C.pca_region) C.int { return C.pca_region_accept_clock(p, c.err) })
}

// Check verifies every record, index and sum of the region.
func (r *Region) Check() error {
	return r.ask(func(c *call, p *C.pca_region) C.int { return C.pca_region_check(p, c.err) })
}

// ChangeStorageKey sets the storage key that fresh has, of whatever kind.
func (r *Region) ChangeStorageKey(fresh Config) error {
	host := &host{}
	defer host.forget()
	return r.ask(func(c *call, p *C.pca_region) C.int {
		return fresh.use(c, host, func(config *C.pca_config) C.int { return C.pca_region_change_storage_key(p, config, c.err) })
	})
}

// Backup writes the whole region, as it is at one moment, to w. The context may end it: ErrCancelled.
func (r *Region) Backup(ctx context.Context, w io.Writer) error {
	to := &lentWriter{ctx: ctx, w: w}
	return because(to.why, r.askContext(ctx, func(c *call, p *C.pca_region, progress C.uintptr_t) C.int {
		return lend(to, func(sink C.uintptr_t) C.int { return C.pcaGo_backup(p, sink, progress, c.err) })
	}))
}

// BackupFile is Backup into a file that is replaced at once.
func (r *Region) BackupFile(ctx context.Context, path string) error {
	return r.askContext(ctx, func(c *call, p *C.pca_region, progress C.uintptr_t) C.int {
		return C.pcaGo_backup_write(p, c.text("path", path), progress, c.err)
	})
}

// Compact writes the region's rows into a fresh store at path.
func (r *Region) Compact(ctx context.Context, path string) error {
	return r.askContext(ctx, func(c *call, p *C.pca_region, progress C.uintptr_t) C.int {
		return C.pcaGo_compact(p, c.text("path", path), progress, c.err)
	})
}

// Stat is how a region's store was doing when asked.
type Stat struct {
	Octets, Limit, FreeOctets, HeldOctets, Readers, ReaderLag, Waiting, CAs, Certs, Sequence uint64
	// Time is what the region goes by: the clock's, or the newest recorded one where the clock is behind it or too far ahead.
	Time time.Time
}

// Stat says how the region's store is doing.
func (r *Region) Stat() (Stat, error) {
	var s *C.pca_stat
	if err := r.ask(func(c *call, p *C.pca_region) C.int { return C.pca_region_stat(p, &s, c.err) }); err != nil {
		return Stat{}, err
	}
	defer C.pca_stat_free(s)
	return Stat{uint64(C.pca_stat_octets(s)), uint64(C.pca_stat_limit(s)), uint64(C.pca_stat_free_octets(s)),
		uint64(C.pca_stat_held_octets(s)), uint64(C.pca_stat_readers(s)), uint64(C.pca_stat_reader_lag(s)),
		uint64(C.pca_stat_waiting(s)), uint64(C.pca_stat_cas(s)), uint64(C.pca_stat_certs(s)), uint64(C.pca_stat_sequence(s)),
		moment(C.pca_stat_time(s))}, nil
}

// Policy is the value of a limit that the region may set.
func (r *Region) Policy(name string) (int64, error) {
	var value C.int64_t
	err := r.ask(func(c *call, p *C.pca_region) C.int {
		return C.pca_region_policy_get(p, c.text("name", name), &value, c.err)
	})
	return int64(value), err
}

// SetPolicy sets a limit. ErrInvalid names the range.
func (r *Region) SetPolicy(name string, value int64) error {
	return r.ask(func(c *call, p *C.pca_region) C.int {
		return C.pca_region_policy_set(p, c.text("name", name), C.int64_t(value), c.err)
	})
}

// Policy is a row of the table of policies.
type Policy struct {
	Name, Unit, Text          string
	Default, Minimum, Maximum int64
}

// Policies is the table of policies.
func Policies() []Policy {
	list := make([]Policy, int(C.pca_policy_count()))
	for i := range list {
		var name, unit *C.char
		var standard, minimum, maximum C.int64_t
		C.pca_policy_at(C.uint64_t(i), &name, &standard, &minimum, &maximum, &unit)
		list[i] = Policy{C.GoString(name), C.GoString(unit), C.GoString(C.pca_policy_text(name)),
			int64(standard), int64(minimum), int64(maximum)}
	}
	return list
}

// RunDue does what time has made due, at most so many jobs, and says how many.
func (r *Region) RunDue(most uint64) (uint64, error) {
	var done C.uint64_t
	err := r.ask(func(c *call, p *C.pca_region) C.int { return C.pca_region_run_due(p, C.uint64_t(most), &done, c.err) })
	return uint64(done), err
}

// NewPassword is a password for an export: 26 small letters and digits.
func (r *Region) NewPassword() (string, error) {
	b, err := blob(r.h, func(c *call, out **C.pca_blob) C.int { return C.pca_region_password_new(r.h.p, out, c.err) })
	return string(b), err
}

// Purchase buys a root and its subordinate for so many months. With a token the call may be repeated.
func (r *Region) Purchase(kind Kind, family Family, months uint64, token string) (*Root, error) {
	return newRoot(r, func(c *call, out **C.pca_root) C.int {
		return C.pca_root_purchase(r.h.p, C.int(kind), C.int(family), C.uint64_t(months), c.option("token", token), out, c.err)
	})
}

// Root by its id.
func (r *Region) Root(id uint64) (*Root, error) {
	return newRoot(r, func(c *call, out **C.pca_root) C.int { return C.pca_region_root_get(r.h.p, C.uint64_t(id), out, c.err) })
}

// RootByAlias finds a root by its alias.
func (r *Region) RootByAlias(alias string) (*Root, error) {
	return newRoot(r, func(c *call, out **C.pca_root) C.int {
		return C.pca_region_root_by_alias(r.h.p, c.text("alias", alias), out, c.err)
	})
}

// Sub by its id.
func (r *Region) Sub(id uint64) (*Sub, error) {
	return newSub(r, r.h, func(c *call, out **C.pca_sub) C.int { return C.pca_region_sub_get(r.h.p, C.uint64_t(id), out, c.err) })
}

// SubByAlias finds a subordinate by its alias.
func (r *Region) SubByAlias(alias string) (*Sub, error) {
	return newSub(r, r.h, func(c *call, out **C.pca_sub) C.int {
		return C.pca_region_sub_by_alias(r.h.p, c.text("alias", alias), out, c.err)
	})
}

// Cert by its id.
func (r *Region) Cert(id uint64) (*Cert, error) {
	return newCert(r, r.h, func(c *call, out **C.pca_cert) C.int { return C.pca_region_cert_get(r.h.p, C.uint64_t(id), out, c.err) })
}

// CertByDER finds the certificate that is, octet for octet, this one.
func (r *Region) CertByDER(der []byte) (*Cert, error) {
	return newCert(r, r.h, func(c *call, out **C.pca_cert) C.int {
		return C.pca_region_cert_by_der(r.h.p, c.octets(der), C.size_t(len(der)), out, c.err)
	})
}
