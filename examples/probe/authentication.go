package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

var authenticationChecks = []check{
	{"client with Basic", "creates, lists, updates, deletes", func(ctx context.Context, p *probe) (observation, error) {
		return p.useClient(ctx, p.basic)
	}},
	{"client with HMAC", "creates, lists, updates, deletes", func(ctx context.Context, p *probe) (observation, error) {
		return p.useClient(ctx, p.hmac)
	}},
	{"HMAC with SHA-1", "", func(ctx context.Context, p *probe) (observation, error) {
		return p.listAs(ctx, messagemedia.HMACAuth(p.api.key, p.api.secret, messagemedia.WithHMACSHA1()))
	}},
	{"HMAC with x-Content-MD5", "", observeMD5Header},
	{"HMAC over HTTP/2", "401: HMAC requires HTTP/1.1", observeHTTP2},
	{"401, Basic", `WWW-Authenticate: Basic realm="service"`, func(ctx context.Context, p *probe) (observation, error) {
		return p.observe401(ctx, messagemedia.BasicAuth("probe-"+rand.Text(), rand.Text()), func(r *reply) bool {
			return r.header.Get("WWW-Authenticate") == `Basic realm="service"`
		})
	}},
	{"401, HMAC", "no body, or a message", func(ctx context.Context, p *probe) (observation, error) {
		return p.observe401(ctx, messagemedia.HMACAuth("probe-"+rand.Text(), rand.Text()), func(r *reply) bool {
			return r.body == "" || r.text("message") != ""
		})
	}},
	{"headers that identify a request", "", observeRequestID},
	{"clock of the API", "within 300 s of this machine's", observeClock},
	{"Account, on webhooks", "acts for the sub-account", func(ctx context.Context, p *probe) (observation, error) {
		return p.withWebhook(ctx, nil, func(*reply) (observation, error) {
			return p.compareAccount(ctx, webhooksPath+"?page=0&page_size=100")
		})
	}},
}

// useClient calls the client's four operations.
func (p *probe) useClient(ctx context.Context, client *messagemedia.Client) (observation, error) {
	p.names++
	created, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:        fmt.Sprintf("%s/%d", p.urlPrefix(), p.names),
		Method:     http.MethodPost,
		Encoding:   messagemedia.EncodingJSON,
		Events:     []messagemedia.EventType{messagemedia.EventExpiredDR},
		Retries:    1,
		RetryDelay: 5 * time.Second,
	})
	if err != nil {
		return failedWith(err)
	}
	if _, err := client.GetWebhook(ctx, created.ID); err != nil {
		return failedWith(err)
	}
	updated, err := client.UpdateWebhook(ctx, created.ID, messagemedia.UpdateWebhookRequest{
		Events: []messagemedia.EventType{messagemedia.EventExpiredDR, messagemedia.EventRejectedDR},
	})
	if err != nil {
		return failedWith(err)
	}
	if err := client.DeleteWebhook(ctx, created.ID); err != nil {
		return failedWith(err)
	}
	_, err = client.GetWebhook(ctx, created.ID)
	switch {
	case len(updated.Events) != 2:
		return observed(false, "the update returned %d events, not 2", len(updated.Events))
	case !errors.Is(err, messagemedia.ErrNotFound):
		return observed(false, "the deleted webhook is still in the list")
	}
	return observed(true, "all four")
}

// failedWith returns a rejection by the API as an observation. Any other error shows nothing
// about the API's rules, so failedWith returns it as an error.
func failedWith(err error) (observation, error) {
	apiErr, ok := errors.AsType[*messagemedia.APIError](err)
	if !ok || apiErr.StatusCode >= 500 || apiErr.StatusCode == http.StatusTooManyRequests {
		return observation{}, err
	}
	return observed(false, "%v", err)
}

func (p *probe) listAs(ctx context.Context, auth messagemedia.Authenticator) (observation, error) {
	got, err := p.send(ctx, request{method: http.MethodGet, path: webhooksPath + "?page=0&page_size=1", auth: auth})
	return sawStatus(got, err, http.StatusOK)
}

// sawStatus observes the status. It reports the body only if the status differs from the assumed
// one.
func sawStatus(got *reply, err error, status int) (observation, error) {
	switch {
	case err != nil:
		return observation{}, err
	case got.status == status:
		return observed(true, "%d", status)
	}
	return observed(false, "%v", got)
}

// observeMD5Header sends a body, because the header is sent only with one.
func observeMD5Header(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
		got, err := p.send(ctx, request{
			method: http.MethodPatch, path: webhooksPath + "/" + created.text("id"), body: `{"template":"x"}`,
			auth: messagemedia.HMACAuth(p.api.key, p.api.secret, messagemedia.WithMD5Header("x-Content-MD5")),
		})
		return sawStatus(got, err, http.StatusOK)
	})
}

func observeHTTP2(ctx context.Context, p *probe) (observation, error) {
	if !strings.HasPrefix(p.api.baseURL, "https:") {
		return observation{}, errors.New("the base URL is not https")
	}
	client := p.api.raw("h2")
	defer client.CloseIdleConnections()
	got, err := p.send(ctx, request{
		method: http.MethodGet, path: webhooksPath + "?page=0&page_size=1", client: client,
		auth: messagemedia.HMACAuth(p.api.key, p.api.secret),
	})
	return sawStatus(got, err, http.StatusUnauthorized)
}

func (p *probe) observe401(ctx context.Context, auth messagemedia.Authenticator, asAssumed func(*reply) bool) (observation, error) {
	got, err := p.send(ctx, request{method: http.MethodGet, path: webhooksPath, auth: auth})
	if err != nil {
		return observation{}, err
	}
	return observed(got.status == http.StatusUnauthorized && asAssumed(got), "%v; WWW-Authenticate: %s; Content-Type: %s",
		got, got.header.Get("WWW-Authenticate"), got.header.Get("Content-Type"))
}

// observeRequestID lists the names of headers, without their values.
func observeRequestID(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, webhooksPath+"?page=0&page_size=1")
	if err != nil {
		return observation{}, err
	}
	names := slices.Sorted(maps.Keys(got.header))
	ids := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		lower := strings.ToLower(name)
		return !strings.Contains(lower, "request") && !strings.Contains(lower, "correlation") && !strings.Contains(lower, "trace")
	})
	return observed(true, "%d: %s; all: %s", len(ids), strings.Join(ids, ", "), strings.Join(names, ", "))
}

func observeClock(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, webhooksPath+"?page=0&page_size=1")
	if err != nil {
		return observation{}, err
	}
	date, err := http.ParseTime(got.header.Get("Date"))
	if err != nil {
		return observed(false, "the response has the Date %q", got.header.Get("Date"))
	}
	skew := time.Since(date).Round(time.Second)
	return observed(skew.Abs() <= 300*time.Second, "this machine's clock is %v ahead", skew)
}

// compareAccount compares a list with and without the header Account.
func (p *probe) compareAccount(ctx context.Context, path string) (observation, error) {
	if p.account == "" {
		return observation{}, errors.New("needs -account")
	}
	own, err := p.get(ctx, path)
	if err != nil {
		return observation{}, err
	}
	other, err := p.send(ctx, request{method: http.MethodGet, path: path, account: p.account})
	switch {
	case err != nil:
		return observation{}, err
	case !other.ok():
		return observed(false, "%v", other)
	case own.body == other.body && own.body == "[]":
		return observation{}, errors.New("both lists are empty")
	case own.body == other.body:
		return observed(false, "the same list as without the header")
	}
	return observed(true, "the list differs from that without the header")
}
