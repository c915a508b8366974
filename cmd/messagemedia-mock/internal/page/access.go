package page

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// access decides who may use the page and the paths under /mock/.
//
//   - A browser needs the cookie that it got for the token, for every request.
//   - Another client, such as curl, needs the token for requests that read. Requests
//     that change state need none: those of a browser always have an Origin.
//
// Over plain HTTP to hosts other than localhost, browsers omit Sec-Fetch-Site, so a
// request that reads does not show whether a browser sent it.
type access struct {
	token      string
	session    string // the cookie's value
	cookieName string // of this process: cookies are shared between the ports of a host
	host       string // a name, beside localhost, that the page may be called by
}

func newAccess(token, host string) *access {
	sum := sha256.Sum256([]byte(token))
	return &access{token: token, session: rand.Text(), cookieName: "mock-" + hex.EncodeToString(sum[:4]), host: host}
}

// require serves requests that are permitted. Otherwise the response says what is missing.
func (a *access) require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case a.hasToken(r), changesState(r) && !fromBrowser(r):
		case !a.isOwnHost(r.Host):
			respondError(w, http.StatusForbidden, "the host must be localhost, an IP address or the one that -addr names")
			return
		case !a.hasSession(r):
			respondError(w, http.StatusUnauthorized, "open the URL that messagemedia-mock printed, or send its token as Authorization: Bearer TOKEN")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// exchangeToken gives a browser the cookie for the token in the URL. It reports whether
// the request had a token; the response is written then.
func (a *access) exchangeToken(w http.ResponseWriter, r *http.Request) bool {
	token := r.URL.Query().Get("token")
	switch {
	case token == "" || !a.isOwnHost(r.Host):
		return false
	case !equal(token, a.token):
		respondError(w, http.StatusUnauthorized, "the token is not the one that messagemedia-mock printed: it is another for each start")
		return true
	}
	http.SetCookie(w, &http.Cookie{Name: a.cookieName, Value: a.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	// A redirect would be part of the navigation that led here. If that began on
	// another site, as with a link in a chat, the browser would withhold the cookie.
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(`<!doctype html><meta charset="utf-8"><title>messagemedia-mock</title><meta http-equiv="refresh" content="0;url=/"><p><a href="/">Continue</a>`))
	return true
}

func (a *access) hasToken(r *http.Request) bool {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return found && equal(token, a.token)
}

func (a *access) hasSession(r *http.Request) bool {
	for _, cookie := range r.CookiesNamed(a.cookieName) {
		if equal(cookie.Value, a.session) {
			return true
		}
	}
	return false
}

// isOwnHost reports whether a Host header can be meant for the page. A page of
// another site whose name was made to resolve to this address has that name in it; an
// IP address can't be such a name.
func (a *access) isOwnHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	_, err = netip.ParseAddr(host)
	return err == nil || strings.EqualFold(host, "localhost") || a.host != "" && strings.EqualFold(host, a.host)
}

func changesState(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

func fromBrowser(r *http.Request) bool {
	for _, name := range [...]string{"Origin", "Sec-Fetch-Site", "Cookie"} {
		if r.Header[name] != nil {
			return true
		}
	}
	return false
}

func equal(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
