package template_test

import (
	"fmt"
	"strings"
	"testing"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

// costly are templates made to take long to check. Each has a beginning, a part that is
// repeated up to a length, and an end.
var costly = map[string][3]string{
	"escaped values":           {`{"id":"$moId"`, `,"a":"$!esc.json($moContent)"`, `}`},
	"unescaped values":         {`{"id":"$moId"`, `,"a":"$moContent"`, `}`},
	"undocumented names":       {`{"id":"$moId"`, `,"a":"$!aaaaaa"`, `}`},
	"conditions":               {`{"id":"$moId"`, `#if($moContent == "a"),"a":"$!esc.json($moContent)"#end`, `}`},
	"conditions in conditions": {`{"id":"$moId"`, `#if($moContent == "a")#if($mtContent == "b"),"a":"$!esc.json($moContent)"#end#end`, `}`},
	"variables":                {`#set($a = $moContent)`, `#set($a = "$a.trim() $mtContent")`, `{"id":"$moId","a":"$!esc.json($a)"}`},
	"variables that double":    {`#set($a = "x")`, `#set($a = $a + $a)`, `{"id":"$moId"}`},
	"escapes of escapes":       {`#set($a = $moContent)`, `#set($a = $esc.json($a))`, `{"id":"$moId"}`},
	"replacements":             {`{"id":"$moId","a":"$moContent`, `.replaceAll("[ab]", "c")`, `"}`},
	"loops":                    {`{"id":"$moId"`, `#foreach($i in [1..1000])#set($x = $i)#end`, `}`},
	"loops over each other":    {`#set($a = [1..300])`, `#foreach($i in $a)#foreach($j in $a)#set($x = $moContent)#end#end`, `{"id":"$moId"}`},
	"regular expressions":      {`#set($s = "a")#foreach($i in [1..15])#set($s = $s + $s)#end`, `#set($x = $s.replaceAll("[ab]", ""))`, `{"id":"$moId"}`},
	"backtracking":             {`#set($s = "a")#foreach($i in [1..10])#set($s = $s + $s)#end`, `#set($x = $s.matches("(a|a)*b"))`, `{"id":"$moId"}`},
	"hyphens":                  {`{"id":"$moId-`, `a-`, `"}`},
	"strings in strings":       {`{"id":"$moId","a":"$esc.json(`, `"$moContent" + `, `"x")"}`},
	"maps":                     {`#set($m = {})`, `#set($x = $m.put($moContent, $mtContent))`, `{"id":"$moId","a":"$!esc.json($m)"}`},
	"lists":                    {`#set($m = [])`, `#set($x = $m.add($moContent))`, `{"id":"$moId","a":"$!esc.json($m)"}`},
	"JSON in JSON":             {`{"id":"$moId"`, `,"a":"{\"b\":\"$!esc.json($esc.json($moContent))\"}"`, `}`},
	"variables in loops":       {`#foreach($i in [1..9])`, `#set($b = $a)#set($a = "$moContent$b")`, `#end{"id":"$moId"}`},
	"text":                     {`{"id":"$moId","a":"`, `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`, `"}`},
}

func costlyTemplate(name string, bytes int) string {
	parts := costly[name]
	return parts[0] + strings.Repeat(parts[1], max(1, (bytes-len(parts[0])-len(parts[2]))/len(parts[1]))) + parts[2]
}

// BenchmarkCheck checks templates of ordinary size, and growing templates made to take long.
func BenchmarkCheck(b *testing.B) {
	run := func(name, text string) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				template.Check(b.Context(), text, messagemedia.EncodingJSON, nil)
			}
		})
	}
	run("JSONTemplate", messagemedia.JSONTemplate)
	for name := range costly {
		for _, kilobytes := range []int{1, 4, 16, 64} {
			run(fmt.Sprintf("%s/%dKiB", strings.ReplaceAll(name, " ", "_"), kilobytes), costlyTemplate(name, kilobytes<<10))
		}
	}
}
