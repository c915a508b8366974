package page_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/cmd/messagemedia-mock/internal/page"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

const token = "the-token-of-the-page"

// site is a page and an API over a socket.
type site struct {
	t       *testing.T
	api     *messagemediatest.Server
	traffic *page.Traffic
	url     string
	cookie  *http.Cookie
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, traffic: page.NewTraffic()}
	s.api = messagemediatest.NewServer(t,
		messagemediatest.WithInMemoryNetwork(),
		messagemediatest.WithObserver(s.traffic.AddCall),
		messagemediatest.WithDeliveryObserver(func(p messagemediatest.DeliveryProgress) {
			s.traffic.AddDelivery(p, s.api.Signer(p.Delivery.Account))
		}))
	server := httptest.NewServer(page.New(page.Config{API: s.api, Traffic: s.traffic, Token: token, Host: "mock.test"}))
	t.Cleanup(server.Close)
	s.url = server.URL
	response := s.do("GET", "/?token="+token, "")
	require.Len(t, response.Cookies(), 1)
	s.cookie = response.Cookies()[0]
	return s
}

// do sends a request without the token, modified by a function.
func (s *site) do(method, path, body string, changes ...func(*http.Request)) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for _, change := range changes {
		change(r)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { response.Body.Close() })
	return response
}

func withToken(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }

func withHost(host string) func(*http.Request) {
	return func(r *http.Request) { r.Host = host }
}

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func (s *site) withCookie(r *http.Request) { r.AddCookie(s.cookie) }

// get reads JSON with the token and requires a success.
func get[T any](s *site, path string) T { return call[T](s, "GET", path, "") }

func call[T any](s *site, method, path, body string) T {
	s.t.Helper()
	response := s.do(method, path, body, withToken)
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, 200, response.StatusCode, "%s", text)
	assert.Equal(s.t, "application/json", response.Header.Get("Content-Type"))
	var value T
	require.NoError(s.t, json.Unmarshal(text, &value), "%s", text)
	return value
}

func (s *site) subscribe(url string, change func(*messagemedia.CreateWebhookRequest)) *messagemedia.Webhook {
	s.t.Helper()
	request := messagemedia.CreateWebhookRequest{
		URL: url, Method: "POST", Encoding: "JSON", Template: messagemedia.JSONTemplate,
		Events: []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventReceivedMMS},
	}
	if change != nil {
		change(&request)
	}
	hook, err := s.api.Client().CreateWebhook(s.t.Context(), request)
	require.NoError(s.t, err)
	return hook
}

// receiver is an endpoint that responds with these statuses in order, repeats the last
// one, and records the bodies.
func receiver(t *testing.T, statuses ...int) (url string, bodies *[]string) {
	t.Helper()
	bodies = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*bodies = append(*bodies, string(body))
		w.WriteHeader(statuses[min(len(*bodies), len(statuses))-1])
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hooks", bodies
}

func message(t *testing.T, response *http.Response) string {
	t.Helper()
	var refused struct{ Message string }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&refused))
	return refused.Message
}

const hello = `{"event":"RECEIVED_SMS","reply_id":"1","source_number":"+61491570156","content":"Hello"}`

