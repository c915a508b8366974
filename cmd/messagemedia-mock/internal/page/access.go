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

// access controls the use of the page and the paths under /mock/.
//
//   - A browser needs the cookie for every request.
//   - Another client, such as curl, needs the token for requests that read. Requests
//     that change state need no token: a browser always sends an Origin with them.
//
// Over plain HTTP to hosts other than localhost, browsers omit Sec-Fetch-Site. A request
// that reads then does not show whether a browser sent it.
type access struct {
	token      string
	session    string // the cookie's value
	cookieName string // unique to this process, because the ports of a host share cookies
	host       string // an accepted host name in addition to localhost
}

func newAccess(token, host string) *access {
	sum := sha256.Sum256([]byte(token))
	return &access{token: token, session: rand.Text(), cookieName: "mock-" + hex.EncodeToString(sum[:4]), host: host}
}

// require serves permitted requests. It responds to others with the missing requirement.
func (a *access) require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case a.hasToken(r), changesState(r) && !fromBrowser(r):
		case !a.isOwnHost(r.Host):
			respondError(w, http.StatusForbidden, "host must be localhost, an IP address or the host of -addr")
			return
		case !a.hasSession(r):
			respondError(w, http.StatusUnauthorized, "open the URL that messagemedia-mock printed, or send its token as Authorization: Bearer TOKEN")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// exchangeToken exchanges the token in the URL for the cookie. It reports whether the
// URL has a token, and has then written the response.
func (a *access) exchangeToken(w http.ResponseWriter, r *http.Request) bool {
	token := r.URL.Query().Get("token")
	switch {
	case token == "" || !a.isOwnHost(r.Host):
		return false
	case !equal(token, a.token):
		respondError(w, http.StatusUnauthorized, "invalid token: open the URL that messagemedia-mock printed when it started")
		return true
	}
	http.SetCookie(w, &http.Cookie{Name: a.cookieName, Value: a.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	// A redirect would continue the browser's navigation. If it began on another site,
	// such as a chat, the browser would withhold the SameSite=Strict cookie.
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

// isOwnHost reports whether a Host header names the page. In a DNS rebinding attack, the
// Host is the name of the attacker's site, which is never an IP address.
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
