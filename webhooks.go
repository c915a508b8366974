package messagemedia

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	webhooksPath = "/v1/webhooks/messages"
	webhookRoute = webhooksPath + "/{id}"

	listPageSize       = 100 // the platform's default
	defaultReadTimeout = 20 * time.Second
)

// CreateWebhook creates a webhook and returns it as in the response, with the ID that the
// platform assigned. The platform may spell the URL or the template differently than
// the request.
//
// A call creates at most one webhook. URL and method are unique in an account, so after a
// lost response CreateWebhook looks the webhook up. If it matches the request, it is
// returned. If it does not, the error matches both [ErrConflict] and [ErrOutcomeUnknown],
// since this call may have created it before another program changed it.
//
// If the account already has a webhook with this URL and method, the error matches
// [ErrConflict]. If the request is invalid or the account has 150 webhooks, it matches
// [ErrInvalidRequest]. If neither a response nor the look-up shows whether the webhook was
// created, it matches [ErrOutcomeUnknown].
func (c *Client) CreateWebhook(ctx context.Context, request CreateWebhookRequest) (*Webhook, error) {
	const operation = "CreateWebhook"
	if err := request.Validate(); err != nil {
		return nil, err
	}
	body, err := request.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("messagemedia: %s: %w", operation, err)
	}
	var created *Webhook
	err = c.do(ctx, &call{
		operation: operation,
		method:    http.MethodPost,
		path:      webhooksPath,
		route:     webhooksPath,
		body:      body,
		decode:    func(data []byte) (err error) { created, err = decodeChanged(data); return err },
		url:       request.URL,
		headers:   request.Headers,
	})
	switch {
	case err == nil:
		return created, nil
	case errors.Is(err, ErrOutcomeUnknown):
		return c.findCreated(ctx, request, err)
	}
	return nil, err
}

// ListWebhooks returns one page of the account's webhooks. [Client.Webhooks]
// iterates over all of them.
func (c *Client) ListWebhooks(ctx context.Context, request ListWebhooksRequest) (*WebhookPage, error) {
	var v violations
	v.page(request.Page, request.PageSize)
	if err := v.err("ListWebhooks"); err != nil {
		return nil, err
	}
	return c.listWebhooks(ctx, "ListWebhooks", request)
}

func (c *Client) listWebhooks(ctx context.Context, operation string, request ListWebhooksRequest) (*WebhookPage, error) {
	query := url.Values{"page": {strconv.Itoa(request.Page)}}
	if request.PageSize != 0 {
		query.Set("page_size", strconv.Itoa(request.PageSize))
	}
	var page WebhookPage
	err := c.do(ctx, &call{
		operation: operation,
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

// Webhooks returns an iterator over all webhooks of the account. Each range over it reads
// every page before it yields the first webhook, so the loop may delete webhooks. An error
// is yielded once, with a nil webhook, and ends the loop. A list of more than 1,000 pages is
// an error.
func (c *Client) Webhooks(ctx context.Context) iter.Seq2[*Webhook, error] {
	return iterate(func() ([]*Webhook, error) {
		listing, err := c.webhookPages(ctx, "Webhooks").read(nil)
		return listing.items, err
	})
}

// webhookPages returns the pages of the account's webhooks. The last page is shorter than
// the platform's page size.
func (c *Client) webhookPages(ctx context.Context, operation string) pages[Webhook] {
	return pages[Webhook]{
		operation: operation,
		id:        func(w *Webhook) string { return w.ID },
		page: func(number int) ([]*Webhook, bool, error) {
			page, err := c.listWebhooks(ctx, operation, ListWebhooksRequest{Page: number, PageSize: listPageSize})
			if err != nil {
				return nil, false, err
			}
			return page.Webhooks, len(page.Webhooks) < page.PageSize, nil
		},
		pause: func(reading int) error { return c.pause(ctx, reading) },
	}
}

// GetWebhook returns the webhook with this ID. The API has no such call, so GetWebhook reads
// the list up to the page that has the webhook. If no webhook has this ID, the error matches
// [ErrNotFound]. Before that, GetWebhook reads a list of several pages twice, since a deletion
// can move webhooks between pages.
func (c *Client) GetWebhook(ctx context.Context, id string) (*Webhook, error) {
	const operation = "GetWebhook"
	var v violations
	v.id("/id", id)
	if err := v.err(operation); err != nil {
		return nil, err
	}
	webhook, err := c.webhookPages(ctx, operation).find(id, false)
	if webhook != nil || err != nil {
		return webhook, err
	}
	return nil, fmt.Errorf("messagemedia: %s: %w: no webhook of the account has this ID", operation, ErrNotFound)
}

// UpdateWebhook changes the fields that the request sets and returns the webhook as in the
// response. If no webhook has this ID, the error matches [ErrNotFound].
//
// An update is idempotent, so failed attempts are retried. If a response was lost and no
// later attempt succeeded, the error matches [ErrOutcomeUnknown].
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
	var updated *Webhook
	err = c.do(ctx, &call{
		operation: operation,
		method:    http.MethodPatch,
		path:      webhooksPath + "/" + url.PathEscape(id),
		route:     webhookRoute,
		body:      body,
		decode:    func(data []byte) (err error) { updated, err = decodeChanged(data); return err },
		url:       request.URL,
		headers:   request.Headers,
	})
	if err != nil {
		return nil, err
	}
	return updated, nil
}

// DeleteWebhook deletes the webhook with this ID. If no webhook has this ID, the error
// matches [ErrNotFound]. If the response to an earlier attempt of the same call was lost and
// the list of webhooks lacks the ID, the call succeeds.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	const operation = "DeleteWebhook"
	var v violations
	v.id("/id", id)
	if err := v.err(operation); err != nil {
		return err
	}
	return deleteByID(ctx, c, c.webhookPages(ctx, operation), id, &call{
		operation: operation,
		path:      webhooksPath + "/" + url.PathEscape(id),
		route:     webhookRoute,
	})
}

// decodeChanged reads the response to a create or an update.
func decodeChanged(data []byte) (*Webhook, error) {
	webhook, err := decodeWebhook(data)
	if err == nil && webhook.ID == "" {
		err = errors.New("the webhook has no id")
	}
	return webhook, err
}
