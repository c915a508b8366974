package messagemediatest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

const (
	maxWebhooks     = 150 // of an account
	defaultPageSize = 100
)

func (s *Server) createWebhook(c call) response {
	webhook, _, wrong := readWebhook(c.body, true)
	if len(wrong) > 0 {
		return badRequest(wrong...)
	}
	s.normalize(&webhook)
	webhook.ID = newUUID()
	return s.change(c.account, func(state *state) response {
		switch {
		case state.indexOf(webhook.URL, webhook.Method) >= 0:
			return conflict
		case len(state.webhooks) >= maxWebhooks:
			return errorResponse(http.StatusBadRequest, fmt.Sprintf("Maximum number of webhooks (%d) reached", maxWebhooks))
		}
		state.webhooks = append(state.webhooks, webhook)
		return committed(http.StatusCreated, newWebhookJSON(webhook))
	})
}

func (s *Server) listWebhooks(c call) response {
	query := parseQuery(c.query, "page", "page_size", "pageSize")
	query.atMostOneOf("page_size", "pageSize")
	number, size := query.count("page"), query.count("page_size")+query.count("pageSize")
	if len(query.wrong) > 0 {
		return badRequest(query.wrong...)
	}
	size = cmp.Or(size, defaultPageSize)
	page := pageJSON{Page: number, PageSize: size, PageData: []webhookJSON{}}
	for i, webhook := range s.state(c.account, c.lag).webhooks {
		if i/size == number {
			page.PageData = append(page.PageData, newWebhookJSON(webhook))
		}
	}
	return jsonResponse(http.StatusOK, page)
}

func (s *Server) updateWebhook(c call) response {
	if s.state(c.account, 0).find(c.id) < 0 {
		return notFound
	}
	changes, set, wrong := readWebhook(c.body, false)
	if len(wrong) > 0 {
		return badRequest(wrong...)
	}
	s.normalize(&changes)
	return s.change(c.account, func(state *state) response {
		i := state.find(c.id)
		if i < 0 {
			return notFound
		}
		updated := merge(state.webhooks[i], changes, set)
		if other := state.indexOf(updated.URL, updated.Method); other >= 0 && other != i {
			return conflict
		}
		state.webhooks[i] = updated
		return committed(http.StatusOK, newWebhookJSON(updated))
	})
}

// merge returns a webhook with the changes to the fields that are set.
func merge(webhook, changes messagemedia.Webhook, set func(string) bool) messagemedia.Webhook {
	if set("url") {
		webhook.URL = changes.URL
	}
	if set("method") {
		webhook.Method = changes.Method
	}
	if set("encoding") {
		webhook.Encoding = changes.Encoding
	}
	if set("events") {
		webhook.Events = changes.Events
	}
	if set("headers") {
		webhook.Headers = changes.Headers
	}
	if set("template") {
		webhook.Template = changes.Template
	}
	return webhook
}

func (s *Server) deleteWebhook(c call) response {
	return s.change(c.account, func(state *state) response {
		i := state.find(c.id)
		if i < 0 {
			return notFound
		}
		state.webhooks = slices.Delete(state.webhooks, i, i+1)
		return response{status: http.StatusNoContent, committed: true}
	})
}

func (s state) find(id string) int {
	return slices.IndexFunc(s.webhooks, func(w messagemedia.Webhook) bool { return w.ID == id })
}

func (s state) indexOf(url, method string) int {
	return slices.IndexFunc(s.webhooks, func(w messagemedia.Webhook) bool { return w.URL == url && w.Method == method })
}

// Fields of a webhook. An update ignores the fields that only a creation can set.
var (
	changeableFields = []string{"url", "method", "encoding", "events", "headers", "template"}
	webhookFields    = append(slices.Clip(changeableFields), "read_timeout", "retries", "retry_delay")
)

// readWebhook reads and checks the fields of a request. If all are valid, set reports
// whether a field is set.
func readWebhook(body []byte, creating bool) (webhook messagemedia.Webhook, set func(string) bool, wrong violations) {
	o := parseBody(body, webhookFields...)
	webhook = messagemedia.Webhook{
		URL:      o.text("url"),
		Method:   o.text("method"),
		Encoding: messagemedia.Encoding(o.text("encoding")),
		Headers:  o.textMap("headers"),
		Template: o.text("template"),
	}
	names := o.texts("events")
	for _, name := range names {
		webhook.Events = append(webhook.Events, messagemedia.EventType(name))
	}
	if o.isUnparsable() {
		return webhook, nil, o.wrong
	}
	o.checkURL(webhook.URL, creating)
	o.checkEnum("method", webhook.Method, methods, creating)
	o.checkEnum("encoding", string(webhook.Encoding), encodings, creating)
	o.checkEvents(names, creating)
	o.checkHeaders(webhook.Headers)
	if creating {
		o.readDelivery(&webhook)
	} else {
		o.wrong.require(slices.ContainsFunc(changeableFields, o.has), "/: At least one field must be set")
	}
	return webhook, o.has, o.wrong
}

// readDelivery reads the fields that only a creation can set.
func (o *object) readDelivery(webhook *messagemedia.Webhook) {
	webhook.ReadTimeout = time.Duration(o.integer("read_timeout", 1, maxReadTimeout)) * time.Millisecond
	webhook.Retries = o.integer("retries", 0, maxRetries)
	delay := time.Duration(o.integer("retry_delay", minRetryDelay, maxRetryDelay)) * time.Second
	if webhook.Retries > 0 {
		webhook.RetryDelay = delay
	}
}

// webhookJSON is a webhook in a response.
type webhookJSON struct {
	ID          string                   `json:"id"`
	URL         string                   `json:"url"`
	Method      string                   `json:"method"`
	Encoding    *messagemedia.Encoding   `json:"encoding"` // null if unset
	Headers     map[string]string        `json:"headers"`
	Events      []messagemedia.EventType `json:"events"`
	Template    string                   `json:"template,omitzero"`
	ReadTimeout int64                    `json:"read_timeout,omitzero"` // milliseconds
	Retries     int                      `json:"retries"`
	RetryDelay  int64                    `json:"retry_delay,omitzero"` // seconds
}

type pageJSON struct {
	Page     int           `json:"page"`
	PageSize int           `json:"pageSize"`
	PageData []webhookJSON `json:"pageData"`
}

func newWebhookJSON(w messagemedia.Webhook) webhookJSON {
	j := webhookJSON{
		ID:          w.ID,
		URL:         w.URL,
		Method:      w.Method,
		Headers:     w.Headers,
		Events:      w.Events,
		Template:    w.Template,
		ReadTimeout: w.ReadTimeout.Milliseconds(),
		Retries:     w.Retries,
		RetryDelay:  int64(w.RetryDelay / time.Second),
	}
	if w.Encoding != "" {
		j.Encoding = &w.Encoding
	}
	if w.Headers == nil {
		j.Headers = map[string]string{}
	}
	if w.Events == nil {
		j.Events = []messagemedia.EventType{}
	}
	return j
}
