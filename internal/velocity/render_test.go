package velocity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

func mustParse(tb testing.TB, text string) *velocity.Template {
	tb.Helper()
	template, err := velocity.Parse(text)
	require.NoError(tb, err)
	return template
}

// mapOf returns a map of alternating keys and values.
func mapOf(pairs ...any) *velocity.Map {
	m := velocity.NewMap()
	for i := 0; i < len(pairs); i += 2 {
		value, _ := pairs[i+1].(velocity.Value)
		m.Set(pairs[i].(string), value)
	}
	return m
}

func TestValuesPrintAsInJava(t *testing.T) {
	t.Parallel()
	list := velocity.NewList(velocity.Integer(1), nil, velocity.NewList())
	for want, value := range map[string]velocity.Value{
		"a":                         velocity.String("a"),
		"true":                      velocity.Bool(true),
		"-5":                        velocity.Integer(-5),
		"-9223372036854775808":      velocity.Integer(math.MinInt64),
		"1.0":                       velocity.Float(1),
		"-0.0":                      velocity.Float(math.Copysign(0, -1)),
		"0.001":                     velocity.Float(0.001),
		"9.99E-4":                   velocity.Float(0.000999),
		"9999999.0":                 velocity.Float(9999999),
		"1.0E7":                     velocity.Float(1e7),
		"1.2345678901234567E19":     velocity.Float(12345678901234567890),
		"NaN":                       velocity.Float(math.NaN()),
		"Infinity":                  velocity.Float(math.Inf(1)),
		"-Infinity":                 velocity.Float(math.Inf(-1)),
		"[1, null, []]":             list,
		"{k=[1, null, []], n=null}": mapOf("k", list, "n", nil),
		"k=v":                       velocity.Entry{Key: velocity.String("k"), Value: velocity.String("v")},
		"$x":                        nil,
	} {
		got, err := render(t, "$x", mapOf("x", value))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// TestObjectsWithoutTextPrintTheirClass has objects that Java prints with a varying hash
// code.
func TestObjectsWithoutTextPrintTheirClass(t *testing.T) {
	t.Parallel()
	bean := velocity.NewBeanType("Attachment", "name").New()
	given := mapOf("s", velocity.String("a b"), "list", velocity.NewList(bean), "bean", bean)
	got, err := render(t, "$s.split(' ') $list.iterator() $list $bean $bean.toString() $list.toArray() $esc.json($bean)", given)
	require.NoError(t, err)
	assert.Equal(t, "[Ljava.lang.String;@0 java.util.ArrayList$Itr@0 [Attachment@0] Attachment@0 Attachment@0 [Ljava.lang.String;@0 Attachment@0", got)
}

func TestBeansHaveOnlyProperties(t *testing.T) {
	t.Parallel()
	properties := []string{"contentType", "size"}
	beanType := velocity.NewBeanType("Attachment", properties...)
	bean := beanType.New(velocity.String("image/png"))
	assert.Equal(t, properties, beanType.Properties())
	beanType.Properties()[0] = "changed"
	assert.Equal(t, properties, beanType.Properties())
	assert.Equal(t, velocity.String("image/png"), bean.Get("contentType"))
	assert.Nil(t, bean.Get("size"))
	assert.Nil(t, bean.Get("name"))

	template := mustParse(t, "#set($b.contentType = 'x')#set($b['contentType'] = 'x')$b.contentType $b.getContentType() $b.size $b.get('contentType') $b.put('a', 1) $b.keySet() $b['contentType'] $b.class.name")
	got, err := template.Render(t.Context(), mapOf("b", bean), velocity.Options{})
	require.NoError(t, err)
	assert.Equal(t, "image/png image/png $b.size $b.get('contentType') $b.put('a', 1) $b.keySet() $b['contentType'] Attachment", got)
}

func TestMapsKeepTheOrderOfInsertion(t *testing.T) {
	t.Parallel()
	var m velocity.Map
	assert.Nil(t, m.Get("a"))
	m.Set("b", velocity.Integer(1))
	m.Set("a", velocity.Integer(2))
	m.Set("b", velocity.Integer(3))
	assert.Equal(t, 2, m.Len())
	assert.Equal(t, velocity.Integer(3), m.Get("b"))
	var keys []velocity.Value
	for entry := range m.All() {
		keys = append(keys, entry.Key)
	}
	assert.Equal(t, []velocity.Value{velocity.String("b"), velocity.String("a")}, keys)

	list := velocity.NewList(nil)
	list.Append(velocity.Bool(true))
	assert.Equal(t, 2, list.Len())
	assert.Equal(t, velocity.Bool(true), list.At(1))
}

func TestRenderingDoesNotChangeItsVariables(t *testing.T) {
	t.Parallel()
	inner := velocity.NewList(velocity.Integer(1))
	given := mapOf("list", velocity.NewList(inner), "m", mapOf("inner", inner), "x", velocity.String("old"))
	template := mustParse(t, `#set($x = 'new')$x #set($y = 1)$list[0].add(2) $m.inner.add(3) $m.put('k', 4) $list $m`)
	for range 2 {
		got, err := template.Render(t.Context(), given, velocity.Options{})
		require.NoError(t, err)
		assert.Equal(t, "newtrue true $m.put('k', 4) [[1, 2, 3]] {inner=[1, 2, 3], k=4}", got, "one list, wherever it is")
	}
	assert.Equal(t, velocity.String("old"), given.Get("x"))
	assert.Equal(t, 3, given.Len())
	assert.Equal(t, 1, inner.Len())
}

func TestTemplatesRenderInParallel(t *testing.T) {
	t.Parallel()
	template := mustParse(t, `#foreach($i in $list)$i$foreach.count#set($x = $i)$list.add($x)#break#end "$x" $esc.json($m)`)
	given := mapOf("list", velocity.NewList(velocity.String("a")), "m", mapOf("k", velocity.String(`"`)))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				got, err := template.Render(t.Context(), given, velocity.Options{})
				assert.NoError(t, err)
				assert.Equal(t, `a1true "a" {k=\"}`, got)
			}
		})
	}
	group.Wait()
}

