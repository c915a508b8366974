package messagemedia

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
)

// urlProblem returns why the platform cannot call a URL, or "". It does not use net/url,
// which rejects template variables that the platform accepts. It quotes only the host, since
// other parts can contain a token, and no host that may be the beginning of user info.
func urlProblem(url string) string {
	if strings.ContainsFunc(url, func(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) }) {
		return "the URL contains white space, a control character or an invisible one; escape it"
	}
	scheme, rest, found := strings.Cut(url, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "the URL does not begin with http:// or https://"
	}
	authority, remainder := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, remainder = rest[:i], rest[i:]
	}
	host, port, hasPort := cutPort(authority[strings.LastIndexByte(authority, '@')+1:])
	problem := ""
	if hostProblem := hostProblem(host); hostProblem != "" {
		problem = fmt.Sprintf("%q %s", host, hostProblem)
	} else if hasPort && !isPort(port) {
		problem = "the port must be between 1 and 65535"
	}
	if problem != "" && strings.Contains(remainder, "@") && !strings.Contains(authority, "@") {
		return "the host or the port is not valid; if the URL has user info, escape each /, ? and # in it"
	}
	return problem
}

func cutPort(hostPort string) (host, port string, ok bool) {
	i := strings.LastIndexByte(hostPort, ':')
	if i < 0 || strings.HasPrefix(hostPort, "[") && hostPort[i-1] != ']' {
		return hostPort, "", false
	}
	return hostPort[:i], hostPort[i+1:], true
}

// hostProblem returns why a host is invalid, or "".
func hostProblem(host string) string {
	switch {
	case strings.HasPrefix(host, "["):
		address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
		if err != nil || !address.Is6() || address.Zone() != "" || !strings.HasSuffix(host, "]") {
			return "is not an IPv6 address in brackets"
		}
		return ""
	case isHostName(host):
		return ""
	case strings.Contains(host, "_"):
		return "is not a host name: the platform rejects an underscore"
	}
	if ascii := asciiHost(host); ascii != host && isHostName(ascii) {
		return fmt.Sprintf("is not a host name: write %q", ascii)
	}
	return "is not a host name"
}

// asciiHost returns the ASCII form of an internationalized name, with xn--, or the name
// itself if it has none. It uses net/http, which exports no function for that.
func asciiHost(name string) string {
	var request bytes.Buffer
	err := (&http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: name, Path: "/"}}).Write(&request)
	_, header, _ := strings.Cut(request.String(), "\r\nHost: ")
	ascii, _, found := strings.Cut(header, "\r\n")
	if err != nil || !found {
		return name
	}
	return ascii
}

// isHostName reports whether a name is a host name according to RFC 1123.
func isHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if containsByte(label, func(c byte) bool { return c != '-' && !isAlphanumeric(rune(c)) }) {
			return false
		}
	}
	return true
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
