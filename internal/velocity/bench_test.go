package velocity_test

import (
	"fmt"
	"strings"
	"testing"
)

// hostile are adversarial templates of any size.
var hostile = map[string]func(n int) string{
	"text":                      func(n int) string { return strings.Repeat("a", n) },
	"backslashes":               func(n int) string { return strings.Repeat(`\`, n) },
	"backslashes and dollars":   func(n int) string { return strings.Repeat(`$\`, n/2) },
	"dollars":                   func(n int) string { return strings.Repeat("$", n) + " " },
	"hashes":                    func(n int) string { return strings.Repeat("# ", n/2) },
	"references":                func(n int) string { return strings.Repeat("$x", n/2) },
	"properties":                func(n int) string { return "$x" + strings.Repeat(".a", n/2) },
	"references after dots":     func(n int) string { return strings.Repeat("$x.a", n/4) },
	"dots, then blanks":         func(n int) string { return strings.Repeat("$x.a", n/8) + strings.Repeat(" ", n/2) },
	"dots, then backslashes":    func(n int) string { return strings.Repeat("$x.a", n/8) + strings.Repeat(`\`, n/2) },
	"unclosed braces":           func(n int) string { return strings.Repeat("${ ", n/3) },
	"unclosed words":            func(n int) string { return strings.Repeat("#{a", n/3) + " " },
	"unclosed strings":          func(n int) string { return strings.Repeat(`$x.a("`, n/6) },
	"unclosed calls":            func(n int) string { return strings.Repeat(`$x.a(`, n/5) },
	"unclosed indexes":          func(n int) string { return strings.Repeat(`$x[`, n/3) },
	"unclosed comments":         func(n int) string { return strings.Repeat(`#* `, n/3) },
	"unclosed blocks":           func(n int) string { return strings.Repeat(`#if($x)`, n/7) },
	"unclosed lists":            func(n int) string { return "#set($a = " + strings.Repeat(`[`, n) },
	"unclosed maps":             func(n int) string { return "#set($a = " + strings.Repeat(`{"a":`, n/5) },
	"parentheses":               func(n int) string { return "#if(" + strings.Repeat(`(`, n) },
	"negations":                 func(n int) string { return "#if(" + strings.Repeat(`!`, n) },
	"operators":                 func(n int) string { return "#if(1" + strings.Repeat(`+1`, n/2) + ")#end" },
	"nested strings":            func(n int) string { return "#set($a = " + strings.Repeat(`"$x.a(`, n/6) },
	"strings nested by escapes": func(n int) string { return strings.Repeat(nestedString(10), n/len(nestedString(10))) },
	"quotes":                    func(n int) string { return "#set($a = " + strings.Repeat(`"`, n) + ")" },
	"branches":                  func(n int) string { return "#if($x)" + strings.Repeat("#elseif($x)", n/11) + "#end" },
	"blanks after #set":         func(n int) string { return strings.Repeat("#set ", n/5) },
	"directives, then blanks":   func(n int) string { return strings.Repeat("#a", n/4) + strings.Repeat(" ", n/2) },
	"blocks side by side":       func(n int) string { return strings.Repeat("#if($x)a#end", n/12) },
	"sets":                      func(n int) string { return strings.Repeat("#set($a=1)", n/10) },
	"names":                     func(n int) string { return manyNames(n) },
	"arguments":                 func(n int) string { return "$x.a(1" + strings.Repeat(",1", n/2) + ")" },
	"literal blocks":            func(n int) string { return strings.Repeat("#literal()", n/10) },
	"digits":                    func(n int) string { return "#set($a = " + strings.Repeat("1", n) + ")" },
	"unknown directives":        func(n int) string { return strings.Repeat("#a()", n/4) },
	"unknown nested directives": func(n int) string { return strings.Repeat("#@a()", n/5) },
}

func manyNames(n int) string {
	var s strings.Builder
	for i := 0; s.Len() < n; i++ {
		fmt.Fprintf(&s, "$a%d ", i)
	}
	return s.String()
}

// BenchmarkHostile parses and renders hostile templates of growing sizes. The time per byte
// must not grow.
func BenchmarkHostile(b *testing.B) {
	for name, template := range hostile {
		for _, size := range []int{1 << 10, 8 << 10, 64 << 10, 512 << 10} {
			text := template(size)
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				for b.Loop() {
					_, _ = render(b, text, nil)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(text)), "ns/byte")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