func TestEscapeReceivesOnlyValues(t *testing.T) {
	t.Parallel()
	template := mustParse(t, `https://h/?a=$a&b=$!b&c=$u&d=$!u&e=\$a#set($f = "$a&")&f=$f#if("$a" == 'x&y')&g#end&h=$a.length()`)
	got, err := template.Render(t.Context(), mapOf("a", velocity.String("x&y"), "b", velocity.NewList(velocity.String("é ?"))),
		velocity.Options{Escape: url.QueryEscape})
	require.NoError(t, err)
	assert.Equal(t, `https://h/?a=x%26y&b=%5B%C3%A9+%3F%5D&c=$u&d=&e=$a&f=x%26y%26&g&h=3`, got)
}

func TestEscIsDefinedWithoutVariables(t *testing.T) {
	t.Parallel()
	got, err := render(t, `$esc.json('"')$esc.q$x`, nil)
	require.NoError(t, err)
	assert.Equal(t, `\""$x`, got)
}

// TestEscJSONIsReversedByJSONDecoding escapes every kind of character.
func TestEscJSONIsReversedByJSONDecoding(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for c := rune(0); c <= 0x3000; c++ {
		all.WriteRune(c)
	}
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{all.String(), all.String()},
		{"😀 \u2028 </script> $x #if", "😀 \u2028 </script> $x #if"},
		{"a\xffb\xf0\x9f", "a\ufffdb\ufffd\ufffd"},
		{"\xed\xa0\xbd", "\ufffd\ufffd\ufffd"},
	} {
		encoded, err := render(t, `"$esc.json($x)"`, mapOf("x", velocity.String(c.text)))
		require.NoError(t, err)
		var got string
		require.NoError(t, json.Unmarshal([]byte(encoded), &got), "%q", encoded)
		assert.Equal(t, c.want, got)
	}
	got, err := render(t, `[$esc.json($u)] [$!esc.json($u)] $esc.json("a/'é")`, nil)
	require.NoError(t, err)
	assert.Equal(t, "[$esc.json($u)] [] a/'é", got, "null is null, and what need not be escaped is not")
}

func TestTheContextEndsRendering(t *testing.T) {
	t.Parallel()
	template := mustParse(t, "#foreach($i in [1..1000])#foreach($j in [1..1000])#end$stop.x#end")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := template.Render(ended, nil, velocity.Options{})
	assert.Equal(t, velocity.Interrupted, failureOf(t, err).Kind)
	require.ErrorIs(t, err, context.Canceled)

	_, err = template.Render(endsAfter{t.Context(), new(int)}, nil, velocity.Options{})
	require.ErrorIs(t, err, context.DeadlineExceeded, "in the middle")
}

