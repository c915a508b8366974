package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// report returns the table in Markdown, to be pasted into an issue.
func (p *probe) report() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Probe of %s, %s\n", p.apiName(), time.Now().UTC().Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(&text, "webhooks-go-sdk %s, %s, %s\n\n", sdkVersion(), runtime.Version(), runtime.GOOS)
	rows := [][4]string{{"", "check", "assumed", "observed"}}
	for _, r := range p.rows {
		rows = append(rows, [4]string{string(r.verdict), r.check, r.assumed, p.redact(r.observed)})
	}
	writeTable(&text, rows)
	fmt.Fprintf(&text, "\nHolds: %d, differs: %d, noted: %d, not observed: %d.\n",
		p.count(holds), p.count(differs), p.count(noted), p.count(unknown))
	return text.String()
}

func (p *probe) apiName() string {
	if p.api.memory != nil {
		return "the in-memory platform"
	}
	return p.redact(p.api.baseURL)
}

func sdkVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown version)"
	}
	return info.Main.Version
}

// writeTable pads the cells of all columns except the last, which can be long.
func writeTable(text *strings.Builder, rows [][4]string) {
	var widths [3]int
	for _, cells := range rows {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]))
		}
	}
	line := func(cells [4]string) {
		for i, width := range widths {
			fmt.Fprintf(text, "| %-*s ", width, cells[i])
		}
		fmt.Fprintf(text, "| %s |\n", cells[3])
	}
	line(rows[0])
	line([4]string{strings.Repeat("-", widths[0]), strings.Repeat("-", widths[1]), strings.Repeat("-", widths[2]), "--------"})
	for _, cells := range rows[1:] {
		cells[3] = cell(cells[3])
		line(cells)
	}
}

// cell escapes text from the API for one line of the table.
func cell(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.ReplaceAll(text, "|", `\|`)
}

// redact replaces the credentials, the sub-account's ID and the probe's public URL.
func (p *probe) redact(text string) string {
	var pairs []string
	hide := func(secret, name string) {
		if secret != "" {
			pairs = append(pairs, secret, name)
		}
	}
	hide(base64.StdEncoding.EncodeToString([]byte(p.api.key+":"+p.api.secret)), "[credentials]")
	hide(p.api.secret, "[secret]")
	hide(p.api.key, "[key]")
	hide(p.account, "[account]")
	hide(p.publicURL, "[url]")
	if public, err := url.Parse(p.publicURL); err == nil {
		hide(public.Host, "[host]")
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
