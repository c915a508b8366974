package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// terminal prints API calls and deliveries in a readable form.
type terminal struct {
	out        io.Writer
	verbose    bool // whether to print headers and bodies
	showTokens bool

	mu      sync.Mutex
	printed map[string]int // printed attempts of the active deliveries, by their IDs
}

func newTerminal(out io.Writer, verbose, showTokens bool) *terminal {
	return &terminal{out: out, verbose: verbose, showTokens: showTokens, printed: make(map[string]int)}
}

// call prints a request to the API and, if it was rejected, the reason.
func (t *terminal) call(e messagemediatest.Exchange) {
	response := fmt.Sprint(e.Status)
	if e.Status == 0 {
		response = "no response"
	}
	var rejection struct {
		Message string
		Details []string
	}
	_ = json.Unmarshal([]byte(e.ResponseBody), &rejection) // a success has neither
	line := fmt.Sprintf("%-6s %s → %s in %v", e.Method, e.Target, response, e.Duration.Round(time.Microsecond))
	if e.Account != "" {
		line += " for account " + e.Account
	}
	if rejection.Message != "" {
		line += ": " + rejection.Message
	}
	lines := []string{line}
	for _, detail := range rejection.Details {
		lines = append(lines, "       "+detail)
	}
	if t.verbose {
		r := redactor{disabled: t.showTokens}
		lines = append(lines, message(r.callHeader(e.Header), r.callBody(e.RequestBody), r.callBody(e.ResponseBody))...)
	}
	t.print(lines)
}

// delivery prints the attempts that it has not printed yet.
func (t *terminal) delivery(p messagemediatest.DeliveryProgress) {
	d := p.Delivery
	r := redactor{disabled: t.showTokens, webhook: d.Webhook}
	var lines []string
	for i := t.begin(p); i < len(d.Attempts); i++ {
		a := d.Attempts[i]
		lines = append(lines, fmt.Sprintf("%s → %s %s → %s", d.EventType, a.Method, r.url(a.URL), outcome(p, i)))
		if t.verbose {
			lines = append(lines, message(r.deliveryHeader(a.Header), r.deliveryBody(a.URL, a.RequestBody), r.deliveryBody(a.URL, a.ResponseBody))...)
		}
	}
	if d.Err != nil {
		lines = append(lines, fmt.Sprintf("%s → %s %s → no further attempt: %v", d.EventType, d.Webhook.Method, r.url(d.Webhook.URL), d.Err))
	}
	t.print(lines)
}

// begin returns the number of printed attempts and marks all attempts as printed.
func (t *terminal) begin(p messagemediatest.DeliveryProgress) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	printed := t.printed[p.ID]
	t.printed[p.ID] = len(p.Delivery.Attempts)
	if p.Done {
		delete(t.printed, p.ID)
	}
	return printed
}

// outcome describes the result of an attempt, and whether another attempt follows.
func outcome(p messagemediatest.DeliveryProgress, i int) string {
	a := p.Delivery.Attempts[i]
	response := fmt.Sprint(a.Status)
	if a.Err != nil {
		response = a.Err.Error()
	}
	text := fmt.Sprintf("%s in %v (attempt %d of %d", response, a.Duration.Round(time.Microsecond), i+1, p.Delivery.Webhook.Retries+1)
	switch {
	case a.Wait > 0:
		text += fmt.Sprintf(", the platform waits %v for the next", a.Wait)
	case p.Done && !p.Delivery.Acknowledged():
		text += ", not acknowledged"
	}
	return text + ")"
}

// message returns the lines of a request and a response with curl's prefixes.
func message(header http.Header, request, response string) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			lines = append(lines, "  > "+name+": "+value)
		}
	}
	return append(append(lines, marked("  > ", request)...), marked("  < ", response)...)
}

// maxPrintedBytes is the maximum length of a printed body. Most attachments exceed it.
const maxPrintedBytes = 16 << 10

func marked(mark, body string) []string {
	if body == "" {
		return nil
	}
	rest := ""
	if len(body) > maxPrintedBytes {
		rest = fmt.Sprintf("%s… and %d bytes more", mark, len(body)-maxPrintedBytes)
		body = strings.ToValidUTF8(body[:maxPrintedBytes], "")
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSuffix(body, "\n"), "\n") {
		lines = append(lines, mark+strings.TrimSuffix(line, "\r"))
	}
	if rest != "" {
		lines = append(lines, rest)
	}
	return lines
}

// print writes lines with a single call of Write. It escapes unprintable characters, so
// that untrusted text from a sender or a receiver can't control the terminal.
func (t *terminal) print(lines []string) {
	var text strings.Builder
	for _, line := range lines {
		for _, r := range line {
			if unicode.IsPrint(r) || r == '\t' {
				text.WriteRune(r)
			} else {
				fmt.Fprintf(&text, `\u%04x`, r)
			}
		}
		text.WriteByte('\n')
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	io.WriteString(t.out, text.String())
}
