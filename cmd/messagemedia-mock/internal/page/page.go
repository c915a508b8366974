// Package page serves the in-memory platform, and a web page that shows API calls and
// deliveries, simulates events, and checks templates.
//
// The page uses these paths, which are not part of the API:
//
//	GET    /                                        the page; ?token= exchanges a token for a cookie
//	GET    /mock/traffic                            the recorded exchanges, as JSON
//	GET    /mock/traffic/stream                     the exchanges and each change, as server-sent events
//	GET    /mock/traffic/{id}                       the details of one exchange
//	GET    /mock/traffic/{id}/attachments/{number}  a file of an MMS, as a download
//	POST   /mock/traffic/{id}/resend                sends a duplicate of a delivery
//	DELETE /mock/traffic                            deletes all exchanges
//	POST   /mock/events                             simulates an event and responds with each attempt
//	GET    /mock/samples                            an event of each type and hostile texts
//	POST   /mock/template                           checks and renders a template
//	GET    /mock/webhooks                           the webhooks of every account with changes
//	PUT    /mock/webhooks/{id}/template             saves a template with an API call
//
// [New] defines who may use these paths. All other paths belong to the API.
//
// The content security policy restricts the page to its own script file and to resources
// of this server. The page sets all values as text, never as markup. It shows complete
// bodies and headers, including tokens.
package page

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

//go:embed assets
var embedded embed.FS

// Config configures a page.
type Config struct {
	// API is the platform.
	API *messagemediatest.Server

	// Traffic has the API calls and deliveries. The platform's observers must record them.
	Traffic *Traffic

	// Token is the token that a browser exchanges for a cookie, and that other clients
	// send to read.
	Token string

	// Host is an accepted host name of the page, in addition to localhost and IP addresses.
	Host string

	// SendOptions are the options of each delivery.
	SendOptions []messagemediatest.SendOption
}

// New returns a handler for the page and the API.
//
// A browser sends the token once, in the URL of the page, and receives a cookie
// (HttpOnly, SameSite=Strict). Its further requests need the cookie. Their Host must be
// localhost, an IP address or [Config.Host]. Requests that change state must come from
// the page itself. Other clients send the header "Authorization: Bearer TOKEN" to read,
// and need no token to change state.
//
// The API checks its own credentials. It accepts any Host, so that containers can use any
// name. It rejects requests from pages of other sites that change state.
func New(config Config) http.Handler {
	p := &page{Config: config, access: newAccess(config.Token, config.Host)}
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // can't happen: the folder is embedded
	}
	private := http.NewServeMux()
	private.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, assets, "page.html") })
	for _, name := range []string{"page.js", "page.css", "icon.svg"} {
		private.HandleFunc("GET /mock/"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, assets, name) })
	}
	private.HandleFunc("GET /mock/traffic", p.serveTraffic)
	private.HandleFunc("GET /mock/traffic/stream", p.serveStream)
	private.HandleFunc("GET /mock/traffic/{id}", p.serveExchange)
	private.HandleFunc("GET /mock/traffic/{id}/attachments/{number}", p.serveAttachment)
	private.HandleFunc("POST /mock/traffic/{id}/resend", p.resend)
	private.HandleFunc("DELETE /mock/traffic", p.clear)
	private.HandleFunc("POST /mock/events", p.simulate)
	private.HandleFunc("GET /mock/samples", p.serveSamples)
	private.HandleFunc("POST /mock/template", p.tryTemplate)
	private.HandleFunc("GET /mock/webhooks", p.serveWebhooks)
	private.HandleFunc("PUT /mock/webhooks/{id}/template", p.saveTemplate)

	mux := http.NewServeMux()
	mux.Handle("/mock/", protected(p.access.require(private)))
	mux.Handle("/{$}", protected(p.servePage(p.access.require(private))))
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }) // browsers request it by default
	mux.Handle("/", config.API)
	return http.NewCrossOriginProtection().Handler(mux)
}

type page struct {
	Config
	access *access
}

// servePage exchanges a token in the URL, or serves the page.
func (p *page) servePage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.access.exchangeToken(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// protected sets security headers.
func protected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ") // readable for users of curl
	_ = encoder.Encode(body)    // fails if the client disconnected
}

func respondError(w http.ResponseWriter, status int, message string) {
	respond(w, status, struct {
		Message string `json:"message"`
	}{message})
}
