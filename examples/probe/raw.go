package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

const (
	webhooksPath = "/v1/webhooks/messages"
	keysPath     = "/v1/iam/signature_keys"
)

// request is a raw HTTP request. The probe sends requests that the SDK's client rejects, and
// reads parts of responses that the client does not return.
type request struct {
	method, path string
	body         string
	account      string
	auth         messagemedia.Authenticator // if nil, Basic with the account's credentials
	client       *http.Client               // if nil, probe.raw
}

// reply is a raw HTTP response.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request once. If the request creates a webhook, send records the ID.
func (p *probe) send(ctx context.Context, r request) (*reply, error) {
	var body io.Reader // nil if empty, so that HMACAuth signs no body
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	out, err := http.NewRequestWithContext(ctx, r.method, strings.TrimRight(p.api.baseURL, "/")+r.path, body)
	if err != nil {
		return nil, err
	}
	out.Header.Set("Accept", "application/json")
	if r.body != "" {
		out.Header.Set("Content-Type", "application/json")
	}
	if r.account != "" {
		out.Header.Set("Account", r.account)
	}
	if err := cmp.Or(r.auth, p.basicAuth).Authenticate(out); err != nil {
		return nil, err
	}
	response, err := cmp.Or(r.client, p.raw).Do(out)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 10<<20))
	if err != nil {
		return nil, err
	}
	got := &reply{response.StatusCode, response.Header, string(text)}
	if id, ok := got.fields()["id"].(string); ok && r.method == http.MethodPost && r.path == webhooksPath && got.ok() {
		p.webhooks = append(p.webhooks, id)
	}
	if got.status == http.StatusTooManyRequests || got.status >= 500 {
		return nil, fmt.Errorf("%s %s: %v", r.method, r.path, got)
	}
	return got, nil
}

func (r *reply) ok() bool { return r.status >= 200 && r.status <= 299 }

// fields returns the fields of a JSON object, or nil if the body is not one.
func (r *reply) fields() (fields map[string]any) {
	_ = json.Unmarshal([]byte(r.body), &fields)
	return fields
}

func (r *reply) text(name string) string {
	text, _ := r.fields()[name].(string)
	return text
}

// details returns the details of a 400 response.
func (r *reply) details() string {
	details, _ := r.fields()["details"].([]any)
	return strings.TrimSuffix(fmt.Sprintln(details...), "\n")
}

// String returns the status and the beginning of the body, for the report.
func (r *reply) String() string {
	const maxShown = 160
	body := strings.TrimSpace(r.body)
	switch {
	case body == "":
		body = "without a body"
	case len(body) > maxShown:
		body = strings.ToValidUTF8(body[:maxShown], "") + "…"
	}
	return fmt.Sprintf("%d %s", r.status, body)
}

// fields are the JSON fields of a request.
type fields map[string]any

// asJSON encodes a value without escaping <, > and &, for the report.
func asJSON(v any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // every value is a literal of this program, or was decoded from JSON
	}
	return bytes.TrimSpace(text.Bytes())
}

// newWebhook returns the fields of a webhook with a unique URL. The argument replaces or adds
// fields.
func (p *probe) newWebhook(changed fields) fields {
	p.names++
	all := fields{
		"url":      fmt.Sprintf("%s/%d", p.urlPrefix(), p.names),
		"method":   http.MethodPost,
		"encoding": messagemedia.EncodingJSON,
		"events":   []messagemedia.EventType{messagemedia.EventExpiredDR},
	}
	maps.Copy(all, changed)
	return all
}

func (p *probe) create(ctx context.Context, f fields) (*reply, error) {
	return p.send(ctx, request{method: http.MethodPost, path: webhooksPath, body: string(asJSON(f))})
}

func (p *probe) update(ctx context.Context, id string, f fields) (*reply, error) {
	return p.send(ctx, request{method: http.MethodPatch, path: webhooksPath + "/" + id, body: string(asJSON(f))})
}

func (p *probe) delete(ctx context.Context, id string) (*reply, error) {
	return p.send(ctx, request{method: http.MethodDelete, path: webhooksPath + "/" + id})
}

func (p *probe) get(ctx context.Context, path string) (*reply, error) {
	return p.send(ctx, request{method: http.MethodGet, path: path})
}

// tryCreate observes the response to a creation, and deletes the created webhook. If that fails,
// cleanUp deletes it.
func (p *probe) tryCreate(ctx context.Context, changed fields, observe func(*reply) (observation, error)) (observation, error) {
	got, err := p.create(ctx, p.newWebhook(changed))
	if err != nil {
		return observation{}, err
	}
	o, err := observe(got)
	if id := got.text("id"); got.ok() && id != "" {
		if _, err := p.delete(ctx, id); err != nil {
			fmt.Fprintln(p.log, "probe: not deleted yet, will retry at the end:", p.redact(err.Error()))
		}
	}
	return o, err
}

// withWebhook creates a webhook, observes it, and deletes it.
func (p *probe) withWebhook(ctx context.Context, changed fields, observe func(created *reply) (observation, error)) (observation, error) {
	return p.tryCreate(ctx, changed, func(got *reply) (observation, error) {
		if !got.ok() || got.text("id") == "" {
			return observation{}, fmt.Errorf("no webhook was created: %v", got)
		}
		return observe(got)
	})
}