func TestAccessControl(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	origin := withHeader("Origin", s.url)
	foreign := withHeader("Origin", "http://evil.test")
	api := func(r *http.Request) { r.SetBasicAuth(s.api.Key, s.api.Secret) }
	hook := `{"url":"http://h.test/","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"]}`
	isJSON := withHeader("Content-Type", "application/json")
	for name, c := range map[string]struct {
		method, path, body string
		changes            []func(*http.Request)
		status             int
	}{
		"the page with the cookie":                         {"GET", "/", "", list(s.withCookie), 200},
		"the page with the token":                          {"GET", "/", "", list(withToken), 200},
		"the page with neither":                            {"GET", "/", "", nil, 401},
		"the page under a foreign name":                    {"GET", "/", "", list(s.withCookie, withHost("evil.test")), 403},
		"the page under the name of -addr":                 {"GET", "/", "", list(s.withCookie, withHost("MOCK.test:8080")), 200},
		"the page under localhost":                         {"GET", "/", "", list(s.withCookie, withHost("localhost")), 200},
		"the page under an IPv6 address":                   {"GET", "/", "", list(s.withCookie, withHost("[::1]:8080")), 200},
		"the script without the cookie":                    {"GET", "/mock/page.js", "", nil, 401},
		"the script":                                       {"GET", "/mock/page.js", "", list(s.withCookie), 200},
		"the traffic with neither":                         {"GET", "/mock/traffic", "", nil, 401},
		"the traffic's header with neither":                {"HEAD", "/mock/traffic", "", nil, 401},
		"the traffic with another token":                   {"GET", "/mock/traffic", "", list(withHeader("Authorization", "Bearer x")), 401},
		"the traffic with the token in the URL":            {"GET", "/mock/traffic?token=" + token, "", nil, 401},
		"the traffic with another cookie":                  {"GET", "/mock/traffic", "", list(withHeader("Cookie", s.cookie.Name+"=x")), 401},
		"the traffic under a foreign name with the token":  {"GET", "/mock/traffic", "", list(withToken, withHost("mock")), 200},
		"the traffic under a foreign name with the cookie": {"GET", "/mock/traffic", "", list(s.withCookie, withHost("evil.test")), 403},
		"a change by curl":                                 {"POST", "/mock/events", hello, nil, 200},
		"a change by curl from a container":                {"POST", "/mock/events", hello, list(withHost("mock:8080")), 200},
		"a change by the page":                             {"POST", "/mock/events", hello, list(origin, s.withCookie), 200},
		"a change by a browser without the cookie":         {"POST", "/mock/events", hello, list(origin), 401},
		"a change with Sec-Fetch-Site and no cookie":       {"POST", "/mock/events", hello, list(withHeader("Sec-Fetch-Site", "same-origin")), 401},
		"a change with another site's cookie":              {"POST", "/mock/events", hello, list(withHeader("Cookie", "a=b")), 401},
		"a change by a foreign page":                       {"POST", "/mock/events", hello, list(foreign, s.withCookie), 403},
		"a change by a foreign page with the token":        {"POST", "/mock/events", hello, list(foreign, withToken), 403},
		"a change by a page without an origin":             {"POST", "/mock/events", hello, list(withHeader("Origin", "null"), s.withCookie), 403},
		"a change from another site":                       {"POST", "/mock/events", hello, list(withHeader("Sec-Fetch-Site", "cross-site"), s.withCookie), 403},
		"a change by a page after DNS rebinding":           {"POST", "/mock/events", hello, list(withHost("evil.test"), withHeader("Origin", "http://evil.test")), 403},
		"a deletion by a foreign page":                     {"DELETE", "/mock/traffic", "", list(foreign, s.withCookie), 403},
		"the API under any name":                           {"GET", "/v1/webhooks/messages", "", list(api, withHost("mock")), 200},
		"the API with no credentials":                      {"GET", "/v1/webhooks/messages", "", list(s.withCookie), 401},
		"a change at the API":                              {"POST", "/v1/webhooks/messages", hook, list(api, isJSON), 201},
		"a change at the API by a foreign page":            {"POST", "/v1/webhooks/messages", hook, list(api, isJSON, foreign), 403},
		"an unknown path":                                  {"GET", "/mock/nothing", "", list(withToken), 404},
		"reading an event":                                 {"GET", "/mock/events", "", list(withToken), 405},
		"the icon that browsers request":                   {"GET", "/favicon.ico", "", nil, 204},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := *s
			s.t = t
			response := s.do(c.method, c.path, c.body, c.changes...)
			assert.Equal(t, c.status, response.StatusCode)
			if c.path == "/" || strings.HasPrefix(c.path, "/mock/") && response.StatusCode != 403 {
				assert.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'")
				assert.NotContains(t, response.Header.Get("Content-Security-Policy"), "unsafe")
				assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
				assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
			}
		})
	}
}

func list(changes ...func(*http.Request)) []func(*http.Request) { return changes }

func TestTheTokenIsExchangedForACookie(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	assert.True(t, s.cookie.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, s.cookie.SameSite)
	assert.Equal(t, "/", s.cookie.Path)
	assert.NotContains(t, s.cookie.Value, token)
	assert.Regexp(t, `^mock-[0-9a-f]{8}$`, s.cookie.Name, "made from the token: the ports of a host share cookies")
	for name, path := range map[string]string{"another token": "/?token=x", "no token": "/"} {
		response := s.do("GET", path, "")
		assert.Equal(t, 401, response.StatusCode, name)
		assert.Empty(t, response.Cookies(), name)
	}
	response := s.do("GET", "/?token="+token, "", withHost("evil.test"))
	assert.Equal(t, 403, response.StatusCode)
	assert.Empty(t, response.Cookies(), "under a foreign name there is no cookie")
}

func TestThePageLoadsNoExternalResources(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, contentType := range map[string]string{
		"/": "text/html; charset=utf-8", "/mock/page.js": "text/javascript; charset=utf-8", "/mock/page.css": "text/css; charset=utf-8", "/mock/icon.svg": "image/svg+xml",
	} {
		response := s.do("GET", path, "", s.withCookie)
		assert.Equal(t, contentType, response.Header.Get("Content-Type"))
		asset, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		text := strings.ReplaceAll(string(asset), "http://www.w3.org/2000/svg", "") // a name
		assert.NotRegexp(t, `https?://`, text, path)
		assert.NotRegexp(t, `innerHTML =|outerHTML|insertAdjacentHTML|document\.write|style="|onclick=|<script>`, text, path)
		if path == "/mock/page.js" {
			assert.LessOrEqual(t, strings.Count(text, "\n"), 600, "lines of JavaScript")
		}
	}
}
