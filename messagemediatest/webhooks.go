package messagemediatest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

const (
	webhooksPath    = "/v1/webhooks/messages"
	maxWebhooks     = 150 // of an account
	defaultPageSize = 100
)

var (
	methods   = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}
	encodings = []messagemedia.Encoding{messagemedia.EncodingJSON, messagemedia.EncodingForm, messagemedia.EncodingXML}
	events    = []messagemedia.EventType{
		messagemedia.EventReceivedSMS, messagemedia.EventReceivedMMS, messagemedia.EventOptOutSMS,
		messagemedia.EventEnrouteDR, messagemedia.EventExpiredDR, messagemedia.EventRejectedDR,
		messagemedia.EventFailedDR, messagemedia.EventDeliveredDR, messagemedia.EventSubmittedDR,
	}
)

// account holds the webhooks and keys of an account, in the order of creation.
// The server's mutex guards it.
type account struct {
	webhooks []messagemedia.Webhook
	keys     []*signatureKey
}

func (a *account) serveWebhooks(r *http.Request, id string, body []byte) response {
	switch {
	case id == "" && r.Method == http.MethodGet:
		return a.list(r.URL.Query())
	case id == "" && r.Method == http.MethodPost:
		return a.create(body)
	case id != "" && r.Method == http.MethodPatch:
		return a.update(id, body)
	case id != "" && r.Method == http.MethodDelete:
		return a.delete(id)
	}
	return response{status: http.StatusMethodNotAllowed}
}

func (a *account) create(body []byte) response {
	var request messagemedia.CreateWebhookRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return badRequest("Failed to parse message body.")
	}
	details := append(violations(request.Validate()), zeroDurations(body)...)
	details = append(details, unknownValues(request.Method, request.Encoding, request.Events)...)
	switch {
	case len(details) > 0:
		return badRequest(details...)
	case a.indexOf(request.URL, request.Method) >= 0:
		return conflict
	case len(a.webhooks) >= maxWebhooks:
		return errorResponse(http.StatusBadRequest, fmt.Sprintf("Maximum number of webhooks (%d) reached", maxWebhooks))
	}
	webhook := messagemedia.Webhook{
		ID:          newUUID(),
		URL:         request.URL,
		Method:      request.Method,
		Encoding:    request.Encoding,
		Events:      request.Events,
		Headers:     request.Headers,
		Template:    request.Template,
		ReadTimeout: request.ReadTimeout,
		Retries:     request.Retries,
	}
	if request.Retries > 0 {
		webhook.RetryDelay = request.RetryDelay
	}
	a.webhooks = append(a.webhooks, webhook)
	return committed(http.StatusCreated, webhook)
}

func (a *account) list(query url.Values) response {
	page, err := parseCount(query.Get("page"))
	size, err2 := parseCount(cmp.Or(query.Get("page_size"), query.Get("pageSize")))
	if err := errors.Join(err, err2); err != nil {
		return badRequest("page property value is invalid")
	}
	size = cmp.Or(size, defaultPageSize)
	var part []*messagemedia.Webhook
	for i := range a.webhooks {
		if i/size == page {
			part = append(part, &a.webhooks[i])
		}
	}
	return jsonResponse(http.StatusOK, messagemedia.WebhookPage{Page: page, PageSize: size, Webhooks: part})
}

func (a *account) update(id string, body []byte) response {
	i := slices.IndexFunc(a.webhooks, func(w messagemedia.Webhook) bool { return w.ID == id })
	if i < 0 {
		return response{status: http.StatusNotFound}
	}
	var request messagemedia.UpdateWebhookRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return badRequest("Failed to parse message body.")
	}
	details := append(violations(request.Validate()), unknownValues(request.Method, request.Encoding, request.Events)...)
	if len(details) > 0 {
		return badRequest(details...)
	}
	updated := updatedWebhook(a.webhooks[i], request)
	if other := a.indexOf(updated.URL, updated.Method); other >= 0 && other != i {
		return conflict
	}
	a.webhooks[i] = updated
	return committed(http.StatusOK, updated)
}

