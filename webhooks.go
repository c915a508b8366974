package messagemedia

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	webhooksPath = "/v1/webhooks/messages"
	webhookRoute = webhooksPath + "/{id}"

	listPageSize       = 100 // the platform's default
	defaultReadTimeout = 20 * time.Second
)

// CreateWebhook creates a webhook, and returns it with the ID that the platform
// gave it.
//
// Whatever breaks on the way, it makes one webhook at most. An account has at
// most one for a URL and method, so after a response that was lost CreateWebhook
// looks it up: found and as asked, it is returned as if the response had come. The
// error matches [ErrConflict] when the account has another webhook for this URL
// and method, [ErrInvalidRequest] when the request is wrong or the account has
// 150 webhooks already, and [ErrOutcomeUnknown] when neither a response nor the
// look-up told whether the webhook was made.
func (c *Client) CreateWebhook(ctx context.Context, request CreateWebhookRequest) (*Webhook, error) {
	const operation = "CreateWebhook"
	if err := request.Validate(); err != nil {
		return nil, err
	}
	body, err := request.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("messagemedia: %s: %w", operation, err)
	}
	var created Webhook
	err = c.do(ctx, &call{
		operation: operation,
		method:    http.MethodPost,
		path:      webhooksPath,
		route:     webhooksPath,
		body:      body,
		decode:    created.decode,
	})
	switch {
	case err == nil:
		return &created, nil
	case errors.Is(err, ErrOutcomeUnknown):
		return c.findCreated(ctx, request, err)
	}
	return nil, err
}

// findCreated looks for the webhook of a request whose outcome is unknown. When
// that does not help, the error remains as it was.
func (c *Client) findCreated(ctx context.Context, request CreateWebhookRequest, unknown error) (*Webhook, error) {
	for webhook, err := range c.Webhooks(ctx) {
		if err != nil {
			return nil, unknown
		}
		if webhook.key() != request.key() {
			continue
		}
		if webhook.matches(request) {
			return webhook, nil
		}
		return nil, conflictError(unknown)
	}
	return nil, unknown
}

// conflictError is the error of a create whose URL and method turned out to be
// another webhook's: the API's own response if it gave one.
func conflictError(err error) error {
	if apiErr, ok := errors.AsType[*APIError](err); ok && apiErr.StatusCode == http.StatusConflict {
		return apiErr
	}
	return fmt.Errorf("messagemedia: CreateWebhook: %w: another webhook has this URL and method", ErrConflict)
}

// webhookKey is unique among the webhooks of an account.
type webhookKey struct{ method, url string }

func (w *Webhook) key() webhookKey { return webhookKey{w.Method, w.URL} }

func (r *CreateWebhookRequest) key() webhookKey { return webhookKey{r.Method, r.URL} }

// matches reports whether the webhook that has a request's URL and method is what the
// request asks for.
func (w *Webhook) matches(request CreateWebhookRequest) bool {
	return len(w.diff(request)) == 0
}

// diff names the fields, other than URL and method, in which a webhook differs from
// a request: by meaning, so that the order of events, the case
// of header names and the platform's defaults don't make a difference.
func (w *Webhook) diff(request CreateWebhookRequest) []string {
	var names []string
	for _, field := range []struct {
		name string
		same bool
	}{
		{"encoding", w.Encoding == request.Encoding},
		{"events", sameSet(w.Events, request.Events)},
		{"template", w.Template == request.Template},
		{"read_timeout", cmp.Or(w.ReadTimeout, defaultReadTimeout) == cmp.Or(request.ReadTimeout, defaultReadTimeout)},
		{"retries", w.Retries == request.Retries},
		{"retry_delay", request.Retries == 0 || request.RetryDelay == 0 || w.RetryDelay == request.RetryDelay},
	} {
		if !field.same {
			names = append(names, field.name)
		}
	}
	return append(names, diffHeaders(w.Headers, request.Headers)...)
}

func sameSet(a, b []EventType) bool {
	a, b = slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b)))
	return slices.Equal(a, b)
}

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

// canonicalHeaders writes names in one case, and ends each value with a line break, which
// none has in it, so that an empty header is not a missing one. Where two names
// become one, it holds both values, in the order of the names.
func canonicalHeaders(headers map[string]string) map[string]string {
	folded := make(map[string]string, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		folded[http.CanonicalHeaderKey(name)] += headers[name] + "\n"
	}
	return folded
}

