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

// probe is one run of the program.
type probe struct {
	settings
	api *api
	log io.Writer

	basic, hmac *messagemedia.Client
	raw         *http.Client // sends requests that the SDK's client rejects, over HTTP/1.1
	basicAuth   messagemedia.Authenticator

	// marker is part of the URL of every webhook of this run. It is random, so that it
	// identifies them.
	marker   string
	webhooks []string // the IDs of the created webhooks
	names    int      // the number of URLs so far
	keyRun   keyRun
	received *receiver // nil unless the probe receives deliveries

	rows []row
}

func newProbe(api *api, s settings, log io.Writer) (*probe, error) {
	p := &probe{settings: s, api: api, log: log, marker: strings.ToLower(rand.Text())}
	if api.memory != nil {
		p.keys, p.account, p.publicURL, p.address, p.wait = true, "a-sub-account", "", "127.0.0.1:0", 10*time.Second
	}
	if u, err := url.Parse(s.publicURL); err != nil || s.publicURL != "" && (u.Host == "" || u.RawQuery != "" || u.Fragment != "") {
		return nil, errors.New("-url must be an absolute URL without a query or a fragment, as in https://example.com/probe")
	}
	p.basicAuth = messagemedia.BasicAuth(api.key, api.secret)
	var errBasic, errHMAC error
	p.basic, errBasic = api.client(p.basicAuth)
	p.hmac, errHMAC = api.client(messagemedia.HMACAuth(api.key, api.secret))
	p.raw = api.raw("http/1.1")
	return p, errors.Join(errBasic, errHMAC)
}

// urlPrefix returns the prefix of the URL of every webhook of this run. The webhooks at
// example.com subscribe to one rare event. No message text can reach example.com, because their
// URLs and templates have no variable of a message.
func (p *probe) urlPrefix() string {
	if p.publicURL != "" {
		return strings.TrimRight(p.publicURL, "/") + "/" + p.marker
	}
	return "https://example.com/messagemedia-probe/" + p.marker
}

// check observes one behavior of the API.
type check struct {
	name    string
	assumed string // what the SDK assumes, or empty
	observe func(context.Context, *probe) (observation, error)
}

// observation is the result of a check.
type observation struct {
	text  string
	holds bool // whether the SDK's assumption holds
}

func observed(holds bool, format string, args ...any) (observation, error) {
	return observation{fmt.Sprintf(format, args...), holds}, nil
}

type verdict string

const (
	holds   verdict = "holds"
	differs verdict = "differs"
	noted   verdict = "noted"        // the SDK assumes nothing
	unknown verdict = "not observed" // the request failed, or the account lacks the feature
)

// row is a line of the report.
type row struct {
	verdict                  verdict
	check, assumed, observed string
}

// maxBefore leaves room for the probe's webhooks under the limit of 150 for an account.
const maxBefore = 140

// run runs the checks one after the other. It ends early if the credentials are wrong, if the
// account is almost full, or if the context ends.
func (p *probe) run(ctx context.Context) error {
	before := 0
	for _, err := range p.basic.Webhooks(ctx) {
		if err != nil {
			return fmt.Errorf("not started: %w", err)
		}
		before++
	}
	if before > maxBefore {
		return fmt.Errorf("not started: the account must have at most %d webhooks, because its limit is 150, got %d", maxBefore, before)
	}
	for _, c := range slices.Concat(authenticationChecks, creationChecks, listChecks, updateChecks, deletionChecks, keyChecks, receivingChecks, keyDeletionChecks) {
		p.rows = append(p.rows, p.observe(ctx, c))
	}
	return ctx.Err()
}

func (p *probe) observe(ctx context.Context, c check) row {
	r := row{unknown, c.name, c.assumed, "interrupted"}
	if ctx.Err() != nil {
		return r
	}
	o, err := c.observe(ctx, p)
	if r.observed = o.text; err != nil {
		r.observed = err.Error()
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