// endsAfter is a context that ends after a number of calls of Err.
type endsAfter struct {
	context.Context
	looks *int
}

func (c endsAfter) Err() error {
	if *c.looks++; *c.looks > 3 {
		return context.DeadlineExceeded
	}
	return nil
}

// TestTheContextEndsLongMethods ends the context during one call of a method.
func TestTheContextEndsLongMethods(t *testing.T) {
	t.Parallel()
	for _, call := range []string{
		`$a.matches('(x+)+y')`, `$a.replaceAll('x*y', '')`, `$a.split('x{3}')`, `$a.replaceFirst('(?<=x{0,9999})y', '')`,
		`$a.toUpperCase()`, `$a.toLowerCase()`, `$esc.json($a)`, `$esc.html($a)`, `$esc.xml($a)`, `$esc.url($a)`, `$esc.java($a)`, `$esc.sql($a)`,
		`$list.toString()`, `$list.hashCode()`, `$list.equals($other)`, `$list.contains('a')`,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			ended := endsAfter{t.Context(), new(int)}
			long := velocity.String(strings.Repeat("x", 1<<20))
			list, other := velocity.NewList(), velocity.NewList()
			for range 10_000 {
				list.Append(velocity.Integer(1))
				other.Append(velocity.Integer(1))
			}
			_, err := mustParse(t, call).Render(ended, mapOf("a", long, "list", list, "other", other), velocity.Options{})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 4, *ended.looks, "nothing else is done after the context has ended")
		})
	}
}

func TestSubstringsCountUTF16Units(t *testing.T) {
	t.Parallel()
	const text = "a😀é😀"
	given := mapOf("s", velocity.String(text))
	for from := range 7 {
		for to := from; to <= 6; to++ {
			want := string(utf16.Decode(utf16.Encode([]rune(text))[from:to]))
			want = strings.ReplaceAll(want, "\ufffd", "?")
			got, err := render(t, fmt.Sprintf("$s.substring(%d, %d)", from, to), given)
			require.NoError(t, err)
			assert.Equal(t, want, got, "%d to %d", from, to)
		}
	}
}

func TestErrorsOfMethodsNameTheMethod(t *testing.T) {
	t.Parallel()
	_, err := render(t, "\n  $x.trim().substring(9)", mapOf("x", velocity.String("abc")))
	failed := failureOf(t, err)
	assert.Equal(t, velocity.Method, failed.Kind)
	assert.Equal(t, "substring", failed.Name)
	assert.Equal(t, velocity.Position{Offset: 13, Line: 2, Column: 13}, failed.Position)
	assert.Contains(t, failed.Message, "of a string of 3")

	_, err = render(t, "a$x[5]", mapOf("x", velocity.NewList()))
	failed = failureOf(t, err)
	assert.Equal(t, velocity.Render, failed.Kind)
	assert.Equal(t, velocity.Position{Offset: 3, Line: 1, Column: 4}, failed.Position)
}

