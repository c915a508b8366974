package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var creationChecks = []check{
	{"create", "201, an ID that is a UUID, JSON", observeCreate},
	{"fields of a webhook without options", "encoding events headers id method retries url", observeMinimal},
	{"durations and retries are returned", "read_timeout 3000, retries 2, retry_delay 5", observeDurations},
	{"retry_delay without retries", "not returned", observeDelayWithoutRetries},
	{"null for unset fields", "201", createsWith(fields{"headers": nil, "template": nil, "read_timeout": nil, "retries": nil, "retry_delay": nil})},
	{"template with white space and line ends", "returned unchanged", returnedUnchanged("template", "  a\r\n\tb \n\n")},
	{"header names in mixed case", "returned unchanged", observeHeaderNames},
	{"URL: trailing slash", "returned unchanged", spelledURL("https://example.com", "/a/")},
	{"URL: host in upper case", "returned unchanged", spelledURL("https://EXAMPLE.com", "/a")},
	{"URL: default port", "returned unchanged", spelledURL("https://example.com:443", "/a")},
	{"URL: %7e for ~", "returned unchanged", spelledURL("https://example.com", "/%7ea")},
	{"URL: dot segments", "returned unchanged", spelledURL("https://example.com", "/a/../b")},
	{"URL: variable in the query", "returned unchanged", spelledURL("https://example.com", "/a?n=$retryCount")},
	{"URL: fragment", "", spelledURL("https://example.com", "/a#b")},
	{"URL: underscore in the host", "400", rejects(fields{"url": "https://a_b.example.com/"}, "/url")},
	{"same url and method", "409 A webhook with the given url and method already exists.", observeConflict},
	{"invalid url", "400 with details that begin with /url", rejects(fields{"url": "not a url"}, "/url")},
	{"unknown event", "400 with details that begin with /events/0", rejects(fields{"events": []string{"PROBE_123"}}, "/events/0")},
	{"an event listed twice", "", createsWith(fields{"events": []string{"EXPIRED_DR", "EXPIRED_DR"}})},
	{"no events", "400", rejects(fields{"events": []string{}}, "/events")},
	{"method HEAD", "400", rejects(fields{"method": "HEAD"}, "/method")},
	{"header Content-Type", "400", rejects(fields{"headers": fields{"Content-Type": "text/plain"}}, "/headers")},
	{"read_timeout of 60001", "400", rejects(fields{"read_timeout": 60001}, "/read_timeout")},
	{"read_timeout of 0", "400", rejects(fields{"read_timeout": 0}, "/read_timeout")},
	{"retries of 6", "400", rejects(fields{"retries": 6}, "/retries")},
	{"retry_delay of 4", "400", rejects(fields{"retries": 1, "retry_delay": 4}, "/retry_delay")},
	{"body that is not JSON", "400 Failed to parse message body.", observeBrokenBody},
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func observeCreate(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
		isUUID, contentType := uuid.MatchString(created.text("id")), created.header.Get("Content-Type")
		return observed(created.status == http.StatusCreated && isUUID && strings.Contains(contentType, "json"),
			"%d, UUID: %t, Content-Type: %s", created.status, isUUID, contentType)
	})
}

func observeMinimal(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
		names := strings.Join(slices.Sorted(maps.Keys(created.fields())), " ")
		return observed(names == "encoding events headers id method retries url" && created.fields()["retries"] == 0.0,
			"%s; retries is %v", names, created.fields()["retries"])
	})
}

func observeDurations(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, fields{"read_timeout": 3000, "retries": 2, "retry_delay": 5}, func(created *reply) (observation, error) {
		f := created.fields()
		return observed(f["read_timeout"] == 3000.0 && f["retries"] == 2.0 && f["retry_delay"] == 5.0,
			"read_timeout %v, retries %v, retry_delay %v", f["read_timeout"], f["retries"], f["retry_delay"])
	})
}

func observeDelayWithoutRetries(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, fields{"retry_delay": 5}, func(created *reply) (observation, error) {
		delay, present := created.fields()["retry_delay"]
		return observed(!present, "%s", shown(delay, present))
	})
}

func shown(value any, present bool) string {
	if !present {
		return "not returned"
	}
	return fmt.Sprintf("returned as %v", value)
}

// createsWith observes whether the API creates a webhook with these fields.
func createsWith(f fields) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.tryCreate(ctx, f, func(got *reply) (observation, error) {
			return sawStatus(got, nil, http.StatusCreated)
		})
	}
}

// returnedUnchanged observes whether the response has a field unchanged.
func returnedUnchanged(name, value string) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.withWebhook(ctx, fields{name: value}, func(created *reply) (observation, error) {
			return observed(created.text(name) == value, "%q, sent %q", created.text(name), value)
		})
	}
}

// spelledURL observes whether the response has a URL unchanged. The marker, which cleanUp needs,
// comes first in its path.
func spelledURL(host, suffix string) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		path := fmt.Sprintf("/messagemedia-probe/%s/%d", p.marker, p.names)
		sent := host + path + suffix
		return p.tryCreate(ctx, fields{"url": sent}, func(created *reply) (observation, error) {
			if !created.ok() {
				return observed(false, "%v", created)
			}
			got := created.text("url")
			return observed(got == sent, "%s, sent %s", strings.Replace(got, path, "/…", 1), host+"/…"+suffix)
		})
	}
}

func observeHeaderNames(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, fields{"headers": fields{"x-pRoBe": "1"}}, func(created *reply) (observation, error) {
		headers, _ := created.fields()["headers"].(map[string]any)
		names := slices.Collect(maps.Keys(headers))
		return observed(slices.Equal(names, []string{"x-pRoBe"}), "%q, sent \"x-pRoBe\"", names)
	})
}

func observeConflict(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
		return p.tryCreate(ctx, fields{"url": created.text("url")}, func(got *reply) (observation, error) {
			return observed(got.status == http.StatusConflict && got.text("message") == "A webhook with the given url and method already exists.", "%v", got)
		})
	})
}

// rejects observes whether a creation gets 400 with details that name the field.
func rejects(f fields, field string) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.tryCreate(ctx, f, func(got *reply) (observation, error) {
			return observed(got.status == http.StatusBadRequest && strings.HasPrefix(got.details(), field), "%v", got)
		})
	}
}

func observeBrokenBody(ctx context.Context, p *probe) (observation, error) {
	got, err := p.send(ctx, request{method: http.MethodPost, path: webhooksPath, body: `{"url":`})
	if err != nil {
		return observation{}, err
	}
	return observed(got.status == http.StatusBadRequest && strings.Contains(got.body, "Failed to parse message body."), "%v", got)
}
