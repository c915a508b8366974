package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// forwarder sends every request to one host. The path, the query and the signature are
// unchanged: a signature does not cover the host.
type forwarder struct {
	to   *url.URL // scheme and host
	next http.RoundTripper
}

// parseForward parses the value of -forward.
func parseForward(address string) (*url.URL, error) {
	to, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, err
	case to.Scheme != "http" && to.Scheme != "https", to.Host == "":
		return nil, fmt.Errorf("must be a URL such as http://127.0.0.1:9000, got %q", address)
	case to.Path != "" && to.Path != "/", to.RawQuery != "", to.ForceQuery, to.Fragment != "", to.User != nil:
		return nil, errors.New("must be a scheme and a host only, because the webhook determines the path and query")
	}
	return to, nil
}

// RoundTrip sends the request to the new host. It also sets the header Host, unless the
// webhook sets it.
func (f forwarder) RoundTrip(r *http.Request) (*http.Response, error) {
	forwarded := r.Clone(r.Context())
	if forwarded.Host == r.URL.Host {
		forwarded.Host = f.to.Host
	}
	forwarded.URL.Scheme, forwarded.URL.Host = f.to.Scheme, f.to.Host
	return f.next.RoundTrip(forwarded)
}
