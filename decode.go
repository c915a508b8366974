package messagemedia

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Webhooks and pages are decoded in two ways. The fast way is encoding/json's, which works
// for nearly every response. The careful way decodes each field: it reports where an error
// is, accepts 2e4 as a whole number, and records which fields are null.

// fieldSet is a set of the fields of a webhook whose zero value has a meaning that differs
// from null.
type fieldSet uint8

const (
	fieldTemplate fieldSet = 1 << iota
	fieldReadTimeout
	fieldRetries
)

func (s fieldSet) has(field fieldSet) bool { return s&field != 0 }

// mayHaveNull reports whether JSON may contain a null. A string can contain the word, too.
func mayHaveNull(data []byte) bool { return bytes.Contains(data, []byte("null")) }

func decodeWebhook(data []byte) (*Webhook, error) {
	if !mayHaveNull(data) {
		wire := new(wireWebhook)
		if json.Unmarshal(data, wire) == nil {
			return wire.webhook()
		}
	}
	return decodeCarefully(data)
}

func decodePage(data []byte) (*WebhookPage, error) {
	if !mayHaveNull(data) {
		var wire struct {
			Page     int           `json:"page"`
			PageSize int           `json:"pageSize"`
			PageData []wireWebhook `json:"pageData"`
		}
		if json.Unmarshal(data, &wire) == nil {
			return newPage(wire.Page, wire.PageSize, wire.PageData, (*wireWebhook).webhook)
		}
	}
	var careful struct {
		Page     json.RawMessage   `json:"page"`
		PageSize json.RawMessage   `json:"pageSize"`
		PageData []json.RawMessage `json:"pageData"`
	}
	if err := json.Unmarshal(data, &careful); err != nil {
		return nil, err
	}
	var page, size wholeNumber
	if err := errors.Join(at("page", page.decode(careful.Page)), at("pageSize", size.decode(careful.PageSize))); err != nil {
		return nil, err
	}
	return newPage(int(page), int(size), careful.PageData, func(data *json.RawMessage) (*Webhook, error) { return decodeCarefully(*data) })
}

func newPage[T any](number, size int, items []T, decode func(*T) (*Webhook, error)) (*WebhookPage, error) {
	if items == nil {
		return nil, errors.New("pageData is missing")
	}
	page := &WebhookPage{Page: number, PageSize: size, Webhooks: make([]*Webhook, len(items))}
	for i := range items {
		webhook, err := decode(&items[i])
		if err != nil {
			return nil, at("pageData/"+strconv.Itoa(i), err)
		}
		if webhook.ID == "" {
			return nil, fmt.Errorf("pageData/%d has no id", i)
		}
		page.Webhooks[i] = webhook
	}
	return page, nil
}

// wireWebhook has the fields of Webhook, so that it can be converted without a copy. Its
// durations are the numbers on the wire. It is flat, since encoding/json takes longer for
// structs within structs.
type wireWebhook struct {
	ID          string            `json:"id"`
	URL         string            `json:"url"`
	Method      string            `json:"method"`
	Encoding    Encoding          `json:"encoding"`
	Events      []EventType       `json:"events"`
	Headers     map[string]string `json:"headers"`
	Template    string            `json:"template"`
	ReadTimeout time.Duration     `json:"read_timeout"` // milliseconds
	Retries     int               `json:"retries"`
	RetryDelay  time.Duration     `json:"retry_delay"` // seconds
	untold      fieldSet
}

// webhook converts w in place.
func (w *wireWebhook) webhook() (*Webhook, error) {
	webhook := (*Webhook)(w)
	return webhook, webhook.setDurations(int64(w.ReadTimeout), int64(w.RetryDelay))
}

func (w *Webhook) setDurations(readTimeout, retryDelay int64) (err error) {
	w.ReadTimeout, err = duration(readTimeout, time.Millisecond)
	if err != nil {
		return at("read_timeout", err)
	}
	w.RetryDelay, err = duration(retryDelay, time.Second)
	return at("retry_delay", err)
}

