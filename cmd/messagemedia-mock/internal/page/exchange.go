package page

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const (
	maxBodyShown = 64 << 10 // the maximum bytes of a body in an exchange's details
	maxPreview   = 120      // the maximum runes of a message in a summary
)

// summary is the line of an exchange.
type summary struct {
	ID          int64     `json:"id"`
	Kind        string    `json:"kind"` // "call" or "delivery"
	Time        time.Time `json:"time"`
	Account     string    `json:"account,omitzero"`
	Method      string    `json:"method"`
	URL         string    `json:"url"` // for a call, the request target
	Event       string    `json:"event,omitzero"`
	EventID     string    `json:"event_id,omitzero"`
	From        string    `json:"from,omitzero"`
	Text        string    `json:"text,omitzero"`
	Status      int       `json:"status,omitzero"` // the status of the last attempt
	Error       string    `json:"error,omitzero"`
	OK          bool      `json:"ok"`
	Done        bool      `json:"done"`
	Attempts    int       `json:"attempts,omitzero"`
	MaxAttempts int       `json:"max_attempts,omitzero"`
	DurationMS  float64   `json:"duration_ms"` // the total of all attempts
	DuplicateOf int64     `json:"duplicate_of,omitzero"`
}

func (e *exchange) summary() summary {
	if e.call != nil {
		return summary{
			ID: e.id, Kind: "call", Time: e.began, Account: e.call.Account, Method: e.call.Method, URL: e.call.Target,
			Status: e.call.Status, OK: e.call.Status >= 200 && e.call.Status <= 299, Done: true, DurationMS: milliseconds(e.call.Duration),
		}
	}
	d := e.delivery.Delivery
	s := summary{
		ID: e.id, Kind: "delivery", Time: e.began, Account: d.Account, Method: d.Webhook.Method, URL: d.Webhook.URL,
		Event: string(d.EventType), OK: d.Acknowledged(), Done: e.delivery.Done, Error: text(d.Err),
		Attempts: len(d.Attempts), MaxAttempts: d.Webhook.Retries + 1, DuplicateOf: e.duplicateOf,
	}
	s.EventID, s.From, s.Text = describe(d.Event)
	for _, a := range d.Attempts {
		s.URL, s.Status, s.DurationMS = a.URL, a.Status, s.DurationMS+milliseconds(a.Duration)
		if d.Err == nil {
			s.Error = text(a.Err)
		}
	}
	return s
}

// describe returns the parts of an event that distinguish it from others of its type.
func describe(event webhook.Event) (id, from, content string) {
	switch e := event.(type) {
	case *webhook.ReceivedSMS:
		return e.ReplyID, e.SourceNumber, preview(e.Content)
	case *webhook.ReceivedMMS:
		return e.ReplyID, e.SourceNumber, preview(e.Content)
	case *webhook.OptOut:
		return e.NotificationID, e.SourceNumber, preview(e.Content)
	case *webhook.DeliveryReport:
		return e.DeliveryReportID, e.RecipientNumber, preview(strings.TrimSuffix(string(e.Status)+": "+e.OriginalText, ": "))
	}
	return "", "", ""
}

func preview(content string) string {
	if runes := []rune(content); len(runes) > maxPreview {
		return string(runes[:maxPreview]) + "…"
	}
	return content
}

// details are the details of an exchange. A call has one attempt.
type details struct {
	summary
	Authentication string          `json:"authentication,omitzero"` // for a call
	Webhook        json.RawMessage `json:"webhook,omitzero"`        // for a delivery, in the API's format
	Attempts       []attempt       `json:"attempt_list"`
	Attachments    []attachment    `json:"attachments,omitzero"`
}