func updatedWebhook(webhook messagemedia.Webhook, request messagemedia.UpdateWebhookRequest) messagemedia.Webhook {
	webhook.URL = cmp.Or(request.URL, webhook.URL)
	webhook.Method = cmp.Or(request.Method, webhook.Method)
	webhook.Encoding = cmp.Or(request.Encoding, webhook.Encoding)
	if request.Events != nil {
		webhook.Events = request.Events
	}
	if request.Headers != nil {
		webhook.Headers = request.Headers
	}
	if request.Template != nil {
		webhook.Template = *request.Template
	}
	return webhook
}

func (a *account) delete(id string) response {
	kept := slices.DeleteFunc(slices.Clone(a.webhooks), func(w messagemedia.Webhook) bool { return w.ID == id })
	if len(kept) == len(a.webhooks) {
		return response{status: http.StatusNotFound}
	}
	a.webhooks = kept
	return response{status: http.StatusNoContent, committed: true}
}

func (a *account) indexOf(url, method string) int {
	return slices.IndexFunc(a.webhooks, func(w messagemedia.Webhook) bool { return w.URL == url && w.Method == method })
}

// violations are those that the SDK finds, too.
func violations(err error) []string {
	if invalid, ok := errors.AsType[*messagemedia.ValidationError](err); ok {
		return invalid.Details
	}
	return nil
}

// unknownValues are those that the SDK lets pass, and this version of the
// platform does not know. A null is none.
func unknownValues(method string, encoding messagemedia.Encoding, subscribed []messagemedia.EventType) []string {
	var details []string
	if method != "" && !slices.Contains(methods, method) {
		details = append(details, fmt.Sprintf("/method: [%s] is invalid", method))
	}
	if encoding != "" && !slices.Contains(encodings, encoding) {
		details = append(details, fmt.Sprintf("/encoding: [%s] is invalid", encoding))
	}
	for i, event := range subscribed {
		if event != "" && !slices.Contains(events, event) {
			details = append(details, fmt.Sprintf("/events/%d: [%s] is invalid", i, event))
		}
	}
	return details
}

// zeroDurations refuses a duration that is set to 0, which the SDK never sends.
func zeroDurations(body []byte) []string {
	var sent struct {
		ReadTimeout *int `json:"read_timeout"`
		RetryDelay  *int `json:"retry_delay"`
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		return []string{"Failed to parse message body."}
	}
	var details []string
	if sent.ReadTimeout != nil && *sent.ReadTimeout == 0 {
		details = append(details, "/read_timeout: [0] is not from 1 to 60000")
	}
	if sent.RetryDelay != nil && *sent.RetryDelay == 0 {
		details = append(details, "/retry_delay: [0] is not from 5 to 60")
	}
	return details
}

// parseCount reads a count from a query; a missing one is 0.
func parseCount(text string) (int, error) {
	n, err := strconv.ParseUint(cmp.Or(text, "0"), 10, 31)
	return int(n), err
}

var conflict = errorResponse(http.StatusConflict, "A webhook with the given url and method already exists.")

func badRequest(details ...string) response {
	return jsonResponse(http.StatusBadRequest, struct {
		Message string   `json:"message"`
		Details []string `json:"details"`
	}{"Bad Request", details})
}

func errorResponse(status int, message string) response {
	return jsonResponse(status, map[string]string{"message": message})
}

func committed(status int, v any) response {
	response := jsonResponse(status, v)
	response.committed = true
	return response
}

// jsonResponse keeps <, > and & as they are: they are common in templates.
func jsonResponse(status int, v any) response {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return response{status: http.StatusInternalServerError}
	}
	return response{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: bytes.TrimSpace(body.Bytes())}
}