func duration(count int64, unit time.Duration) (time.Duration, error) {
	if most := math.MaxInt64 / int64(unit); count > most || count < -most {
		return 0, fmt.Errorf("%d times %v does not fit into a time.Duration", count, unit)
	}
	return time.Duration(count) * unit, nil
}

// rawWebhook is a webhook whose fields are not decoded yet.
type rawWebhook struct {
	ID          json.RawMessage `json:"id"`
	URL         json.RawMessage `json:"url"`
	Method      json.RawMessage `json:"method"`
	Encoding    json.RawMessage `json:"encoding"`
	Events      json.RawMessage `json:"events"`
	Headers     json.RawMessage `json:"headers"`
	Template    json.RawMessage `json:"template"`
	ReadTimeout json.RawMessage `json:"read_timeout"`
	Retries     json.RawMessage `json:"retries"`
	RetryDelay  json.RawMessage `json:"retry_delay"`
}

func decodeCarefully(data []byte) (*Webhook, error) {
	var wire rawWebhook
	if err := json.Unmarshal(data, &wire); err != nil {
		return nil, err
	}
	w := new(Webhook)
	var readTimeout, retries, retryDelay wholeNumber
	for _, field := range []struct {
		name   string
		value  json.RawMessage
		decode func(json.RawMessage) error
		untold fieldSet
	}{
		{"id", wire.ID, into(&w.ID), 0},
		{"url", wire.URL, into(&w.URL), 0},
		{"method", wire.Method, into(&w.Method), 0},
		{"encoding", wire.Encoding, into(&w.Encoding), 0},
		{"events", wire.Events, into(&w.Events), 0},
		{"headers", wire.Headers, into(&w.Headers), 0},
		{"template", wire.Template, into(&w.Template), fieldTemplate},
		{"read_timeout", wire.ReadTimeout, readTimeout.decode, fieldReadTimeout},
		{"retries", wire.Retries, retries.decode, fieldRetries},
		{"retry_delay", wire.RetryDelay, retryDelay.decode, 0},
	} {
		if err := field.decode(field.value); err != nil {
			return nil, at(field.name, err)
		}
		if string(field.value) == "null" {
			w.untold |= field.untold
		}
	}
	w.Retries = int(retries)
	return w, w.setDurations(int64(readTimeout), int64(retryDelay))
}

// into returns a function that decodes JSON into a variable. A missing field leaves the
// variable unchanged.
func into(target any) func(json.RawMessage) error {
	return func(data json.RawMessage) error {
		if data == nil {
			return nil
		}
		return json.Unmarshal(data, target)
	}
}

// at adds the place in the JSON to an error. The path grows from its end.
func at(place string, err error) error {
	if err == nil {
		return nil
	}
	if inner, ok := err.(*placeError); ok {
		return &placeError{place + "/" + inner.place, inner.err}
	}
	return &placeError{place, err}
}

type placeError struct {
	place string
	err   error
}

func (e *placeError) Error() string {
	return e.place + ": " + strings.TrimPrefix(e.err.Error(), "json: ")
}

func (e *placeError) Unwrap() error { return e.err }

// wholeNumber is a whole number in any notation of JSON: 20000, 20000.0 or 2e4.
type wholeNumber int64

func (n *wholeNumber) decode(data json.RawMessage) error {
	var number json.Number
	if data == nil || string(data) == "null" {
		return nil
	}
	if data[0] == '"' {
		return errors.New("cannot unmarshal string into a number")
	}
	if err := json.Unmarshal(data, &number); err != nil {
		return err
	}
	if whole, err := strconv.ParseInt(string(number), 10, 64); err == nil {
		*n = wholeNumber(whole)
		return nil
	}
	const exact = 1 << 53 // a float64 cannot represent every whole number above
	value, err := number.Float64()
	if err != nil || value != math.Trunc(value) || math.Abs(value) >= exact {
		return fmt.Errorf("%.40s is not a whole number that fits", number)
	}
	*n = wholeNumber(value)
	return nil
}
