package browsertest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

func TestTraffic(t *testing.T) {
	var calls atomic.Int64
	endpoint := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			http.Error(w, "the database is down", http.StatusServiceUnavailable)
		}
	})
	m := startMock(t)
	m.subscribe(t, endpoint.URL+"/hooks", func(r *messagemedia.CreateWebhookRequest) {
		r.Headers = map[string]string{"X-Webhook-Token": "wXb3Jk9QpL2mZr7T"}
		r.Retries = 2
	})
	b := newTab(t, 1120, 800)
	b.open(m, "traffic")
	b.waitForText("#exchanges li:first-child", "POST /v1/webhooks/messages")

	m.simulate(t, `{"event":"RECEIVED_SMS","reply_id":"1","source_number":"+61491570156","content":"Is it live?"}`)
	b.waitForText("#exchanges li:first-child", "+61491570156: Is it live?")
	b.waitForText("#exchanges li:first-child .status", "200")
	b.waitForText("#announcement", "Delivery of RECEIVED_SMS: 200")

	b.openLine("#exchanges li:first-child")
	for _, text := range []string{
		"Attempt 1 of 3: 503 Service Unavailable", "the platform waits 5.0 s for the next", "the database is down",
		"Attempt 2 of 3: 200 OK", "Header token X-Webhook-Token is valid", "Signature none", `"content": "Is it live?"`,
	} {
		b.waitForText("#exchanges li:first-child .inside", text)
	}

	b.eval(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`)
	b.click("#exchanges li:first-child .attempt:last-of-type .actions button")
	b.wait(`window.copied?.startsWith("curl ")`)
	assert.Contains(t, value[string](b, `window.copied`), endpoint.URL+"/hooks")

	b.click("#exchanges li:first-child .inside > .actions button")
	b.waitForText("#exchanges li:first-child", "duplicate of 2")
	b.waitForText("#exchanges li:nth-child(2) .inside", "Sent again and acknowledged")
	received := endpoint.received()
	require.Len(t, received, 3)
	assert.Equal(t, received[1], received[2])

	visible := `[...document.querySelectorAll("#exchanges > li")].filter((line) => !line.hidden).length`
	b.set("#query", "DATABASE messages")
	b.wait(visible + ` === 0`)
	b.set("#query", "webhooks post")
	b.wait(visible + ` === 1`)
	b.waitForText("#count", "1 of 3 exchanges match")
	b.set("#query", "")
	b.set("#kind", "delivery")
	b.wait(visible + ` === 2`)
	b.set("#kind", "failed")
	b.wait(visible + ` === 0`)
	b.set("#kind", "")

	b.click("#clear")
	b.waitForText("#empty", "No traffic yet")
	assert.Contains(t, value[string](b, `document.getElementById("start").textContent`), m.url+"/v1/webhooks/messages")
	m.simulate(t, `{"event":"RECEIVED_SMS","reply_id":"2","content":"After that"}`)
	b.waitForText("#exchanges", "After that")
}

func TestThePageShowsHalfOfAThousand(t *testing.T) {
	m := startMock(t)
	for range 501 {
		_, err := m.client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		require.NoError(t, err)
	}
	b := newTab(t, 1120, 800)
	b.open(m, "traffic")
	b.waitForText("#count", "500 exchanges. The server has 501 exchanges. The page shows the last 500; the server keeps the last 1,000.")
	_, err := m.client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err)
	b.waitForText("#count", "500 exchanges. The server has 502 exchanges.")
	assert.Equal(t, 500, value[int](b, `document.querySelectorAll("#exchanges > li").length`))
}

func TestSimulate(t *testing.T) {
	endpoint := newReceiver(t, noContent)
	m := startMock(t)
	m.subscribe(t, endpoint.URL+"/hooks", nil)
	b := newTab(t, 1120, 800)
	b.open(m, "simulate")

	b.wait(`document.querySelector("#event [name=source_number]").value === "+61491570156"`) // the sample's value
	b.set("#event [name=content]", "See you")
	b.click("#event .primary")
	b.waitForText("#sent", "RECEIVED_SMS: 1 delivery, 1 acknowledged.")
	b.waitForText("#simulated", "+61491570156: See you")
	assert.Contains(t, endpoint.received()[0], `"content": "See you"`)

	file := filepath.Join(t.TempDir(), "table.txt")
	require.NoError(t, os.WriteFile(file, []byte("Hello from a file"), 0o600))
	b.click("#event [value=RECEIVED_MMS]")
	b.run(chromedp.SetUploadFiles(chromedp.CSS("#event [name=file]"), []string{file}))
	b.click("#event .primary")
	b.waitForText("#sent", "RECEIVED_MMS: 1 delivery, 1 acknowledged.")
	assert.Contains(t, endpoint.received()[1], `"original_name": "table.txt"`)
	b.openLine("#simulated li")
	b.waitForText("#simulated", "table.txt (17 bytes, declared as text/plain)")
	download := value[[]string](b, `(async () => {
		const link = document.querySelector("#simulated a[download]");
		const response = await fetch(link.href);
		return [link.download, response.headers.get("Content-Disposition"), response.headers.get("Content-Type"), await response.text()];
	})()`)
	assert.Equal(t, []string{"table.txt", "attachment; filename=table.txt", "application/octet-stream", "Hello from a file"}, download)

	b.click("#event [value=OPT_OUT_SMS]")
	b.click("#event .primary")
	b.waitForText("#sent", "OPT_OUT_SMS: 1 delivery, 1 acknowledged.")
	assert.Contains(t, endpoint.received()[2], `"content": "STOP"`)

	b.click("#event [value=DR]")
	assert.Equal(t, "220", value[string](b, `document.querySelector("#event").error_code.value`))
	b.click("#event .primary")
	b.waitForText("#sent", "DELIVERED_DR: 1 delivery, 1 acknowledged.")
	assert.Contains(t, endpoint.received()[3], `"error_code": "220"`)
	b.set("#event [name=status]", "FAILED_DR")
	b.wait(`document.querySelector("#event").error_code.value === "400"`)
	b.click("#event .primary")
	b.waitForText("#sent", "No webhook is subscribed to FAILED_DR, so nothing was delivered.")
	assert.Len(t, endpoint.received(), 4)
}

func TestADeliveryInProgressIsShown(t *testing.T) {
	release := make(chan struct{})
	endpoint := newReceiver(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	m := startMock(t)
	m.subscribe(t, endpoint.URL, nil)
	b := newTab(t, 1120, 800)
	b.open(m, "simulate")
	b.wait(`document.querySelector("#event [name=content]").value !== ""`)
	b.click("#event .primary")
	b.waitForText("#simulated .status.waiting", "…")
	b.waitForText("#sent", "Sending")
	close(release)
	b.waitForText("#simulated .status.good", "200")
	b.waitForText("#sent", "1 acknowledged")
}

func TestTemplate(t *testing.T) {
	m := startMock(t)
	hook := m.subscribe(t, "http://127.0.0.1:9/hooks", func(r *messagemedia.CreateWebhookRequest) {
		r.Events = []messagemedia.EventType{messagemedia.EventReceivedSMS}
		r.Template = "{\n  \"reply_id\": \"$!moId\",\n  \"text\": \"$moContnt\"\n}"
	})
	b := newTab(t, 1120, 800)
	b.open(m, "template")
	b.waitForText("#verdict", "No problems") // JSONTemplate
	b.wait(`document.querySelectorAll("#source option").length === 2`)
	b.eval(`document.getElementById("source").selectedIndex = 1`)
	b.click("#load-button")
	b.waitForText("#loaded", "Loaded from POST http://127.0.0.1:9/hooks")
	b.waitForText("#problems", "$moContent")
	assert.Equal(t, "3", value[string](b, `document.querySelector("#lines .warning").textContent`), "the line is marked")
	b.waitForText("#rendered", `"text": "$moContnt"`)
	b.wait(`document.querySelectorAll("#rendered section").length === 1`) // the webhook's events

	b.click("#problems button")
	assert.Equal(t, `$moContnt"`, value[string](b, `(() => { const editor = document.getElementById("editor"); return editor.value.slice(editor.selectionStart, editor.selectionEnd); })()`))

	b.set("#editor", "{\"reply_id\": \"$!moId\", \"text\": \"$!moContent\"}")
	b.waitForText("#problems .error", "esc.json")
	b.set("#hostile-template", "0") // quotation marks
	b.waitForText("#rendered", "not valid JSON")
	b.set("#editor", "{\"reply_id\": \"$!moId\", \"text\": \"$!esc.json($moContent)\"}")
	b.waitForText("#rendered", "valid, read as ReceivedSMS")
	b.waitForText("#rendered", `He said \"yes\"`)

	b.click("#save")
	b.waitForText("#loaded", "Saved to POST http://127.0.0.1:9/hooks.")
	saved, err := m.client.GetWebhook(t.Context(), hook.ID)
	require.NoError(t, err)
	assert.Equal(t, `{"reply_id": "$!moId", "text": "$!esc.json($moContent)"}`, saved.Template)
	assert.Equal(t, hook.Events, saved.Events)

	require.NoError(t, m.client.DeleteWebhook(t.Context(), hook.ID))
	b.allow("404 (Not Found)")
	b.click("#save")
	b.waitForText("#loaded", "404")
}

