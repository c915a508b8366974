package page

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// baseURL is the platform's, by the name that the client calls it.
func baseURL(r *http.Request) string { return "http://" + r.Host }

// maxCurlBytes is the longest body that is passed on a command line. Linux accepts
// arguments of up to 128 KiB.
const maxCurlBytes = 100_000

// notCopied are headers that curl sets itself, or that hold for one request alone.
var notCopied = []string{"Authorization", "Accept-Encoding", "Connection", "Content-Length", "Content-Md5", "Date", "User-Agent", "X-Content-Md5"}

// callCurl is the command that makes an API call again, with Basic authentication. An
// HMAC signature could not be used again.
func callCurl(call *messagemediatest.Exchange, baseURL, key, secret string) string {
	arguments := []string{"-u", key + ":" + secret}
	return curl(call.Method, baseURL+call.Target, arguments, withoutHeaders(call.Header, notCopied), call.RequestBody)
}

// firstCall is the command that creates a webhook, for somebody who has none.
func firstCall(baseURL, key, secret string) string {
	return curl(http.MethodPost, baseURL+"/v1/webhooks/messages", []string{"-u", key + ":" + secret},
		http.Header{"Content-Type": {"application/json"}},
		`{"url":"http://127.0.0.1:9000/hooks","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"template":"{\"reply_id\":\"$!moId\",\"content\":\"$!esc.json($moContent)\"}"}`)
}

// attemptCurl is the command that sends a delivery again, signature and Date
// included.
func attemptCurl(a messagemediatest.Attempt) string {
	return curl(a.Method, a.URL, nil, withoutHeaders(a.Header, []string{"Content-Length"}), string(a.RequestBody))
}

// curl is empty if the request does not fit into a command.
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

// headerArgument writes a header for curl, which leaves out one that ends in a colon.
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