// ListWebhooks returns one page of the account's webhooks. [Client.Webhooks]
// goes through all of them.
func (c *Client) ListWebhooks(ctx context.Context, request ListWebhooksRequest) (*WebhookPage, error) {
	var v violations
	v.page(request.Page, request.PageSize)
	if err := v.err("ListWebhooks"); err != nil {
		return nil, err
	}
	query := url.Values{"page": {strconv.Itoa(request.Page)}}
	if request.PageSize != 0 {
		query.Set("page_size", strconv.Itoa(request.PageSize))
	}
	var page WebhookPage
	err := c.do(ctx, &call{
		operation: "ListWebhooks",
		method:    http.MethodGet,
		path:      webhooksPath + "?" + query.Encode(),
		route:     webhooksPath,
		decode:    page.UnmarshalJSON,
	})
	if err != nil {
		return nil, err
	}
	return &page, nil
}

// Webhooks goes through all webhooks of the account. Each range over it reads
// every page before it yields the first webhook, so a loop may delete what it is
// given. An error is yielded once, without a webhook, and ends the loop.
func (c *Client) Webhooks(ctx context.Context) iter.Seq2[*Webhook, error] {
	return iterate(func() ([]*Webhook, error) { return c.allWebhooks(ctx) })
}

// allWebhooks ends at a page that is shorter than the platform's page size.
func (c *Client) allWebhooks(ctx context.Context) ([]*Webhook, error) {
	return allPages(0, func(w *Webhook) string { return w.ID }, func(number int) ([]*Webhook, bool, error) {
		page, err := c.ListWebhooks(ctx, ListWebhooksRequest{Page: number, PageSize: listPageSize})
		if err != nil {
			return nil, false, err
		}
		return page.Webhooks, len(page.Webhooks) < page.PageSize, nil
	})
}

// GetWebhook returns the webhook with an ID. The API has no such call, so this
// lists webhooks until it finds the one; the error matches [ErrNotFound] when
// there is none.
func (c *Client) GetWebhook(ctx context.Context, id string) (*Webhook, error) {
	const operation = "GetWebhook"
	var v violations
	v.id("/id", id)
	if err := v.err(operation); err != nil {
		return nil, err
	}
	for webhook, err := range c.Webhooks(ctx) {
		if err != nil {
			return nil, err
		}
		if webhook.ID == id {
			return webhook, nil
		}
	}
	return nil, fmt.Errorf("messagemedia: %s: %w: no webhook of the account has this ID", operation, ErrNotFound)
}

// UpdateWebhook changes the fields that the request sets, and returns the webhook
// as it is then. The error matches [ErrNotFound] when there is no such webhook.
//
// Sending the same change twice has the same result, so attempts that failed are
// repeated. The error matches [ErrOutcomeUnknown] when an attempt's response was
// lost and no later one told that the change was made.
func (c *Client) UpdateWebhook(ctx context.Context, id string, request UpdateWebhookRequest) (*Webhook, error) {
	const operation = "UpdateWebhook"
	var v violations
	v.id("/id", id)
	request.check(&v)
	if err := v.err(operation); err != nil {
		return nil, err
	}
	body, err := encodeJSON(request)
	if err != nil {
		return nil, fmt.Errorf("messagemedia: %s: %w", operation, err)
	}
	var updated Webhook
	err = c.do(ctx, &call{
		operation: operation,
		method:    http.MethodPatch,
		path:      webhooksPath + "/" + url.PathEscape(id),
		route:     webhookRoute,
		body:      body,
		decode:    updated.decode,
	})
	if err != nil {
		return nil, err
	}
	return &updated, nil
}

// DeleteWebhook deletes a webhook. The error matches [ErrNotFound] when there is
// no such webhook, unless an earlier attempt whose response was lost may have
// deleted it: then the call has done what was asked.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	const operation = "DeleteWebhook"
	var v violations
	v.id("/id", id)
	if err := v.err(operation); err != nil {
		return err
	}
	return c.delete(ctx, &call{
		operation: operation,
		path:      webhooksPath + "/" + url.PathEscape(id),
		route:     webhookRoute,
	})
}

// delete makes a call that deletes something. When it is gone after an attempt
// whose outcome is unknown, that attempt deleted it.
func (c *Client) delete(ctx context.Context, call *call) error {
	call.method = http.MethodDelete
	err := c.do(ctx, call)
	if errors.Is(err, ErrNotFound) && errors.Is(err, ErrOutcomeUnknown) {
		return nil
	}
	return err
}

// decode reads the response to a create or an update.
func (w *Webhook) decode(data []byte) error {
	if err := w.UnmarshalJSON(data); err != nil {
		return err
	}
	if w.ID == "" {
		return errors.New("the webhook has no id")
	}
	return nil
}