// TestUntrustedInputIsShownAsText sends markup in every kind of untrusted input.
func TestUntrustedInputIsShownAsText(t *testing.T) {
	const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`
	endpoint := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, hostile)
	})
	m := startMock(t)
	m.subscribe(t, endpoint.URL+"/hooks?"+strings.Repeat("a", 50)+"=$moContent", func(r *messagemedia.CreateWebhookRequest) {
		r.Headers = map[string]string{"X-Hostile": hostile}
		r.Template = "$moContent $metadata.a " + hostile
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.url+"/v1/webhooks/messages?<b>", nil)
	require.NoError(t, err)
	r.Header.Set("Account", hostile)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	response.Body.Close()
	m.simulate(t, fmt.Sprintf(`{"event":"RECEIVED_MMS","reply_id":%[1]q,"source_number":%[1]q,"content":%[1]q,"metadata":{"a":%[1]q},"attachments":[{"content_type":%[1]q,"original_name":%[1]q,"content":"PGI+"}]}`, hostile))

	b := newTab(t, 1120, 800)
	b.open(m, "traffic")
	for i := 1; i <= 3; i++ {
		b.openLine(fmt.Sprintf("#exchanges li:nth-child(%d)", i))
	}
	b.waitForText("#exchanges li:nth-child(1) .message", hostile)
	b.waitForText("#exchanges li:nth-child(1) .inside", `Response 400 Bad Request`)
	b.waitForText("#exchanges li:nth-child(2) .inside", "Account: "+hostile)

	b.eval(`location.hash = "simulate"`)
	b.set("#event [name=content]", hostile)
	b.click("#event .primary")
	b.waitForText("#simulated .message", hostile)
	b.eval(`location.hash = "template"`)
	b.wait(`document.querySelectorAll("#source option").length === 2`)
	b.eval(`document.getElementById("source").selectedIndex = 1`)
	b.click("#load-button")
	b.waitForText("#rendered", hostile)

	assert.Equal(t, 0, value[int](b, `document.querySelectorAll("main img, main script, main b:not(.headers b):not(.proofs b)").length`))
	assert.False(t, value[bool](b, `"hacked" in window`))
	assert.NotContains(t, value[string](b, `location.href`), "token", "the token does not stay in the address")
}
