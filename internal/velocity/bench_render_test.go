package velocity_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// costly are parts of templates that are slow relative to their length. $s is a text of
// 32,768 letters, $u a text of as many non-ASCII letters, $l a list and $m a map of 1,000.
var costly = map[string]string{
	"a regexp with many matches":   `#set($x = $s.replaceAll("[ab]", ""))`,
	"a regexp of Unicode":          `#set($x = $u.replaceAll("(?iu)[abcdfhjklm]", ""))`,
	"a regexp with nested classes": `#set($x = $s.replaceAll("` + strings.Repeat("[^", 100) + "b" + strings.Repeat("]", 100) + `", ""))`,
	"a regexp with captures":       `#set($x = $s.replaceAll("(((((a)))))", "$1"))`,
	"a quadratic regexp":           `#set($x = $s.replaceAll("a*b", ""))`,
	"an exponential regexp":        `#set($x = $s.matches("(a+)+b"))`,
	"a regexp with boundaries":     `#set($x = $s.replaceAll("\b", ""))`,
	"a regexp with lookarounds":    `#set($x = $s.replaceAll("(?<=a{0,4000})b", ""))`,
	"a regexp to compile":          `#set($x = $esc.q.matches("(((a|b){20}){20}){3}"))`,
	"split":                        `#set($x = $s.split(""))`,
	"replace":                      `#set($x = $s.replace("a", "b"))`,
	"a long text searched for":     `#set($x = $s.contains($s.substring(16384)))`,
	"upper case":                   `#set($x = $u.toUpperCase())`,
	"substring":                    `#set($x = $u.substring(1, 2))`,
	"hash codes":                   `#set($x = $u.hashCode())`,
	"comparisons":                  `#set($x = $u.compareTo($u))`,
	"escapes":                      `#set($x = $esc.xml($u))`,
	"concatenation":                `#set($x = $s + $s)`,
	"interpolation":                `#set($x = "$s$s")`,
	"lists printed":                `#set($x = $l.toString())`,
	"maps printed":                 `#set($x = "$m")`,
	"maps compared":                `#set($x = $m.equals($m))`,
	"maps copied":                  `#set($n = {})#set($x = $n.putAll($m))`,
	"keys removed":                 `#set($x = $m.remove("k1"))#set($x = $m.put("k1", 1))`,
	"loops over entries":           `#foreach($e in $m.entrySet())$e.key#end`,
	"loops in loops":               `#foreach($i in $l)#foreach($j in $l)#end#end`,
	"ranges":                       `#set($x = [1..100000])`,
	"large numbers":                `#set($x = 99999999999999999999 * 99999999999999999999)`,
	"output":                       `$s`,
}

const costlySetup = `#set($s = "a")#set($u = "é")#set($l = [])#set($m = {})` +
	`#foreach($i in [1..15])#set($s = $s + $s)#set($u = $u + $u)#end` +
	`#foreach($i in [1..1000])#set($x = $l.add($i))#set($x = $m.put("k$i", $i))#end`

// BenchmarkCostly renders templates of 1 to 64 KiB that repeat a costly part, with the
// default limits. The time grows at most linearly, up to the limits.
func BenchmarkCostly(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(costly)) {
		for _, size := range []int{1 << 10, 4 << 10, 16 << 10, 64 << 10} {
			text := costlySetup + strings.Repeat(costly[name], (size-len(costlySetup))/len(costly[name]))
			template := mustParse(b, text)
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				for b.Loop() {
					_, _ = template.Render(b.Context(), nil, velocity.Options{})
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "ms/op")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
