package page

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// baseURL returns the server's base URL, with the client's name for the host.
func baseURL(r *http.Request) string { return "http://" + r.Host }

// maxCurlBytes is the maximum length of a body in a command. Linux accepts arguments of
// up to 128 KiB.
const maxCurlBytes = 100_000

// notCopied are headers that curl sets itself, or that are valid for one request only.
var notCopied = []string{"Authorization", "Accept-Encoding", "Connection", "Content-Length", "Content-Md5", "Date", "User-Agent", "X-Content-Md5"}

// callCurl returns a command that repeats an API call with Basic authentication. An HMAC
// signature is not valid for another request.
func callCurl(call *messagemediatest.Exchange, baseURL, key, secret string) string {
	arguments := []string{"-u", key + ":" + secret}
	return curl(call.Method, baseURL+call.Target, arguments, withoutHeaders(call.Header, notCopied), call.RequestBody)
}

// firstCall returns a command that creates a webhook.
func firstCall(baseURL, key, secret string) string {
	return curl(http.MethodPost, baseURL+"/v1/webhooks/messages", []string{"-u", key + ":" + secret},
		http.Header{"Content-Type": {"application/json"}},
		`{"url":"http://127.0.0.1:9000/hooks","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"template":"{\"reply_id\":\"$!moId\",\"content\":\"$!esc.json($moContent)\"}"}`)
}

// attemptCurl returns a command that repeats an attempt, with its signature and Date.
func attemptCurl(a messagemediatest.Attempt) string {
	return curl(a.Method, a.URL, nil, withoutHeaders(a.Header, []string{"Content-Length"}), string(a.RequestBody))
}

// curl returns a command that sends a request, or "" if the body is too long or contains
// a zero byte.
func curl(method, url string, arguments []string, header http.Header, body string) string {
	if len(body) > maxCurlBytes || strings.ContainsRune(body, 0) {
		return ""
	}
	words := []string{"curl", "--globoff", "-i", "-X", method}
	words = append(words, arguments...)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			words = append(words, "-H", headerArgument(name, value))
		}
	}
	if body != "" {
		words = append(words, "--data-raw", body) // --data would read a file for a body that begins with @
		if header.Get("Content-Type") == "" {
			words = append(words, "-H", "Content-Type:")
		}
	}
	words = append(words, url)
	for i, word := range words {
		words[i] = quote(word)
	}
	return strings.Join(words, " ")
}

// headerArgument formats a header for curl, which omits a header that ends in a colon.
func headerArgument(name, value string) string {
	if value == "" {
		return name + ";"
	}
	return name + ": " + value
}

// quote quotes a word for a POSIX shell.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func withoutHeaders(header http.Header, names []string) http.Header {
	kept := make(http.Header)
	for name, values := range header {
		if !slices.Contains(names, http.CanonicalHeaderKey(name)) {
			kept[name] = values
		}
	}
	return kept
}
