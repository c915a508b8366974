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
	{"durations and retries come back", "read_timeout 3000, retries 2, retry_delay 5", observeDurations},
	{"retry_delay without retries", "does not come back", observeDelayWithoutRetries},
	{"null for what is not set", "201", createsWith(fields{"headers": nil, "template": nil, "read_timeout": nil, "retries": nil, "retry_delay": nil})},
	{"template with white space and line ends", "comes back as it was sent", comesBack("template", "  a\r\n\tb \n\n")},
	{"header names in mixed case", "come back as they were sent", observeHeaderNames},
	{"URL: path with a slash at its end", "comes back as it was sent", spelledURL("https://example.com", "/a/")},
	{"URL: host in upper case", "comes back as it was sent", spelledURL("https://EXAMPLE.com", "/a")},
	{"URL: default port", "comes back as it was sent", spelledURL("https://example.com:443", "/a")},
	{"URL: %7e for ~", "comes back as it was sent", spelledURL("https://example.com", "/%7ea")},
	{"URL: dot segments", "comes back as it was sent", spelledURL("https://example.com", "/a/../b")},
	{"URL: variable in the query", "comes back as it was sent", spelledURL("https://example.com", "/a?n=$retryCount")},
	{"URL: fragment", "", spelledURL("https://example.com", "/a#b")},
	{"URL: underscore in the host", "400", refuses(fields{"url": "https://a_b.example.com/"}, "/url")},
	{"same url and method", "409 A webhook with the given url and method already exists.", observeConflict},
	{"no valid url", "400 with details that begin with /url", refuses(fields{"url": "not a url"}, "/url")},
	{"unknown event", "400 with details that begin with /events/0", refuses(fields{"events": []string{"PROBE_123"}}, "/events/0")},
	{"event in there twice", "", createsWith(fields{"events": []string{"EXPIRED_DR", "EXPIRED_DR"}})},
	{"no events", "400", refuses(fields{"events": []string{}}, "/events")},
	{"method HEAD", "400", refuses(fields{"method": "HEAD"}, "/method")},
	{"header Content-Type", "400", refuses(fields{"headers": fields{"Content-Type": "text/plain"}}, "/headers")},
	{"read_timeout of 60001", "400", refuses(fields{"read_timeout": 60001}, "/read_timeout")},
	{"read_timeout of 0", "400", refuses(fields{"read_timeout": 0}, "/read_timeout")},
	{"retries of 6", "400", refuses(fields{"retries": 6}, "/retries")},
	{"retry_delay of 4", "400", refuses(fields{"retries": 1, "retry_delay": 4}, "/retry_delay")},
	{"body that is not JSON", "400 Failed to parse message body.", observeBrokenBody},
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func observeCreate(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
		isUUID, contentType := uuid.MatchString(created.text("id")), created.header.Get("Content-Type")
		return sawThat(created.status == http.StatusCreated && isUUID && strings.Contains(contentType, "json"),
			"%d, UUID: %t, Content-Type: %s", created.status, isUUID, contentType)
	})
}

func observeMinimal(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
		names := strings.Join(slices.Sorted(maps.Keys(created.fields())), " ")
		return sawThat(names == "encoding events headers id method retries url" && created.fields()["retries"] == 0.0,
			"%s; retries is %v", names, created.fields()["retries"])
	})
}

func observeDurations(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, fields{"read_timeout": 3000, "retries": 2, "retry_delay": 5}, func(created *reply) (observation, error) {
		f := created.fields()
		return sawThat(f["read_timeout"] == 3000.0 && f["retries"] == 2.0 && f["retry_delay"] == 5.0,
			"read_timeout %v, retries %v, retry_delay %v", f["read_timeout"], f["retries"], f["retry_delay"])
	})
}

func observeDelayWithoutRetries(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, fields{"retry_delay": 5}, func(created *reply) (observation, error) {
		delay, present := created.fields()["retry_delay"]
		return sawThat(!present, "%s", shown(delay, present))
	})
}

func shown(value any, present bool) string {
	if !present {
		return "does not come back"
	}
	return fmt.Sprintf("comes back as %v", value)
}

// createsWith observes whether a webhook with these fields can be created.
func createsWith(f fields) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.tryCreate(ctx, f, func(got *reply) (observation, error) {
			return sawStatus(got, nil, http.StatusCreated)
		})
	}
}

// comesBack observes how a field is spelled in the response.
func comesBack(name, value string) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.withWebhook(ctx, fields{name: value}, func(created *reply) (observation, error) {
			return sawThat(created.text(name) == value, "%q, sent %q", created.text(name), value)
		})
	}
}

// spelledURL observes how a URL is spelled in the response. The marker, which
// cleaning up needs, comes first in its path.
func spelledURL(host, suffix string) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		path := fmt.Sprintf("/messagemedia-probe/%s/%d", p.marker, p.names)
		sent := host + path + suffix
		return p.tryCreate(ctx, fields{"url": sent}, func(created *reply) (observation, error) {
			if !created.ok() {
				return sawThat(false, "%v", created)
			}
			got := created.text("url")
			return sawThat(got == sent, "%s, sent %s", strings.Replace(got, path, "/…", 1), host+"/…"+suffix)
		})
	}
}

func observeHeaderNames(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, fields{"headers": fields{"x-pRoBe": "1"}}, func(created *reply) (observation, error) {
		headers, _ := created.fields()["headers"].(map[string]any)
		names := slices.Collect(maps.Keys(headers))
		return sawThat(slices.Equal(names, []string{"x-pRoBe"}), "%q, sent \"x-pRoBe\"", names)
	})
}

func observeConflict(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
		return p.tryCreate(ctx, fields{"url": created.text("url")}, func(got *reply) (observation, error) {
			return sawThat(got.status == http.StatusConflict && got.text("message") == "A webhook with the given url and method already exists.", "%v", got)
		})
	})
}

// refuses observes whether a creation is a 400 whose details name the field.
func refuses(f fields, field string) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.tryCreate(ctx, f, func(got *reply) (observation, error) {
			return sawThat(got.status == http.StatusBadRequest && strings.HasPrefix(got.details(), field), "%v", got)
		})
	}
}

func observeBrokenBody(ctx context.Context, p *probe) (observation, error) {
	got, err := p.send(ctx, request{method: http.MethodPost, path: webhooksPath, body: `{"url":`})
	if err != nil {
		return observation{}, err
	}
	return sawThat(got.status == http.StatusBadRequest && strings.Contains(got.body, "Failed to parse message body."), "%v", got)
}
