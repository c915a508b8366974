package velocity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// delivery is the content of a delivery report with some metadata.
var delivery = map[string]string{
	"format": "SMS", "mtId": "877c19ef-fa2e-4cec-827a-e1df9b5509f7", "messageId": "877c19ef-fa2e-4cec-827a-e1df9b5509f7",
	"accountId": "DeveloperPortal7000", "vendorId": "MessageMedia", "submittedTimestamp": "2016-12-07T08:43:00.850Z",
	"receivedTimestamp": "2016-12-07T08:44:00.850Z", "sourceAddress": "+61491570156", "mtContent": `He said "hi" 😀`,
	"drId": "01e1fa0a-6e27-4945-9cdb-18644b4de043", "status": "delivered", "statusCode": "220",
}

var fields = []string{
	"format", "mtId", "messageId", "accountId", "vendorId", "submittedTimestamp", "receivedTimestamp", "sourceAddress",
	"mtContent", "drId", "status", "statusCode", "moId", "replyId", "moContent", "notificationId", "destinationAddress",
	"format", "mtId", "messageId", "accountId", "vendorId", "drId", "status", "statusCode",
}

// BenchmarkRender renders 25 references and a loop, beside text/template doing the same work.
func BenchmarkRender(b *testing.B) {
	var vm, text strings.Builder
	for _, field := range fields {
		fmt.Fprintf(&vm, `"%[1]s":"$!esc.json($%[1]s)",`, field)
		fmt.Fprintf(&text, `"%[1]s":"{{with .%[1]s}}{{json .}}{{end}}",`, field)
	}
	vm.WriteString(`"metadata":{#foreach($e in $metadata.entrySet())"$esc.json($e.key)":"$esc.json($e.value)"#if($foreach.hasNext),#end#end}`)
	text.WriteString(`"metadata":{{"{"}}{{range $i, $e := .metadata}}{{if $i}},{{end}}"{{json $e.Key}}":"{{json $e.Value}}"{{end}}{{"}"}}`)

	type entry struct{ Key, Value string }
	metadata := velocity.NewMap()
	variables, data := velocity.NewMap(), map[string]any{}
	for key, value := range delivery {
		variables.Set(key, velocity.String(value))
		data[key] = value
	}
	var entries []entry
	for i := range 3 {
		e := entry{fmt.Sprintf("key%d", i), fmt.Sprintf("value %d", i)}
		metadata.Set(e.Key, velocity.String(e.Value))
		entries = append(entries, e)
	}
	variables.Set("metadata", metadata)
	data["metadata"] = entries

	parsed, err := velocity.Parse(vm.String())
	require.NoError(b, err)
	other, err := texttemplate.New("").Funcs(texttemplate.FuncMap{"json": jsonEscape}).Parse(text.String())
	require.NoError(b, err)
	var want strings.Builder
	require.NoError(b, other.Execute(&want, data))
	got, err := parsed.Render(b.Context(), variables, velocity.Options{})
	require.NoError(b, err)
	require.JSONEq(b, "{"+want.String()+"}", "{"+got+"}")

	b.Run("velocity", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parsed.Render(b.Context(), variables, velocity.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("text template", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var output strings.Builder
			if err := other.Execute(&output, data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// jsonEscape is the text of a JSON string, as encoding/json has it.
func jsonEscape(s string) (string, error) {
	encoded, err := json.Marshal(s)
	return string(encoded[1 : len(encoded)-1]), err
}

// hostile are templates that grow without an end in their size.
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

// BenchmarkHostile parses and renders hostile templates that grow: the time for a
// byte must not.
func BenchmarkHostile(b *testing.B) {
	for name, template := range hostile {
		for _, size := range []int{4 << 10, 32 << 10, 256 << 10} {
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
