package messagemediatest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	webhooksPath      = "/v1/webhooks/messages"
	webhookPath       = webhooksPath + "/"
	signatureKeysPath = "/v1/iam/signature_keys"
	signatureKeyPath  = signatureKeysPath + "/"
	enabledKeyPath    = signatureKeysPath + "/enabled"
)

// route maps a request of the API to the SDK's method that sends it, and serves it.
type route struct {
	operation string
	method    string
	path      string // followed by an ID if it ends with a slash
	serve     func(*Server, call) response
}

var routes = []route{
	{"CreateWebhook", http.MethodPost, webhooksPath, (*Server).createWebhook},
	{"ListWebhooks", http.MethodGet, webhooksPath, (*Server).listWebhooks},
	{"UpdateWebhook", http.MethodPatch, webhookPath, (*Server).updateWebhook},
	{"DeleteWebhook", http.MethodDelete, webhookPath, (*Server).deleteWebhook},

	{"CreateSignatureKey", http.MethodPost, signatureKeysPath, (*Server).createKey},
	{"ListSignatureKeys", http.MethodGet, signatureKeysPath, (*Server).listKeys},
	{"GetEnabledSignatureKey", http.MethodGet, enabledKeyPath, (*Server).getEnabledKey},
	{"EnableSignatureKey", http.MethodPatch, enabledKeyPath, (*Server).enableKey},
	{"DisableSignatureKey", http.MethodDelete, enabledKeyPath, (*Server).disableKey},
	{"GetSignatureKey", http.MethodGet, signatureKeyPath, (*Server).getKey},
	{"DeleteSignatureKey", http.MethodDelete, signatureKeyPath, (*Server).deleteKey},
}

// operations returns the valid values of [Fault.Operation], other than "".
func operations() []string {
	var names []string
	for _, route := range routes {
		names = append(names, route.operation)
	}
	return names
}

// call is a request to an operation.
type call struct {
	account string
	id      string // at the end of the path
	query   string
	body    []byte
	lag     int // the number of changes that a list lags behind
}

// findRoute returns the route of a request and the ID in its path. If the path has
// routes for other methods only, it returns those methods.
func findRoute(method string, target *url.URL) (found route, id string, allowed []string) {
	path := target.EscapedPath()
	if path == webhooksPath+"/" && method == http.MethodGet {
		path = webhooksPath // the vendor's SDKs send the slash
	}
	for _, route := range routes {
		id, ok := route.match(path)
		if ok && route.method == method {
			return route, id, nil
		}
		if ok && !slices.Contains(allowed, route.method) {
			allowed = append(allowed, route.method)
		}
	}
	return route{}, "", allowed
}

// match reports whether a path belongs to the route, and returns the ID in it.
func (r route) match(path string) (id string, ok bool) {
	if !strings.HasSuffix(r.path, "/") {
		return "", path == r.path
	}
	segment, ok := strings.CutPrefix(path, r.path)
	if !ok || segment == "" || strings.Contains(segment, "/") {
		return "", false
	}
	id, err := url.PathUnescape(segment)
	return id, err == nil
}

// takesBody reports whether the operation reads a JSON body.
func (r route) takesBody() bool {
	return r.method == http.MethodPost || r.method == http.MethodPatch
}

// isList reports whether the operation takes query parameters.
func (r route) isList() bool { return strings.HasPrefix(r.operation, "List") }

func (r route) isForKeys() bool { return strings.HasPrefix(r.path, signatureKeysPath) }