func TestErrorKindsOfRegularExpressions(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]velocity.ErrorKind{
		"\\X":                       velocity.Unsupported,
		"(":                         velocity.Method,
		"((((a|b){9}){9}){9}){9}":   velocity.Limit,
		strings.Repeat("a", 1001):   velocity.Limit,
		"(a|b)*":                    0,
		"(?=a)a(?<!b)(?:.*+|b)\\R?": 0,
	} {
		_, err := mustParse(t, "$x.matches($e)").Render(t.Context(), mapOf("x", velocity.String("a"), "e", velocity.String(expression)), velocity.Options{})
		if want == 0 {
			require.NoError(t, err, expression)
			continue
		}
		assert.Equal(t, want, failureOf(t, err).Kind, expression)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	const doubling = `#set($a = 'ab')#foreach($i in [1..100])#set($a = %s)#end`
	const long = `#set($a = $s.repeat(100000))#set($m = {$a: 1})#set($k = {$a: 1})#foreach($i in [1..1000])%s#end`
	nested := "#set($a = [])#foreach($i in [1..99])#set($b = [])#set($ignored = $b.add($a))#set($a = $b)#end"
	for _, c := range []struct {
		name, template string
		limits         velocity.Limits
		message        string
	}{
		{"steps", strings.Repeat("#foreach($i in [1..1000])", 3) + strings.Repeat("#end", 3), velocity.Limits{}, "more than 1000000 steps"},
		{"few steps", "$a$a$a$a$a$a", velocity.Limits{Steps: 5}, "more than 5 steps"},
		{"output", "#foreach($i in [1..100])0123456789#end", velocity.Limits{OutputBytes: 999}, "more than 999 bytes of output"},
		{"doubling by a string", fmt.Sprintf(doubling, `"$a$a"`), velocity.Limits{ValueBytes: 1000}, "a value of more than 1000 bytes"},
		{"doubling by an operator", fmt.Sprintf(doubling, `$a + $a`), velocity.Limits{ValueBytes: 1000}, "a value of more than 1000 bytes"},
		{"doubling by concat", fmt.Sprintf(doubling, `$a.concat($a)`), velocity.Limits{ValueBytes: 1000}, "a value of more than 1000 bytes"},
		{"doubling by replace", fmt.Sprintf(doubling, `$a.replace('a', $a)`), velocity.Limits{ValueBytes: 1000}, "a value of more than 1000 bytes"},
		{"doubling by replaceAll", fmt.Sprintf(doubling, `$a.replaceAll('a', $a)`), velocity.Limits{ValueBytes: 1000}, "a value of more than 1000 bytes"},
		{"doubling by repeat", fmt.Sprintf(doubling, `$a.repeat(2)`), velocity.Limits{ValueBytes: 1000}, "a value of more than 1000 bytes"},
		{"repeating often", `$s.repeat(2147483647)`, velocity.Limits{}, "a value of more than"},
		{"escaping", `#set($a = '""""""""""')$esc.html($a.repeat(10))`, velocity.Limits{ValueBytes: 500}, "a value of more than 500 bytes"},
		{"printing a list", `#set($a = [1..300])$a.toString()`, velocity.Limits{ValueBytes: 1000}, "a value of more than 1000 bytes"},
		{"doubling with the defaults", fmt.Sprintf(doubling, `"$a$a"`), velocity.Limits{}, "a value of more than 10485760 bytes"},
		{"a list of lists, printed", `#set($a = ['a'])#foreach($i in [1..60])#set($a = [$a, $a])#end$a`, velocity.Limits{}, "more than"},
		{"a list of lists, compared", `#set($a = ['a'])#set($b = ['a'])#foreach($i in [1..60])#set($a = [$a, $a])#set($b = [$b, $b])#end#if($a == $b)#end`, velocity.Limits{}, "more than 1000000 steps"},
		{"a list of lists, hashed", `#set($a = ['a'])#foreach($i in [1..60])#set($a = [$a, $a])#end$a.hashCode()`, velocity.Limits{}, "more than 1000000 steps"},
		{"a list that doubles", `#set($a = [1])#foreach($i in [1..60])#set($ignored = $a.addAll($a))#end`, velocity.Limits{}, "more than 1000000 steps"},
		{"printing in depth", nested + "$a", velocity.Limits{Depth: 50}, "nested deeper than 50 levels"},
		{"comparing in depth", nested + "#if($a == [[[1]]] || $a.equals($a))#end#if($a.hashCode() == 1)#end", velocity.Limits{Depth: 50}, "nested deeper than 50 levels"},
		{"a list in itself", `#set($a = [])#set($b = [$a])#set($ignored = $a.add($b))$a`, velocity.Limits{}, "nested deeper than 100 levels"},
		{"range", "#foreach($i in [1..11])#end", velocity.Limits{RangeLength: 10}, "a range of 11 numbers, at most 10 are allowed"},
		{"long range", "#foreach($i in [-2147483648..2147483647])#end", velocity.Limits{}, "a range of 4294967296 numbers, at most 100000 are allowed"},
		{"large numbers", "#set($a = 9999999999)#foreach($i in [1..100])#set($a = $a * $a)#end", velocity.Limits{}, "a number of more than 1000 bytes"},
		{"long arguments, often", fmt.Sprintf(long, `#set($b = $s.startsWith($a))`), velocity.Limits{}, "more than 1000000 steps"},
		{"long keys, often", fmt.Sprintf(long, `#set($b = $m[$a])`), velocity.Limits{}, "more than 1000000 steps"},
		{"long texts compared, often", fmt.Sprintf(long, `#set($b = $a == $a)`), velocity.Limits{}, "more than 1000000 steps"},
		{"long texts searched, often", fmt.Sprintf(long, `#set($b = $a.contains('b'))`), velocity.Limits{}, "more than 1000000 steps"},
		{"long lists gone through, often", `#set($l = [1..100000])#foreach($i in [1..1000])#foreach($j in $l)#break#end#end`, velocity.Limits{}, "more than 1000000 steps"},
		{"long keys copied, often", fmt.Sprintf(long, `#set($n = {})#set($b = $n.putAll({$a: 1}))`), velocity.Limits{}, "more than 1000000 steps"},
		{"long keys compared, often", fmt.Sprintf(long, `#if($k == $m)#end`), velocity.Limits{}, "more than 1000000 steps"},
		{"long keys moved, often", fmt.Sprintf(long, `#set($k['b'] = 1)#set($b = $k.remove('b'))`), velocity.Limits{}, "more than 1000000 steps"},
		{"entries as keys", `#set($e = {'a': 1})` + strings.Repeat(`#foreach($i in [1..1000])#foreach($x in $e.entrySet())#set($e = {'a': $x})#end#end`, 2) + `#foreach($x in $e.entrySet())#set($m = {$x: 1})#end`, velocity.Limits{}, "nested deeper than 100 levels"},
		{"long texts as searched for, often", `#set($a = $s.repeat(100000))#foreach($i in [1..20])#set($b = $a.contains($a.substring(50000)))#end`, velocity.Limits{}, "more than 1000000 steps"},
		{"long names, often", `#foreach($i in [1..100000])$!s.` + strings.Repeat("a", 1000) + `#end`, velocity.Limits{}, "more than 1000000 steps"},
		{"escaping grows a text", `#set($a = 'é')$esc.html($a.repeat(1000))`, velocity.Limits{ValueBytes: 5000}, "a value of more than 5000 bytes"},
		{"long pattern", `#set($a = 'a')$s.matches($a.repeat(2000))`, velocity.Limits{}, "a regular expression of more than 1000 bytes"},
		{"large pattern", `#set($a = 'a')#set($b = $a.repeat(100000))$b.matches('((((a|b){30}){30}){30})*')`, velocity.Limits{}, "the quantifiers make it too large"},
		{"many ways to match", `#set($a = 'a')#set($b = $a.repeat(100000))$b.matches('(a|b)*')`, velocity.Limits{}, "too many ways to match"},
		{"exponential pattern", `#set($a = 'a')#set($b = $a.repeat(50))$b.matches('(a+)+b')`, velocity.Limits{}, "more than 1000000 steps"},
		{"quadratic pattern", `#set($a = 'a')#set($b = $a.repeat(50000))$b.replaceAll('a*b', '')`, velocity.Limits{}, "more than 1000000 steps"},
		{"a pattern, often", fmt.Sprintf(long, `#set($b = $a.replaceAll('[ab]', ''))`), velocity.Limits{}, "more than 1000000 steps"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := mustParse(t, c.template).Render(t.Context(), mapOf("s", velocity.String("s")), velocity.Options{Limits: c.limits})
			failed := failureOf(t, err)
			assert.Equal(t, velocity.Limit, failed.Kind)
			assert.Contains(t, failed.Message, c.message)
			assert.NotZero(t, failed.Line)
		})
	}
}

