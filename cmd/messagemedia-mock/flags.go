package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// settings are the values of the flags.
type settings struct {
	address, key, secret string
	forward              *url.URL // nil if deliveries go to their own URLs
	verbose, showTokens  bool
}

// parse parses the flags. If they ask for help, parse prints the help to stdout, and the
// error matches flag.ErrHelp.
func parse(args []string, stdout io.Writer) (*settings, error) {
	var s settings
	flags := flag.NewFlagSet("messagemedia-mock", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error contains the printed text
	flags.StringVar(&s.address, "addr", "127.0.0.1:8080", "listen on `host:port`; without a host, other hosts on the network can reach the server")
	flags.StringVar(&s.key, "key", "test-key", "accept this API `key`")
	flags.StringVar(&s.secret, "secret", "test-secret", "accept this API `secret`")
	flags.Func("forward", "send every delivery to this `URL`, a scheme and host, with the path and query of its webhook", func(address string) (err error) {
		s.forward, err = parseForward(address)
		return err
	})
	flags.BoolVar(&s.verbose, "v", false, "also print headers and bodies, with tokens redacted")
	flags.BoolVar(&s.showTokens, "show-tokens", false, "print tokens and credentials without redacting them")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintln(stdout, "Usage: messagemedia-mock [flags]")
		flags.PrintDefaults()
		fmt.Fprint(stdout, helpOnCalls)
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w; -help lists all flags", err)
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q; only flags are accepted", flags.Arg(0))
	case s.address == "", s.key == "", s.secret == "":
		return nil, errors.New("-addr, -key and -secret must not be empty")
	}
	return &s, nil
}

// host returns the host of -addr, or "".
func (s *settings) host() string {
	host, _, _ := net.SplitHostPort(s.address)
	return host
}

func (s *settings) isLoopback() bool {
	ip, err := netip.ParseAddr(s.host())
	return err == nil && ip.IsLoopback() || strings.EqualFold(s.host(), "localhost")
}

func (s *settings) sendOptions() []messagemediatest.SendOption {
	if s.forward == nil {
		return nil
	}
	client := &http.Client{Transport: forwarder{s.forward, new(http.Transport)}}
	return []messagemediatest.SendOption{messagemediatest.ThroughClient(client)}
}
