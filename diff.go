package messagemedia

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// webhookKey is unique among the webhooks of an account.
type webhookKey struct{ method, url string }

func (w *Webhook) key() webhookKey { return webhookKey{w.Method, w.URL} }

func (r *CreateWebhookRequest) key() webhookKey { return webhookKey{r.Method, r.URL} }

// normal returns the key with its URL normalized.
func (k webhookKey) normal() webhookKey { return webhookKey{k.method, normalURL(k.url)} }

// matches reports whether a webhook with the URL and method of a request has no difference.
func (w *Webhook) matches(request CreateWebhookRequest) bool {
	return len(w.diff(request)) == 0
}

// diff returns the names of the fields, other than URL and method, in which a webhook
// differs from a request. The order of events, the case of header names, line ends and the
// platform's defaults make no difference, nor does a field that the API returned as null.
func (w *Webhook) diff(request CreateWebhookRequest) []string {
	var names []string
	for _, field := range []struct {
		name string
		same bool
	}{
		{"encoding", w.Encoding == "" || w.Encoding == request.Encoding},
		{"events", w.Events == nil || sameSet(w.Events, request.Events)},
		{"template", w.untold.has(fieldTemplate) || sameLines(w.Template, request.Template)},
		{"read_timeout", w.untold.has(fieldReadTimeout) || cmp.Or(w.ReadTimeout, defaultReadTimeout) == cmp.Or(request.ReadTimeout, defaultReadTimeout)},
		{"retries", w.untold.has(fieldRetries) || w.Retries == request.Retries},
		{"retry_delay", request.Retries == 0 || request.RetryDelay == 0 || w.RetryDelay == request.RetryDelay || w.RetryDelay == 0 && w.Retries > 0},
	} {
		if !field.same {
			names = append(names, field.name)
		}
	}
	if w.Headers == nil {
		return names
	}
	return append(names, diffHeaders(w.Headers, request.Headers)...)
}

// respelled returns the names of the fields that the platform spells differently than the
// request, with the same meaning.
func (w *Webhook) respelled(request CreateWebhookRequest) []string {
	var names []string
	if w.URL != "" && w.URL != request.URL {
		names = append(names, "url")
	}
	if w.Template != request.Template && sameLines(w.Template, request.Template) {
		names = append(names, "template")
	}
	return names
}

// otherState returns the names of the fields, including URL and method, in which the
// response to a change differs from the request.
func (w *Webhook) otherState(request CreateWebhookRequest) []string {
	var names []string
	if w.URL != "" && normalURL(w.URL) != normalURL(request.URL) {
		names = append(names, "url")
	}
	if w.Method != "" && w.Method != request.Method {
		names = append(names, "method")
	}
	return append(names, w.diff(request)...)
}

func sameSet(a, b []EventType) bool {
	a, b = slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b)))
	return slices.Equal(a, b)
}

// sameLines reports whether two texts are equal except for their line ends.
func sameLines(a, b string) bool {
	return a == b || lineEnds.Replace(a) == lineEnds.Replace(b)
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func diffHeaders(a, b map[string]string) []string {
	a, b = canonicalHeaders(a), canonicalHeaders(b)
	all := maps.Clone(a)
	maps.Copy(all, b)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if a[name] != b[name] {
			names = append(names, "headers."+name)
		}
	}
	return names
}

// canonicalHeaders returns the headers with canonical names. Each value ends with a line
// break, which no value contains, so that an empty header differs from a missing one. If two
// names have the same canonical form, their values are joined in the order of the names.
func canonicalHeaders(headers map[string]string) map[string]string {
	folded := make(map[string]string, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		folded[http.CanonicalHeaderKey(name)] += headers[name] + "\n"
	}
	return folded
}

// webhookIndex finds the webhooks of a list.
type webhookIndex struct {
	byID   map[string]*Webhook
	normal map[webhookKey][]*Webhook // by normalized key, sorted by ID; usually one each
}

func indexOf(webhooks []*Webhook) webhookIndex {
	index := webhookIndex{make(map[string]*Webhook, len(webhooks)), make(map[webhookKey][]*Webhook, len(webhooks))}
	for _, webhook := range slices.SortedFunc(slices.Values(webhooks), func(a, b *Webhook) int { return cmp.Compare(a.ID, b.ID) }) {
		key := webhook.key().normal()
		index.byID[webhook.ID] = webhook
		index.normal[key] = append(index.normal[key], webhook)
	}
	return index
}

// find returns a webhook with the URL and method of a request, or nil. It prefers a webhook
// with the exact URL to one with another spelling of it, then a webhook that matches the
// request, and then the first ID.
func (x webhookIndex) find(request CreateWebhookRequest, taken func(*Webhook) bool) *Webhook {
	var found *Webhook
	rank := 0
	for _, webhook := range x.normal[request.key().normal()] {
		if taken != nil && taken(webhook) {
			continue
		}
		r := 1
		if webhook.matches(request) {
			r += 1
		}
		if webhook.URL == request.URL {
			r += 2
		}
		if r > rank {
			found, rank = webhook, r
		}
	}
	return found
}
