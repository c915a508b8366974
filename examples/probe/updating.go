package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

var updateChecks = []check{
	{"update of one field", "200, other fields unchanged", updateOf(fields{"template": "y"}, "template")},
	{"update with null for other fields", "200, other fields unchanged", updateOf(fields{"template": "y", "url": nil, "events": nil, "headers": nil}, "template")},
	{"update that clears headers by {}", "200, no headers", updateOf(fields{"headers": fields{}}, "headers")},
	{`update that clears the template by ""`, "200, no template", updateOf(fields{"template": ""}, "template")},
	{"update of read_timeout, retries, retry_delay", "200, these fields unchanged", updateOf(fields{"template": "y", "read_timeout": 9000, "retries": 5, "retry_delay": 60}, "template")},
	{"update with {}", "400", rejectsUpdate(fields{})},
	{"update with null for all", "400", rejectsUpdate(fields{"url": nil, "method": nil, "encoding": nil, "events": nil, "headers": nil, "template": nil})},
	{"update to another webhook's url and method", "409", observeUpdateConflict},
	{"update of an unknown ID", "404, no body or Entity not found", func(ctx context.Context, p *probe) (observation, error) {
		got, err := p.update(ctx, unknownID, fields{"template": "x"})
		return sawNotFound(got, err)
	}},
}

var deletionChecks = []check{
	{"delete", "204 without a body", func(ctx context.Context, p *probe) (observation, error) {
		return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
			got, err := p.delete(ctx, created.text("id"))
			if err != nil {
				return observation{}, err
			}
			return observed(got.status == http.StatusNoContent && got.body == "", "%v", got)
		})
	}},
	{"delete again", "404, no body or Entity not found", func(ctx context.Context, p *probe) (observation, error) {
		return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
			if _, err := p.delete(ctx, created.text("id")); err != nil {
				return observation{}, err
			}
			got, err := p.delete(ctx, created.text("id"))
			return sawNotFound(got, err)
		})
	}},
	{"delete of an ID that is not a UUID", "", func(ctx context.Context, p *probe) (observation, error) {
		got, err := p.delete(ctx, "probe-no-such-webhook")
		if err != nil {
			return observation{}, err
		}
		return observed(true, "%v", got)
	}},
}

// unknownID is a UUID that no webhook has, because it is not random.
const unknownID = "00000000-0000-4000-8000-000000000000"

// full sets every field, so that an update can omit all but one.
var full = fields{"template": "x", "headers": fields{"X-Probe": "1"}, "read_timeout": 3000, "retries": 1, "retry_delay": 5}

// updateOf observes whether an update changes one field to the value in the request, and no other
// field.
func updateOf(f fields, changed string) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.withWebhook(ctx, full, func(created *reply) (observation, error) {
			got, err := p.update(ctx, created.text("id"), f)
			if err != nil {
				return observation{}, err
			}
			want := created.fields()
			if want[changed] = f[changed]; f[changed] == "" {
				delete(want, changed)
			}
			if difference := differences(want, got.fields()); !got.ok() || difference != "" {
				return observed(false, "%s", strings.TrimSpace(fmt.Sprint(got.status, " ", difference)))
			}
			return observed(got.status == http.StatusOK, "%d", got.status)
		})
	}
}

// differences describes the fields that differ.
func differences(want, got map[string]any) string {
	var found []string
	all := maps.Clone(want)
	maps.Copy(all, got)
	for name := range all {
		if !bytes.Equal(asJSON(want[name]), asJSON(got[name])) {
			found = append(found, fmt.Sprintf("%s is %s, not %s", name, asJSON(got[name]), asJSON(want[name])))
		}
	}
	slices.Sort(found)
	return strings.Join(found, ", ")
}

func rejectsUpdate(f fields) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
			got, err := p.update(ctx, created.text("id"), f)
			if err != nil {
				return observation{}, err
			}
			return observed(got.status == http.StatusBadRequest, "%v", got)
		})
	}
}

func observeUpdateConflict(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(first *reply) (observation, error) {
		return p.withWebhook(ctx, nil, func(second *reply) (observation, error) {
			got, err := p.update(ctx, second.text("id"), fields{"url": first.text("url")})
			if err != nil {
				return observation{}, err
			}
			return observed(got.status == http.StatusConflict, "%v", got)
		})
	})
}

func sawNotFound(got *reply, err error) (observation, error) {
	if err != nil {
		return observation{}, err
	}
	return observed(got.status == http.StatusNotFound && (got.body == "" || got.text("message") == "Entity not found"), "%v", got)
}
