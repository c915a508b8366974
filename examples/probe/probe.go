package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// probe is one run.
type probe struct {
	settings
	api *api
	log io.Writer

	basic, hmac *messagemedia.Client
	raw         *http.Client // for what the client does not send, over HTTP/1.1
	basicAuth   messagemedia.Authenticator

	// marker is in the URL of every webhook of this run. It is random, so that
	// nothing else has it.
	marker   string
	webhooks []string // IDs of those that were created
	names    int      // of URLs
	keyRun   keyRun
	received *receiver // nil if nothing is received

	rows []row
}

func newProbe(api *api, s settings, log io.Writer) (*probe, error) {
	p := &probe{settings: s, api: api, log: log, marker: strings.ToLower(rand.Text())}
	if api.memory != nil {
		p.keys, p.account, p.publicURL, p.address, p.wait = true, "a-sub-account", "", "127.0.0.1:0", 10*time.Second
	}
	if u, err := url.Parse(s.publicURL); err != nil || s.publicURL != "" && (u.Host == "" || u.RawQuery != "" || u.Fragment != "") {
		return nil, errors.New("-url must be like https://example.com/probe, without a query")
	}
	p.basicAuth = messagemedia.BasicAuth(api.key, api.secret)
	var errBasic, errHMAC error
	p.basic, errBasic = api.client(p.basicAuth)
	p.hmac, errHMAC = api.client(messagemedia.HMACAuth(api.key, api.secret))
	p.raw = api.raw("http/1.1")
	return p, errors.Join(errBasic, errHMAC)
}

// urlPrefix is what the URL of every webhook of this run begins with. Nothing is
// sent to example.com, since the webhooks there subscribe to one rare event, and
// have no variable of a message in URL and template.
func (p *probe) urlPrefix() string {
	if p.publicURL != "" {
		return strings.TrimRight(p.publicURL, "/") + "/" + p.marker
	}
	return "https://example.com/messagemedia-probe/" + p.marker
}

// check is an assumption of the SDK that can be observed.
type check struct {
	decision string
	assumed  string // "" if nothing is assumed
	observe  func(context.Context, *probe) (observation, error)
}

// observation is what a check saw, and whether that is what the SDK assumes.
type observation struct {
	seen  string
	holds bool
}

func sawThat(holds bool, format string, args ...any) (observation, error) {
	return observation{fmt.Sprintf(format, args...), holds}, nil
}

type verdict string

const (
	holds   verdict = "holds"
	differs verdict = "differs"
	noted   verdict = "noted"    // the SDK assumes nothing
	unseen  verdict = "not seen" // the request failed, or the account does not have it
)

// row is a line of the report.
type row struct {
	verdict                 verdict
	decision, assumed, seen string
}

// maxBefore leaves room for the probe under the 150 webhooks of an account.
const maxBefore = 140

// run observes one check after the other. It ends early if the credentials are wrong, if
// the account is almost full, or with its context.
func (p *probe) run(ctx context.Context) error {
	before := 0
	for _, err := range p.basic.Webhooks(ctx) {
		if err != nil {
			return fmt.Errorf("nothing was probed: %w", err)
		}
		before++
	}
	if before > maxBefore {
		return fmt.Errorf("nothing was probed: the account holds %d webhooks, and the probe needs room for its own under the limit of 150", before)
	}
	for _, c := range slices.Concat(authenticationChecks, creationChecks, listChecks, updateChecks, deletionChecks, keyChecks, receivingChecks, keyDeletionChecks) {
		p.rows = append(p.rows, p.observe(ctx, c))
	}
	return ctx.Err()
}

func (p *probe) observe(ctx context.Context, c check) row {
	r := row{unseen, c.decision, c.assumed, "interrupted"}
	if ctx.Err() != nil {
		return r
	}
	o, err := c.observe(ctx, p)
	if r.seen = o.seen; err != nil {
		r.seen = err.Error()
	}
	switch {
	case err != nil:
	case c.assumed == "":
		r.verdict = noted
	case o.holds:
		r.verdict = holds
	default:
		r.verdict = differs
	}
	return r
}

func (p *probe) count(v verdict) (n int) {
	for _, r := range p.rows {
		if r.verdict == v {
			n++
		}
	}
	return n
}
