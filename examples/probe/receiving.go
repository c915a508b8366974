package main

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

var receivingChecks = []check{
	{"a text message arrives", "at every webhook", observeArrival},
	{"Date of a delivery", "an HTTP date of 28 or 29 bytes", observeDate},
	{"signature headers", "if and only if a key is enabled", observeSignatureHeaders},
	{"signature", "RSA PKCS #1 v1.5 of request line, Date, body", observeSignature},
	{"Content-Type for JSON", "application/json", contentTypeOf("json", "application/json")},
	{"Content-Type for FORM_ENCODED", "application/x-www-form-urlencoded", contentTypeOf("form", "application/x-www-form-urlencoded")},
	{"Content-Type for XML", "application/xml", contentTypeOf("xml", "application/xml")},
	{"body without a template", "empty", observeEmptyBody},
	{"custom header of the webhook", "in every delivery", observeCustomHeader},
	{"values of variables in a URL", "", observeURLEscaping},
	{"retry after a 503", "a second attempt with the same body", observeRetry},
	{"Date of a retry", "not that of the first attempt", observeRetryDate},
	{"names of a delivery's headers", "", observeHeaders},
}

// receivingWebhooks are the webhooks that receive the text message, by the last part of their
// paths.
var receivingWebhooks = map[string]fields{
	"json":  {"template": `{"content":"$!esc.json($moContent)"}`, "headers": fields{"X-Probe": "1"}, "retries": 1, "retry_delay": 5},
	"empty": {},
	"form":  {"encoding": messagemedia.EncodingForm, "template": "a=b"},
	"xml":   {"encoding": messagemedia.EncodingXML, "template": "<a/>", "method": http.MethodPut},
}

// urlQuery is the query of the webhook "form".
const urlQuery = "?content=$moContent"

// suggestedText has characters that show how a URL is escaped.
const suggestedText = "a b&c=d+e/é%"

// observeArrival creates the webhooks and waits for a text message. The following checks read the
// deliveries from the receiver.
func observeArrival(ctx context.Context, p *probe) (observation, error) {
	if err := p.startReceiving(); err != nil {
		return observation{}, err
	}
	interrupted := ctx
	ctx, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	for _, name := range slices.Sorted(maps.Keys(receivingWebhooks)) {
		f := maps.Clone(receivingWebhooks[name])
		f["events"] = []messagemedia.EventType{messagemedia.EventReceivedSMS}
		if f["url"] = p.urlPrefix() + "/" + name; name == "form" {
			f["url"] = p.urlPrefix() + "/" + name + urlQuery
		}
		got, err := p.create(ctx, p.newWebhook(f))
		if err != nil {
			return observation{}, err
		}
		if !got.ok() {
			return observation{}, fmt.Errorf("no webhook was created: %v", got)
		}
	}
	if err := p.causeDelivery(ctx); err != nil {
		return observation{}, err
	}
	missing := p.received.await(ctx, map[string]int{"json": 2, "empty": 1, "form": 1, "xml": 1})
	switch {
	case interrupted.Err() != nil:
		return observation{}, interrupted.Err()
	case len(missing) == len(receivingWebhooks) && len(p.received.deliveries("json")) == 0:
		return observation{}, errors.New("no text message arrived")
	case len(missing) > 0:
		return observed(false, "missing: %s", strings.Join(missing, ", "))
	}
	return observed(true, "at %d of %d", len(receivingWebhooks), len(receivingWebhooks))
}

// causeDelivery asks the user for a text message, or simulates one on the in-memory platform.
func (p *probe) causeDelivery(ctx context.Context) error {
	if p.api.memory == nil {
		fmt.Fprintf(p.log, "probe: send a text message to one of the account's numbers within %v, preferably with this text: %s\n", p.wait, suggestedText)
		return nil
	}
	_, err := p.api.memory.Send(ctx, &webhook.ReceivedSMS{ReplyID: "a175e797-2b54-468b-9850-41a3eab32f74", Content: suggestedText},
		messagemediatest.ThroughClient(http.DefaultClient))
	return err
}

// first returns the first delivery of a webhook.
func (p *probe) first(name string) (delivery, error) {
	all := p.received.deliveries(name)
	if len(all) == 0 {
		return delivery{}, errors.New("nothing was received")
	}
	return all[0], nil
}

func observeDate(_ context.Context, p *probe) (observation, error) {
	d, err := p.first("json")
	if err != nil {
		return observation{}, err
	}
	date := d.header.Get("Date")
	if date == "" && !p.keyRun.enabled && !p.keyRun.foreign {
		return observation{}, errors.New("no Date; no key is enabled")
	}
	parsed, err := http.ParseTime(date)
	if err != nil && len(date) == 28 {
		parsed, err = http.ParseTime(strings.Replace(date, ", ", ", 0", 1))
	}
	if err != nil {
		return observed(false, "%q", date)
	}
	return observed(true, "%d bytes: %s; received %v later", len(date), date, d.at.Sub(parsed).Round(1e9))
}

