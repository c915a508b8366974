package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filled opens the page with one delivery whose values are long.
func filled(t *testing.T, width int64) *tab {
	t.Helper()
	endpoint := newReceiver(t, noContent)
	m := startMock(t)
	m.subscribe(t, endpoint.URL+"/hooks/"+strings.Repeat("a-long-path/", 12)+"?token="+strings.Repeat("x", 120), nil)
	m.simulate(t, `{"event":"RECEIVED_MMS","reply_id":"1","source_number":"+61491570156","content":"`+strings.Repeat("unbroken", 40)+`","attachments":[{"content_type":"text/plain","original_name":"`+strings.Repeat("name", 30)+`.txt","content":"SGVsbG8="}]}`)
	b := newTab(t, width, 740)
	b.open(m, "traffic")
	return b
}

// interactive is a script that returns the usable elements of a panel.
const interactive = `[...document.querySelectorAll("a[href], button:not(:disabled), input, select, textarea, summary, pre[tabindex]")]
	.filter((element) => element.checkVisibility({ visibilityProperty: true }) && !(element.type === "radio" && !element.checked))`

func TestEverythingIsReachableByKeyboard(t *testing.T) {
	b := filled(t, 1120)
	b.eval(`document.querySelector("#exchanges summary").focus()`)
	b.run(chromedp.KeyEvent(kb.Enter)) // opens the details
	b.waitForText("#exchanges .inside", "Send again")
	for _, panel := range []string{"traffic", "simulate", "template"} {
		b.eval(`document.querySelector(".top nav a[href='#` + panel + `']").focus()`)
		b.run(chromedp.KeyEvent(kb.Enter))
		b.wait(`!document.getElementById("` + panel + `").hidden`)
		if panel == "simulate" {
			b.eval(`for (const details of document.querySelectorAll("#simulate details")) details.open = true`)
		}
		if panel == "template" {
			b.waitForText("#rendered", "RECEIVED_SMS")
		}
		b.eval(`window.missed = new Set(` + interactive + `); document.activeElement.blur(); getSelection().removeAllRanges()`)
		reachable := value[int](b, `window.missed.size`)
		assert.Greater(t, reachable, 7, panel)
		for range reachable + 20 {
			b.run(chromedp.KeyEvent(kb.Tab))
			b.eval(`{
				const element = document.activeElement;
				window.missed.delete(element);
				const style = getComputedStyle(element.closest(".editor") ?? (element.type === "radio" ? element.nextElementSibling : element));
				if (element !== document.body && style.outlineStyle === "none") {
					window.withoutFocusStyle = element.outerHTML;
				}
			}`)
			if value[int](b, `window.missed.size`) == 0 {
				break
			}
		}
		assert.Empty(t, value[[]string](b, `[...window.missed].map((element) => element.outerHTML.slice(0, 100))`), "not reached in %s", panel)
		assert.Empty(t, value[string](b, `window.withoutFocusStyle ?? ""`), "no focus style in %s", panel)
	}
}

func TestEverythingHasAName(t *testing.T) {
	b := filled(t, 1120)
	unnamed := `[...document.querySelectorAll("input, select, textarea, button, a")]
		.filter((element) => !(element.labels?.length || element.textContent.trim() || element.getAttribute("aria-label")))
		.map((element) => element.outerHTML)`
	assert.Empty(t, value[[]string](b, unnamed))
	assert.Equal(t, "en", value[string](b, `document.documentElement.lang`))
}

// faint is a script that returns the texts with a contrast below 4.5, the minimum of WCAG 2.
const faint = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgb = (color) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = color;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const luminance = (color) => color.slice(0, 3).map((c) => c / 255)
		.map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const background = (element) => {
		for (; element; element = element.parentElement) {
			const color = rgb(getComputedStyle(element).backgroundColor);
			if (color[3] === 255) {
				return color;
			}
		}
		return [255, 255, 255];
	};
	return [...document.querySelectorAll("body *")].filter((element) => {
		const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
		if (!hasText || !element.checkVisibility() || element.closest(".hidden, option, :disabled")) {
			return false;
		}
		const [a, b] = [luminance(rgb(getComputedStyle(element).color)), luminance(background(element))];
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
	}).map((element) => element.outerHTML.slice(0, 160));
})()`

func TestTextHasContrastInLightAndDark(t *testing.T) {
	b := filled(t, 1120)
	b.openLine("#exchanges li:nth-child(1)")
	background := make(map[string]bool)
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		require.NoError(t, err)
		for _, panel := range []string{"traffic", "simulate", "template"} {
			b.eval(`location.hash = "` + panel + `"`)
			b.wait(`!document.getElementById("` + panel + `").hidden`)
			if panel == "template" {
				b.set("#editor", `{"text": "$moContnt"}`)
				b.waitForText("#problems", "moContnt")
			}
			assert.Empty(t, value[[]string](b, faint), "%s, %s", panel, scheme)
		}
		background[value[string](b, `getComputedStyle(document.body).backgroundColor`)] = true
	}
	assert.Len(t, background, 2)
}

// cutOff is a script that returns elements that exceed the window, or whose text exceeds them.
// It omits the editor, which scrolls.
const cutOff = `[...document.querySelectorAll("body *")].filter((element) => {
	if (!element.checkVisibility() || element.closest(".hidden, .editor, select")) {
		return false;
	}
	const box = element.getBoundingClientRect();
	const clipped = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible" && !["INPUT", "TEXTAREA"].includes(element.tagName);
	return box.width > 0 && (box.left < -0.5 || box.right > innerWidth + 0.5 || clipped);
}).map((element) => element.outerHTML.slice(0, 160))`

func TestNothingIsCutOffAt360Pixels(t *testing.T) {
	b := filled(t, 360)
	check := func(panel string) {
		t.Helper()
		assert.LessOrEqual(t, value[int](b, `document.documentElement.scrollWidth`), 360, "%s scrolls sideways", panel)
		assert.Empty(t, value[[]string](b, cutOff), panel)
	}
	check("traffic")
	for _, line := range []string{"1", "2"} {
		b.openLine("#exchanges li:nth-child(" + line + ")")
	}
	check("traffic with details")
	b.eval(`location.hash = "simulate"`)
	b.click("#event [value=RECEIVED_MMS]")
	b.eval(`for (const details of document.querySelectorAll("#simulate details")) details.open = true`)
	b.click("#event .primary")
	b.waitForText("#simulated", "204")
	check("simulate")
	b.eval(`location.hash = "template"`)
	b.eval(`document.querySelector("#template details").open = true`)
	b.set("#editor", `{"text": "$moContnt`+strings.Repeat("x", 80)+`"}`)
	b.waitForText("#problems", "moContnt")
	check("template")
}
