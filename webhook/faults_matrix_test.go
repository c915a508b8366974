package webhook_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// userFunctions are the functions that a handler calls, with the expected outcome if the
// function hangs until its context ends, panics, or calls runtime.Goexit. The reason is empty
// if the function gets no context.
var userFunctions = []struct {
	name    string
	hangs   faultOutcome
	panics  faultOutcome // also if it calls runtime.Goexit
	handled bool         // the callback returned nil
}{
	{"WithTarget's function", faultOutcome{}, faultOutcome{500, webhook.ReasonPanic, 0}, false},
	{"KeySource", faultOutcome{503, webhook.ReasonTimeout, 5 * time.Second}, faultOutcome{500, webhook.ReasonPanic, 0}, false},
	{"WithDedupeKey's function", faultOutcome{}, faultOutcome{500, webhook.ReasonPanic, 0}, false},
	{"Deduplicator, before the callback", faultOutcome{503, webhook.ReasonTimeout, 15 * time.Second}, faultOutcome{500, webhook.ReasonPanic, 0}, false},
	{"callback", faultOutcome{503, webhook.ReasonTimeout, 15 * time.Second}, faultOutcome{500, webhook.ReasonPanic, 0}, false},
	{"callback without a deduplicator", faultOutcome{503, webhook.ReasonTimeout, 15 * time.Second}, faultOutcome{500, webhook.ReasonPanic, 0}, false},
	{"Deduplicator, after the callback", faultOutcome{503, webhook.ReasonTimeout, 15 * time.Second}, faultOutcome{500, webhook.ReasonPanic, 0}, true},
	{"logger, after a failure", faultOutcome{}, faultOutcome{503, webhook.ReasonCallback, 0}, false},
	{"observer, after success", faultOutcome{}, faultOutcome{204, webhook.ReasonHandled, 0}, true},
	{"observer, after a failure", faultOutcome{}, faultOutcome{503, webhook.ReasonCallback, 0}, false},
}

type faultOutcome struct {
	status int
	reason webhook.Reason
	after  time.Duration
}

func (o faultOutcome) String() string {
	return fmt.Sprintf("%d %s after %v", o.status, o.reason, o.after)
}

const clientStays = time.Second // before the client disconnects

// TestMatrixOfFaults lets each function of the user fail in each way, with and without a body,
// with and without a client that disconnects.
func TestMatrixOfFaults(t *testing.T) {
	t.Parallel()
	var grid strings.Builder
	table := tabwriter.NewWriter(&grid, 0, 0, 2, ' ', 0)
	defer func() {
		table.Flush()
		t.Log("\n" + grid.String())
	}()
	fmt.Fprint(table, "a function of the user's\tfails by\tclient stays\tclient disconnects\tno body\t")
	for _, function := range userFunctions {
		for _, fault := range []string{"hanging", "panic", "Goexit"} {
			want := function.panics
			if fault == "hanging" {
				want = function.hangs
			}
			if want == (faultOutcome{}) {
				continue // the function gets no context
			}
			gone := want
			if fault == "hanging" {
				gone = faultOutcome{503, webhook.ReasonCanceled, clientStays}
			}
			fmt.Fprintf(table, "\n%s\t%s", function.name, fault)
			for _, c := range []struct {
				want       faultOutcome
				method     string
				disconnect bool
			}{{want, "POST", false}, {gone, "POST", true}, {want, "GET", false}} {
				synctest.Test(t, func(t *testing.T) {
					got, handled := runFault(t, function.name, fault, c.method, c.disconnect)
					assert.Equal(t, c.want, got, "%s, %s, %s", function.name, fault, c.method)
					assert.Equal(t, function.handled, handled, "%s, %s", function.name, fault)
					fmt.Fprintf(table, "\t%v", got)
				})
			}
			fmt.Fprint(table, "\t")
		}
	}
}

// runFault sends two deliveries to a handler with one turn. The second succeeds only if the
// first has returned its turn.
func runFault(t *testing.T, function, fault, method string, disconnect bool) (got faultOutcome, handled bool) {
	armed := true
	fail := func(at string, ctx context.Context) error {
		if !armed || at != function {
			return nil
		}
		switch fault {
		case "panic":
			panic("oops")
		case "Goexit":
			runtime.Goexit()
		}
		<-ctx.Done()
		return ctx.Err()
	}
	var outcome webhook.DeliveryOutcome
	options := []webhook.HandlerOption{
		webhook.WithMaxConcurrent(1),
		webhook.WithLogger(slog.New(failingLog(func() { fail("logger, after a failure", t.Context()) }))),
		webhook.WithObserver(func(ctx context.Context, o webhook.DeliveryOutcome) {
			outcome = o
			fail("observer, after success", ctx)
			fail("observer, after a failure", ctx)
		}),
	}
	if function != "callback without a deduplicator" {
		options = append(options,
			webhook.WithDedupeKey(func(*webhook.Delivery) string { fail("WithDedupeKey's function", t.Context()); return "key" }),
			webhook.WithDeduplicator(deduplicatorFunc(func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
				if err := fail("Deduplicator, before the callback", ctx); err != nil {
					return false, err
				}
				if err := handle(ctx); err != nil {
					return false, err
				}
				return false, fail("Deduplicator, after the callback", ctx)
			})))
	}
	keys := keySource(func(ctx context.Context, _ string) (*webhook.Key, error) { return signer.Key(), fail("KeySource", ctx) })
	verifier := newVerifier(t, webhook.Signed(keys), webhook.WithTarget(func(r *http.Request) string {
		fail("WithTarget's function", r.Context())
		return r.RequestURI
	}))
	handler := newHandler(t, verifier, func(ctx context.Context, _ *webhook.Delivery) error {
		for _, at := range []string{"callback", "callback without a deduplicator"} {
			if err := fail(at, ctx); err != nil {
				return err
			}
		}
		if armed && strings.HasSuffix(function, "after a failure") {
			return errDatabase
		}
		handled = true
		return nil
	}, options...)
	deliver := func(ctx context.Context) faultOutcome {
		body := ""
		if method == "POST" {
			body = aPayload
		}
		r := signedRequest(t, method, "/hooks", body)
		start := time.Now()
		w := response(handler, r.WithContext(ctx))
		assert.Equal(t, w.Code, outcome.Status)
		return faultOutcome{w.Code, outcome.Reason, time.Since(start)}
	}
	ctx := t.Context()
	if disconnect {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		time.AfterFunc(clientStays, cancel)
	}
	got = deliver(ctx)
	wasHandled := handled
	armed = false
	assert.Equal(t, faultOutcome{204, webhook.ReasonHandled, 0}, deliver(t.Context()), "the next delivery, after %s: %s", function, fault)
	return got, wasHandled
}

// failingLog is a slog.Handler that fails for each record.
type failingLog func()

func (f failingLog) Enabled(context.Context, slog.Level) bool { return true }
func (f failingLog) Handle(context.Context, slog.Record) error {
	f()
	return nil
}
func (f failingLog) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f failingLog) WithGroup(string) slog.Handler      { return f }