func observeSignatureHeaders(_ context.Context, p *probe) (observation, error) {
	d, err := p.first("json")
	if err != nil {
		return observation{}, err
	}
	var names []string
	for _, name := range []string{"Signature", "Digest-Type", "Cipher-Type", "Key-Id"} {
		if d.header.Get("X-Messagemedia-"+name) != "" {
			names = append(names, name)
		}
	}
	enabled := p.keyRun.enabled || p.keyRun.foreign
	return observed(enabled == (len(names) == 4) && (enabled || len(names) == 0), "%d of 4 (%s), digest type %q; a key is enabled: %t",
		len(names), strings.Join(names, ", "), d.header.Get("X-Messagemedia-Digest-Type"), enabled)
}

// observeSignature verifies the signature independently of package webhook, so that both don't
// share a mistake.
func observeSignature(_ context.Context, p *probe) (observation, error) {
	d, err := p.first("json")
	if err != nil {
		return observation{}, err
	}
	if !p.keyRun.enabled || p.keyRun.public == nil {
		return observation{}, errors.New("the probe's key is not enabled")
	}
	signature, err := base64.StdEncoding.DecodeString(d.header.Get("X-Messagemedia-Signature"))
	if err != nil {
		return observed(false, "the signature is not base64")
	}
	hash := crypto.SHA256.New()
	fmt.Fprintf(hash, "%s %s HTTP/1.1%s%s", d.method, d.target, d.header.Get("Date"), d.body)
	sum := hash.Sum(nil)
	if rsa.VerifyPKCS1v15(p.keyRun.public, crypto.SHA256, sum, signature) == nil {
		return observed(true, "verified")
	}
	if rsa.VerifyPSS(p.keyRun.public, crypto.SHA256, sum, signature, nil) == nil {
		return observed(false, "RSA PSS")
	}
	return observed(false, "invalid, received over %s; does a proxy rewrite the path?", d.proto)
}

func contentTypeOf(name, want string) func(context.Context, *probe) (observation, error) {
	return func(_ context.Context, p *probe) (observation, error) {
		d, err := p.first(name)
		if err != nil {
			return observation{}, err
		}
		got := d.header.Get("Content-Type")
		mediaType, _, _ := strings.Cut(got, ";")
		return observed(mediaType == want, "%s", got)
	}
}

func observeEmptyBody(_ context.Context, p *probe) (observation, error) {
	d, err := p.first("empty")
	if err != nil {
		return observation{}, err
	}
	return observed(d.body == "", "%d bytes, Content-Type: %s", len(d.body), d.header.Get("Content-Type"))
}

func observeCustomHeader(_ context.Context, p *probe) (observation, error) {
	all := p.received.deliveries("json")
	if len(all) == 0 {
		return observation{}, errors.New("nothing was received")
	}
	arrived := 0
	for _, d := range all {
		if d.header.Get("X-Probe") == "1" {
			arrived++
		}
	}
	return observed(arrived == len(all), "with %d of %d", arrived, len(all))
}

// observeURLEscaping compares the query with the text, which it reads from the JSON payload. It
// reports nothing of the text.
func observeURLEscaping(_ context.Context, p *probe) (observation, error) {
	form, err := p.first("form")
	if err != nil {
		return observation{}, err
	}
	inJSON, err := p.first("json")
	if err != nil {
		return observation{}, err
	}
	var payload struct{ Content string }
	if err := json.Unmarshal([]byte(inJSON.body), &payload); err != nil {
		return observation{}, errors.New("unknown text: the payload is not JSON")
	}
	_, got, _ := strings.Cut(form.target, "?content=")
	plus := url.QueryEscape(payload.Content)
	percent := strings.ReplaceAll(plus, "+", "%20")
	switch got {
	case payload.Content:
		if percent == payload.Content {
			return observation{}, fmt.Errorf("the text has no character to escape; send %s", suggestedText)
		}
		return observed(true, "not escaped")
	case percent:
		return observed(true, "percent-encoded, space as %%20")
	case plus:
		return observed(true, "percent-encoded, space as +")
	}
	return observed(true, "another escaping, with percent signs: %t", strings.Contains(got, "%"))
}

func observeRetry(_ context.Context, p *probe) (observation, error) {
	all := p.received.deliveries("json")
	switch len(all) {
	case 0:
		return observation{}, errors.New("nothing was received")
	case 1:
		return observed(false, "no second attempt")
	}
	return observed(all[0].body == all[1].body, "%v after the first, same body: %t", all[1].at.Sub(all[0].at).Round(1e9), all[0].body == all[1].body)
}

func observeRetryDate(_ context.Context, p *probe) (observation, error) {
	all := p.received.deliveries("json")
	if len(all) < 2 {
		return observation{}, errors.New("no retry was received")
	}
	own := all[0].header.Get("Date") != all[1].header.Get("Date")
	if all[1].at.Sub(all[0].at) < 2e9 {
		return observation{}, errors.New("less than 2 s after the first attempt, so both can have the same Date")
	}
	return observed(own, "differs: %t", own)
}

func observeHeaders(_ context.Context, p *probe) (observation, error) {
	d, err := p.first("json")
	if err != nil {
		return observation{}, err
	}
	return observed(true, "%s, %s; User-Agent: %s", d.proto, strings.Join(slices.Sorted(maps.Keys(d.header)), ", "), d.header.Get("User-Agent"))
}
