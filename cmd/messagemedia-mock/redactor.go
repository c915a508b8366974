package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

const (
	redacted = "…"

	// minTokenBytes is the minimum length of a token that is hidden in bodies. A shorter
	// token may also occur in other text.
	minTokenBytes = 8
)

// redactor hides credentials and receivers' tokens: a webhook's header values, and the
// user info, query and fragment of URLs.
type redactor struct {
	disabled bool
	webhook  messagemedia.Webhook // the webhook of the delivery
}

func (r redactor) url(url string) string {
	if r.disabled {
		return url
	}
	return redact.URL(url)
}

// callHeader hides credentials, but not their scheme.
func (r redactor) callHeader(header http.Header) http.Header {
	return r.hide(header, "Authorization", "Proxy-Authorization", "Cookie")
}

func (r redactor) deliveryHeader(header http.Header) http.Header {
	names := []string{"Authorization", "Cookie"}
	for name := range r.webhook.Headers {
		names = append(names, http.CanonicalHeaderKey(name))
	}
	return r.hide(header, names...)
}

func (r redactor) hide(header http.Header, names ...string) http.Header {
	if r.disabled {
		return header
	}
	hidden := header.Clone()
	for _, name := range names {
		for i, value := range hidden[name] {
			scheme, _, found := strings.Cut(value, " ")
			if !found || name != "Authorization" {
				scheme = ""
			}
			hidden[name][i] = strings.TrimSpace(scheme + " " + redacted)
		}
	}
	return hidden
}

// callBody hides tokens in the JSON of webhooks.
func (r redactor) callBody(body string) string {
	if r.disabled || body == "" {
		return body
	}
	hidden, err := redactWebhooks(body)
	if err != nil {
		return "(not JSON, shown only with -show-tokens)"
	}
	return hidden
}

// deliveryBody hides the webhook's tokens, which the template or the receiver may repeat.
func (r redactor) deliveryBody(url string, body []byte) string {
	text := string(body)
	if r.disabled {
		return text
	}
	var tokens []string
	for _, value := range r.webhook.Headers {
		tokens = append(tokens, value)
		if _, credentials, found := strings.Cut(value, " "); found {
			tokens = append(tokens, credentials) // without "Bearer"
		}
	}
	for parameter := range strings.FieldsFuncSeq(url, func(r rune) bool { return strings.ContainsRune("?&#", r) }) {
		if _, value, found := strings.Cut(parameter, "="); found {
			tokens = append(tokens, value)
		}
	}
	for _, token := range tokens {
		if len(token) >= minTokenBytes {
			text = strings.ReplaceAll(text, token, redacted)
		}
	}
	return text
}

// redactWebhooks hides every value of an object "headers", and the user info, query and
// fragment of each "url", at any depth of a JSON text. Names match case-insensitively.
func redactWebhooks(text string) (string, error) {
	if !json.Valid([]byte(text)) {
		return "", errors.New("not JSON")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var out strings.Builder
	err := copyRedacted(&out, decoder, "", false)
	return out.String(), err
}

// copyRedacted copies the value of a field, with tokens redacted.
func copyRedacted(out *strings.Builder, decoder *json.Decoder, name string, inHeaders bool) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	delimiter, composite := token.(json.Delim)
	if !composite {
		if url, ok := token.(string); ok && strings.EqualFold(name, "url") {
			token = redact.URL(url)
		}
		if inHeaders {
			token = redacted
		}
		return writeJSON(out, token)
	}
	out.WriteString(delimiter.String())
	inHeaders = inHeaders || strings.EqualFold(name, "headers")
	for separator := ""; decoder.More(); separator = "," {
		out.WriteString(separator)
		if delimiter == '{' {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			name = token.(string) // in valid JSON, a name is a string
			if err := writeJSON(out, name); err != nil {
				return err
			}
			out.WriteByte(':')
		}
		if err := copyRedacted(out, decoder, name, inHeaders); err != nil {
			return err
		}
	}
	token, err = decoder.Token()
	fmt.Fprint(out, token)
	return err
}

// writeJSON writes a value as JSON without HTML escaping.
func writeJSON(out *strings.Builder, value any) error {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	out.WriteString(strings.TrimSpace(text.String()))
	return err
}