type attempt struct {
	Method       string      `json:"method"`
	URL          string      `json:"url"`
	Header       [][2]string `json:"header"`
	RequestBody  body        `json:"request_body"`
	Status       int         `json:"status,omitzero"`
	StatusText   string      `json:"status_text,omitzero"`
	ResponseBody body        `json:"response_body"`
	Error        string      `json:"error,omitzero"`
	DurationMS   float64     `json:"duration_ms"`
	WaitMS       float64     `json:"wait_ms,omitzero"`
	Proofs       []proof     `json:"proofs,omitzero"`
	Curl         string      `json:"curl,omitzero"` // empty if the request does not fit into a command
}

// body is a body as text, truncated to maxBodyShown.
type body struct {
	Text  string `json:"text"`
	Bytes int    `json:"bytes"`
	Cut   bool   `json:"cut,omitzero"`
}

type attachment struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Bytes       int    `json:"bytes"`
}

func (p *page) details(e *exchange, baseURL string) details {
	d := details{summary: e.summary()}
	if e.call != nil {
		d.Authentication = authentication(e.call)
		d.Attempts = []attempt{{
			Method: e.call.Method, URL: e.call.Target, Header: sorted(e.call.Header), RequestBody: newBody(e.call.RequestBody),
			Status: e.call.Status, StatusText: http.StatusText(e.call.Status), ResponseBody: newBody(e.call.ResponseBody), DurationMS: milliseconds(e.call.Duration),
			Curl: callCurl(e.call, baseURL, p.API.Key, p.API.Secret),
		}}
		return d
	}
	d.Webhook, _ = json.Marshal(e.delivery.Delivery.Webhook)
	d.Attempts = []attempt{}
	for i, a := range e.delivery.Delivery.Attempts {
		d.Attempts = append(d.Attempts, newAttempt(a, e.proofs[i]))
	}
	for _, file := range e.attachments() {
		d.Attachments = append(d.Attachments, attachment{file.FileName(), file.ContentType, len(file.Content)})
	}
	return d
}

func newAttempt(a messagemediatest.Attempt, proofs []proof) attempt {
	return attempt{
		Method: a.Method, URL: a.URL, Header: sorted(a.Header), RequestBody: newBody(string(a.RequestBody)),
		Status: a.Status, StatusText: http.StatusText(a.Status), ResponseBody: newBody(string(a.ResponseBody)), Error: text(a.Err),
		DurationMS: milliseconds(a.Duration), WaitMS: milliseconds(a.Wait), Proofs: proofs, Curl: attemptCurl(a),
	}
}

// authentication describes a call's credentials and whether they were accepted.
func authentication(call *messagemediatest.Exchange) string {
	scheme, _, _ := strings.Cut(call.Header.Get("Authorization"), " ")
	name, known := map[string]string{"": "no credentials", "basic": "Basic", "hmac": "HMAC"}[strings.ToLower(scheme)]
	switch {
	case !known:
		return fmt.Sprintf("unknown scheme %q", scheme)
	case scheme == "" || call.Status == 0:
		return name
	case call.Status == http.StatusUnauthorized:
		return name + ", rejected"
	}
	return name + ", accepted"
}

// attachments returns the files of an MMS event.
func (e *exchange) attachments() []webhook.Attachment {
	if e.delivery == nil {
		return nil
	}
	if mms, ok := e.delivery.Delivery.Event.(*webhook.ReceivedMMS); ok {
		return mms.Attachments
	}
	return nil
}

func sorted(header http.Header) [][2]string {
	lines := [][2]string{}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			lines = append(lines, [2]string{name, value})
		}
	}
	return lines
}

func newBody(content string) body {
	b := body{Text: content, Bytes: len(content)}
	if len(content) > maxBodyShown {
		b.Text, b.Cut = content[:maxBodyShown], true
	}
	b.Text = strings.ToValidUTF8(b.Text, "\uFFFD")
	return b
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// text returns an error's text without the URL, which is already visible.
func text(err error) string {
	if err == nil {
		return ""
	}
	if wrapped, ok := err.(*url.Error); ok {
		err = wrapped.Err
	}
	return err.Error()
}