func TestTemplatesWithinTheLimitsRender(t *testing.T) {
	t.Parallel()
	for template, limits := range map[string]velocity.Limits{
		"$u$u$u":              {Steps: 7},
		"0123456789":          {OutputBytes: 10},
		`#set($a = "$s$s")$a`: {ValueBytes: 3},
		"$list.toString()":    {Depth: 1},
		"#foreach($i in [1..10])#end#foreach($i in [10..1])#end": {RangeLength: 10},
	} {
		given := mapOf("s", velocity.String("s"), "list", velocity.NewList(velocity.Integer(1)))
		_, err := mustParse(t, template).Render(t.Context(), given, velocity.Options{Limits: limits})
		require.NoError(t, err, template)
	}
}

func TestObserveReceivesInsertedTexts(t *testing.T) {
	t.Parallel()
	template := mustParse(t, `$a $u $!u #set($b = "$a$v")$b#if($w)#end`)
	var seen []string
	_, err := template.Render(t.Context(), mapOf("a", velocity.String("1&")), velocity.Options{
		Escape: url.QueryEscape,
		Observe: func(reference *velocity.Reference, inserted string, defined bool) {
			seen = append(seen, fmt.Sprint(reference.Source, " ", inserted, " ", defined))
		},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"$a 1%26 true", "$u  false", "$!u  false", "$v  false", "$b 1%26%24v true"}, seen)
}
