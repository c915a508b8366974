package browsertest

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

const maxScreenshotBytes = 150 << 10 // the maximum total size

// TestScreenshots takes the README's screenshots.
func TestScreenshots(t *testing.T) {
	var calls atomic.Int64
	endpoint := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader([]int{503, 204}[min(calls.Add(1), 2)-1])
	})
	m := startMock(t, "-forward", endpoint.URL)
	key, err := m.client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	_, err = m.client.EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	hook := m.subscribe(t, "https://example.com/hooks/sms", func(r *messagemedia.CreateWebhookRequest) {
		r.Headers = map[string]string{"X-Webhook-Token": "wXb3Jk9QpL2mZr7T"}
		r.Retries = 1
		r.Template = "{\n  \"reply_id\": \"$!moId\",\n  \"from\": \"$!sourceAddress\",\n  \"text\": \"$!esc.json($moContent)\"\n}\n"
	})
	m.simulate(t, `{"event":"RECEIVED_SMS","reply_id":"1","source_number":"+61491570156","destination_number":"+61491593156","content":"\"Yes\", please keep it","metadata":{"booking":"4711"}}`)
	m.simulate(t, `{"event":"DELIVERY_REPORT","delivery_report_id":"2","source_number":"+61491570157","status":"delivered","error_code":"220","original_text":"Your table is ready."}`)
	m.simulate(t, `{"event":"OPT_OUT","notification_id":"3","source_number":"+61491570158","content":"STOP"}`)

	total := 0
	b := newTab(t, 1120, 760)
	b.open(m, "traffic")
	b.openLine("#exchanges li:nth-child(3)")
	total += b.screenshot("traffic.png")

	_, err = m.client.UpdateWebhook(t.Context(), hook.ID, messagemedia.UpdateWebhookRequest{
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Template: new("{\n  \"reply_id\": \"$!moId\",\n  \"from\": \"$!sourceAddress\",\n  \"text\": \"$!moContent\",\n  \"booking\": \"$!esc.json($metdata.booking)\"\n}\n"),
	})
	require.NoError(t, err)
	b.eval(`location.hash = "template"`)
	b.wait(`document.querySelectorAll("#source option").length === 2`)
	b.eval(`document.querySelector("#source").selectedIndex = 1`)
	b.click("#load-button")
	b.waitForText("#loaded", "Loaded from")
	b.waitForText("#problems", "esc.json")
	b.set("#hostile-template", "0")
	b.waitForText("#rendered", "He said")
	total += b.screenshot("template.png")
	assert.LessOrEqual(t, total, maxScreenshotBytes)
}

// screenshot takes a picture of the window and returns its size. If SCREENSHOTS is set, it
// writes the picture to a file.
func (b *tab) screenshot(name string) int {
	b.t.Helper()
	time.Sleep(2 * time.Second) // lets the animation of a new line end
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	visible, err := png.Decode(bytes.NewReader(picture))
	require.NoError(b.t, err)
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(b.t, encoder.Encode(&small, withFewColors(visible)))
	if directory := os.Getenv("SCREENSHOTS"); directory != "" {
		require.NoError(b.t, os.WriteFile(filepath.Join(directory, name), small.Bytes(), 0o644))
	}
	return small.Len()
}

// withFewColors reduces a picture to 256 colors, so that its file is small. It keeps the most
// frequent colors, and one of each other region of colors, such as that of a dot.
func withFewColors(picture image.Image) image.Image {
	count := make(map[color.RGBA]int)
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	var palette color.Palette
	regions := make(map[[3]uint8]bool)
	for _, c := range slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return count[b] - count[a] }) {
		region := [3]uint8{c.R >> 5, c.G >> 5, c.B >> 5}
		if len(palette) < 160 || len(palette) < 256 && !regions[region] {
			palette = append(palette, c)
			regions[region] = true
		}
	}
	reduced := image.NewPaletted(bounds, palette)
	draw.Draw(reduced, bounds, picture, bounds.Min, draw.Src)
	return reduced
}
