package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAForeignPageIsRejected opens a page on another site, in a browser that has the
// cookie. The page sends every request that browsers permit without CORS.
func TestAForeignPageIsRejected(t *testing.T) {
	endpoint := newReceiver(t, noContent)
	m := startMock(t)
	m.subscribe(t, endpoint.URL+"/hooks", nil)
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><title>foreign</title>
			<form method="post" enctype="text/plain" action="%s/mock/events"><input name='{"event":"RECEIVED_SMS","reply_id":"1","content":"' value='"}'></form>`, m.url)
	}))
	defer foreign.Close()
	address, err := url.Parse(foreign.URL)
	require.NoError(t, err)

	b := newTab(t, 1120, 800)
	b.open(m, "traffic")
	b.allow("Failed to load resource", "blocked by CORS policy")
	statuses := b.statuses()
	b.run(chromedp.Navigate("http://localhost:" + address.Port())) // a different site than 127.0.0.1
	for _, request := range []string{
		`fetch(%q + "/mock/events", {method: "POST", mode: "no-cors", credentials: "include", body: '{"event":"RECEIVED_SMS","reply_id":"1"}'})`,
		`fetch(%q + "/mock/traffic", {mode: "no-cors", credentials: "include"})`,
		`fetch(%q + "/mock/traffic/1", {mode: "no-cors", credentials: "include"})`,
	} {
		value[chromedp.Void](b, fmt.Sprintf(request, m.url)+`.then(() => {}, () => {})`)
	}
	readable := value[bool](b, fmt.Sprintf(`fetch(%q + "/mock/traffic", {credentials: "include"}).then(() => true, () => false)`, m.url))
	assert.False(t, readable)
	deleted := value[bool](b, fmt.Sprintf(`fetch(%q + "/mock/traffic", {method: "DELETE", credentials: "include"}).then(() => true, () => false)`, m.url))
	assert.False(t, deleted)
	b.eval(`document.forms[0].submit()`)
	b.wait(`location.port !== "` + address.Port() + `" && document.body !== null`)

	assert.Empty(t, endpoint.received(), "no event was simulated")
	seen := statuses()
	assert.Contains(t, seen, "403 /mock/events")
	assert.Contains(t, seen, "401 /mock/traffic", "the cookie is not sent from another site")
	for _, status := range seen {
		assert.False(t, strings.HasPrefix(status, "2") && (strings.Contains(status, "/mock/events") || strings.Contains(status, "/mock/traffic")), status)
	}
	b.open(m, "traffic")
	b.waitForText("#count", "1 exchange.")
}

// statuses collects the statuses of the following responses.
func (b *tab) statuses() func() []string {
	require.NoError(b.t, chromedp.Do(b.ctx))
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	require.NoError(b.t, err)
	var seen []string
	require.NoError(b.t, chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*network.EventResponseReceived); ok {
			address, err := url.Parse(e.Response.URL)
			if err == nil {
				b.mu.Lock()
				seen = append(seen, fmt.Sprintf("%d %s", e.Response.Status, address.Path))
				b.mu.Unlock()
			}
		}
	}))
	return func() []string {
		b.mu.Lock()
		defer b.mu.Unlock()
		return append([]string(nil), seen...)
	}
}

func TestABrowserWithoutTheCookieIsRejected(t *testing.T) {
	endpoint := newReceiver(t, noContent)
	m := startMock(t)
	m.subscribe(t, endpoint.URL+"/hooks", nil)
	b := newTab(t, 1120, 800)
	b.allow("401 (Unauthorized)")
	for _, path := range []string{"/", "/mock/traffic", "/mock/page.js", "/?token=guessed"} {
		b.run(chromedp.Navigate(m.url + path))
		assert.Equal(t, 401, value[int](b, `performance.getEntriesByType("navigation")[0].responseStatus`), path)
	}
	status := value[int](b, `fetch("/mock/events", {method: "POST", body: '{"event":"RECEIVED_SMS","reply_id":"1"}'}).then((response) => response.status)`)
	assert.Equal(t, 401, status, "its own origin is not enough")
	assert.Empty(t, endpoint.received())

	b.run(chromedp.Navigate(m.pageURL))
	b.waitForText("#connection", "Live")
	assert.Empty(t, value[string](b, `document.cookie`), "no script can read it")
}
