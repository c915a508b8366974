package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

var listChecks = []check{
	{"list", "200 with page, pageData, pageSize", observeList},
	{"default page size", "100", pageSize("", 100)},
	{"page size by page_size", "1", pageSize("?page=0&page_size=1", 1)},
	{"page size by pageSize", "", pageSize("?page=0&pageSize=1", 1)},
	{"page size of 0", "100", pageSize("?page=0&page_size=0", 100)},
	{"page size of 1000", "", pageSize("?page=0&page_size=1000", 1000)},
	{"page after the last", "200 without webhooks", observePageAfterLast},
	{"page -1", "400 page property value is invalid", observeNegativePage},
	{"list with a trailing slash in the path", "", observeListWithSlash},
	{"get a webhook by its ID", "404 or 405, no such endpoint", observeGetByID},
}

func observeList(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, webhooksPath+"?page=0&page_size=1")
	if err != nil {
		return observation{}, err
	}
	names := strings.Join(slices.Sorted(maps.Keys(got.fields())), ", ")
	return observed(got.status == http.StatusOK && names == "page, pageData, pageSize", "%d with %s", got.status, names)
}

// pageSize creates two webhooks, and observes the page size by the response's field and by the
// number of webhooks in the page.
func pageSize(query string, want int) func(context.Context, *probe) (observation, error) {
	return func(ctx context.Context, p *probe) (observation, error) {
		return p.withWebhook(ctx, nil, func(*reply) (observation, error) {
			return p.withWebhook(ctx, nil, func(*reply) (observation, error) {
				got, err := p.get(ctx, webhooksPath+query)
				if err != nil {
					return observation{}, err
				}
				size, isNumber := got.fields()["pageSize"].(float64)
				webhooks, _ := got.fields()["pageData"].([]any)
				if !isNumber {
					return observed(false, "%d without pageSize", got.status)
				}
				return observed(int(size) == want && (want > 1) == (len(webhooks) > 1), "%v, %s", size, several(len(webhooks)))
			})
		})
	}
}

// several describes a number of webhooks without revealing how many the account has.
func several(n int) string {
	if n > 1 {
		return "several webhooks"
	}
	return fmt.Sprintf("webhooks: %d", n)
}

func observePageAfterLast(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, webhooksPath+"?page=1000&page_size=100")
	if err != nil {
		return observation{}, err
	}
	webhooks, isList := got.fields()["pageData"].([]any)
	if !got.ok() || len(webhooks) > 0 {
		return observed(false, "%d with %s", got.status, several(len(webhooks)))
	}
	return observed(isList, "%d, pageData is a list: %t", got.status, isList)
}

func observeNegativePage(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, webhooksPath+"?page=-1&page_size=1")
	if err != nil {
		return observation{}, err
	}
	if got.ok() {
		return observed(false, "%d", got.status) // without the body, which may have another program's webhook
	}
	return observed(got.status == http.StatusBadRequest && strings.Contains(got.body, "page property value is invalid"), "%v", got)
}

func observeListWithSlash(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, webhooksPath+"/?page=0&page_size=1")
	return sawStatus(got, err, http.StatusOK)
}

func observeGetByID(ctx context.Context, p *probe) (observation, error) {
	return p.withWebhook(ctx, nil, func(created *reply) (observation, error) {
		got, err := p.get(ctx, webhooksPath+"/"+created.text("id"))
		if err != nil {
			return observation{}, err
		}
		return observed(got.status == http.StatusNotFound || got.status == http.StatusMethodNotAllowed, "%v", got)
	})
}
