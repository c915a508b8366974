// Package browsertest tests the page of messagemedia-mock in Chromium. It is a nested
// module, so that only these tests depend on chromedp.
//
//	go test -count=1 .
//
// Without -count=1, the result can be cached from before a change of the page, because
// the tests run the command and do not import it. The environment variable CHROMIUM is
// the path of the browser. SCREENSHOTS is the directory to which TestScreenshots writes
// the README's pictures.
package browsertest

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

var (
	mockBinary string
	chromium   context.Context // the context of the browser process
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	directory, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(directory)
	mockBinary = filepath.Join(directory, "messagemedia-mock")
	if output, err := exec.Command("go", "build", "-o", mockBinary, "github.com/messagemedia/webhooks-go-sdk/cmd/messagemedia-mock").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, output)
		return 1
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(cmp.Or(os.Getenv("CHROMIUM"), "/usr/bin/chromium")),
		chromedp.UserDataDir(filepath.Join(directory, "profile")),
		chromedp.NoSandbox, // not available to root
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	browser, quit := chromedp.NewContext(allocator)
	defer quit()
	if err := chromedp.Do(browser); err != nil {
		fmt.Fprintln(os.Stderr, "start Chromium:", err)
		return 1
	}
	chromium = browser
	return m.Run()
}

// mock is a running command.
type mock struct {
	url, pageURL string
	client       *messagemedia.Client
}

func startMock(t *testing.T, arguments ...string) *mock {
	t.Helper()
	command := exec.Command(mockBinary, append([]string{"-addr", "127.0.0.1:0"}, arguments...)...)
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { // after the tabs are closed, which would report the lost connection
		command.Process.Kill()
		command.Wait()
	})
	lines := bufio.NewScanner(stdout)
	m := new(mock)
	for m.pageURL == "" && lines.Scan() {
		if url, found := strings.CutPrefix(lines.Text(), "The mock server is at "); found {
			m.url = url
		}
		if url, found := strings.CutPrefix(lines.Text(), "The page is at "); found {
			m.pageURL = url
		}
	}
	require.NotEmpty(t, m.pageURL)
	go func() {
		for lines.Scan() { // otherwise the command would block when it prints
		}
	}()
	m.client, err = messagemedia.NewClient(messagemedia.BasicAuth("test-key", "test-secret"), messagemedia.WithBaseURL(m.url))
	require.NoError(t, err)
	return m
}

// subscribe creates a webhook for all simulated events.
func (m *mock) subscribe(t *testing.T, url string, change func(*messagemedia.CreateWebhookRequest)) *messagemedia.Webhook {
	t.Helper()
	request := messagemedia.CreateWebhookRequest{
		URL: url, Method: http.MethodPost, Encoding: messagemedia.EncodingJSON, Template: messagemedia.JSONTemplate,
		Events: []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventReceivedMMS, messagemedia.EventOptOutSMS, messagemedia.EventDeliveredDR},
	}
	if change != nil {
		change(&request)
	}
	hook, err := m.client.CreateWebhook(t.Context(), request)
	require.NoError(t, err)
	return hook
}

// simulate sends an event like curl.
func (m *mock) simulate(t *testing.T, event string) {
	t.Helper()
	response, err := http.Post(m.url+"/mock/events", "application/json", strings.NewReader(event))
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// receiver is an endpoint that records the bodies of requests.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex
	bodies []string
}

func newReceiver(t *testing.T, handle http.HandlerFunc) *receiver {
	t.Helper()
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var body strings.Builder
		_, _ = bufio.NewReader(request.Body).WriteTo(&body)
		r.mu.Lock()
		r.bodies = append(r.bodies, body.String())
		r.mu.Unlock()
		handle(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.bodies...)
}

func noContent(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// tab is a browser tab with its own cookies.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // errors on the console and exceptions
	allowed  []string // fragments of expected problems
}

// newTab opens a tab. The test fails if the console has an error that allow does not permit.
func newTab(t *testing.T, width, height int64) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	go b.listen(chromedp.Console(ctx))
	t.Cleanup(func() { assert.Empty(t, b.unexpected(), "errors on the console") })
	b.run(chromedp.EmulateViewport(width, height))
	return b
}

// listen collects problems until the tab is closed.
func (b *tab) listen(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for message, err := range messages {
		if err != nil {
			return
		}
		switch message.Type {
		case chromedp.ConsoleError, chromedp.ConsoleWarning, chromedp.ConsoleException:
			b.mu.Lock()
			b.problems = append(b.problems, message.Text)
			b.mu.Unlock()
		}
	}
}

// allow permits errors on the console that contain one of these texts. Chromium reports
// error responses on the console.
func (b *tab) allow(texts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, texts...)
}

// unexpected returns the errors that no call of allow permits.
func (b *tab) unexpected() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.problems), func(problem string) bool {
		return slices.ContainsFunc(b.allowed, func(text string) bool { return strings.Contains(problem, text) })
	})
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

// eval runs a script and ignores its value.
func (b *tab) eval(script string) {
	b.t.Helper()
	b.run(chromedp.Evaluate[chromedp.Void](script))
}

// value evaluates a JavaScript expression. If it is a promise, value waits for the result.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// open opens the page at a panel.
func (b *tab) open(m *mock, panel string) {
	b.t.Helper()
	b.run(chromedp.Navigate(m.pageURL))
	b.wait(`document.getElementById("connection")?.textContent === "Live" && document.getElementById("lines") !== null`)
	b.eval(fmt.Sprintf(`location.hash = %q`, panel))
	b.wait(fmt.Sprintf(`!document.getElementById(%q).hidden`, panel))
}

// wait waits until a JavaScript condition holds, on this page or on one that the tab is
// navigating to. chromedp.Poll would compile it in the page, which the content security
// policy blocks.
func (b *tab) wait(condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+condition+")"))
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(b.t, "still not so: "+condition, "%v\n%s", err, value[string](b, `document.body.innerText`))
		}
	}
}

// waitForText waits until an element contains a text.
func (b *tab) waitForText(selector, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((element) => element.innerText.includes(%q))`, selector, text))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// openLine opens an exchange, and waits for its details, which move the lines below.
func (b *tab) openLine(selector string) {
	b.t.Helper()
	b.click(selector + " summary")
	b.waitForText(selector+" .inside", "Authentication")
}

// set sets the value of a field, as typing or choosing does.
func (b *tab) set(selector, value string) {
	b.t.Helper()
	b.eval(fmt.Sprintf(`{
		const field = document.querySelector(%q);
		field.value = %q;
		field.dispatchEvent(new Event("input", {bubbles: true}));
		field.dispatchEvent(new Event("change", {bubbles: true}));
	}`, selector, value))
}
