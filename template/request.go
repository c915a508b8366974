package template

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// CheckRequest returns the problems of a request. It checks the template as [Check] does. It
// also checks:
//
//   - whether the SDK and the API accept the request
//   - the variables in its URL, and whether the platform can reach the URL
//   - its method and its headers
//   - its Retries, since without retries a delivery that fails once is lost
func CheckRequest(ctx context.Context, request messagemedia.CreateWebhookRequest, options ...Option) []Problem {
	c := newChecker(ctx, request.Events, options)
	invalid := c.checkValid(request)
	c.checkTemplate(request.Template, request.Encoding)
	if request.URL != "" {
		c.checkText("url", request.URL, urlForm)
	}
	if !invalid["url"] {
		c.checkAddress(request.URL)
	}
	for _, delivery := range c.deliveries {
		delivery.complete = delivery.complete || request.Template == ""
	}
	c.checkReceiving(request.Encoding)
	c.checkBody(request)
	if !invalid["method"] {
		c.checkMethod(request.Method)
	}
	c.checkHeaders(request.Headers, invalid)
	if request.Retries == 0 {
		c.add(Problem{Code: CodeNoRetries, Field: "retries", Severity: SeverityWarning,
			Message: "no retries: a message whose delivery fails once is lost", Suggestion: "set Retries, preferably to 5"})
	}
	return c.problems()
}

// checkValid records the fields that the SDK and the API reject, and returns them.
func (c *checker) checkValid(request messagemedia.CreateWebhookRequest) map[string]bool {
	fields := make(map[string]bool)
	invalid, _ := errors.AsType[*messagemedia.ValidationError](request.Validate())
	if invalid == nil {
		return fields
	}
	for _, detail := range invalid.Details {
		pointer, message, _ := strings.Cut(strings.TrimPrefix(detail, "/"), ": ")
		fields[pointer] = true
		c.add(Problem{Code: CodeInvalidRequest, Field: pointer, Severity: SeverityError, Message: message})
	}
	return fields
}

// checkBody checks that there is a body if the method uses one.
func (c *checker) checkBody(request messagemedia.CreateWebhookRequest) {
	isGet := strings.EqualFold(request.Method, http.MethodGet)
	switch {
	case request.Template == "" && !isGet:
		c.addEmptyBody()
	case request.Template != "" && isGet:
		c.add(Problem{Code: CodeUnusedBody, Field: "template", Severity: SeverityWarning,
			Message: "the method is GET: receivers and proxies ignore or reject its body", Suggestion: "use POST"})
	}
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}

func (c *checker) checkMethod(method string) {
	problem := Problem{Code: CodeUndocumentedValue, Field: "method", Severity: SeverityWarning,
		Message: fmt.Sprintf("undocumented method %q", short(method)), Suggestion: "use one of " + strings.Join(methods, ", ")}
	switch upper := strings.ToUpper(method); {
	case slices.Contains(methods, method):
		return
	case slices.Contains(methods, upper):
		problem.Message, problem.Suggestion = fmt.Sprintf("method %q is not in upper case, and HTTP methods are case-sensitive", method), "write "+upper
	}
	c.add(problem)
}

// reservedHeaders are the headers that HTTP sets itself or that concern one connection only.
var reservedHeaders = []string{
	"Connection", "Content-Encoding", "Content-Length", "Date", "Expect", "Host", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func (c *checker) checkHeaders(headers map[string]string, invalid map[string]bool) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		field, canonical := "headers/"+name, http.CanonicalHeaderKey(name)
		if invalid[field] || invalid["headers"] {
			continue
		}
		if slices.Contains(reservedHeaders, canonical) || strings.HasPrefix(canonical, "X-Messagemedia-") {
			c.add(Problem{Code: CodeReservedHeader, Field: field, Severity: SeverityWarning,
				Message: "the platform or HTTP sets this header itself", Suggestion: "omit the header, or use another name"})
		}
		if strings.ContainsFunc(headers[name], func(r rune) bool { return r > unicode.MaxASCII }) {
			c.add(Problem{Code: CodeHeaderValue, Field: field, Severity: SeverityWarning,
				Message: "the value has non-ASCII characters, which may arrive in another encoding or not at all", Suggestion: "use ASCII, such as Base64"})
		}
	}
}

// checkAddress checks that the host of a URL is reachable from another network.
func (c *checker) checkAddress(url string) {
	host := hostOf(url)
	if reason := unreachable(host); reason != "" {
		c.add(Problem{Code: CodeUnreachableURL, Field: "url", Severity: SeverityError,
			Message: fmt.Sprintf("the platform can't reach %s: %s", short(host), reason), Suggestion: "use a public host name"})
	}
}

// hostOf returns the host of a URL. It does not use package url, which rejects template
// variables.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if address, bracketed := strings.CutPrefix(rest, "["); bracketed {
		address, _, _ = strings.Cut(address, "]")
		return address
	}
	host, _, _ := strings.Cut(rest, ":")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// unreachable returns why no other network reaches a host, or "".
func unreachable(host string) string {
	if address, err := netip.ParseAddr(host); err == nil {
		address = address.Unmap()
		switch {
		case address.IsLoopback(), address.IsUnspecified():
			return "the address is the platform's own machine"
		case address.IsPrivate(), netip.MustParsePrefix("100.64.0.0/10").Contains(address):
			return "the address is private"
		case address.IsLinkLocalUnicast(), address.IsMulticast():
			return "the address is link-local or multicast"
		}
		return ""
	}
	for _, suffix := range []string{"localhost", "local", "internal", "home.arpa"} {
		if host == suffix || strings.HasSuffix(host, "."+suffix) {
			return "the name belongs to a local network"
		}
	}
	if host != "" && !strings.ContainsAny(host, ".$") {
		return "the name has no domain"
	}
	return ""
}
