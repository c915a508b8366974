package velocity_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// failureOf returns the *velocity.Error of err, and fails the test if there is none.
func failureOf(tb testing.TB, err error) *velocity.Error {
	tb.Helper()
	failed, ok := errors.AsType[*velocity.Error](err)
	require.True(tb, ok, "%v", err)
	return failed
}

func TestErrorsHaveAPositionAndAMessage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		template string
		at       velocity.Position
		message  string
	}{
		{"a\n #end", velocity.Position{Offset: 3, Line: 2, Column: 2}, "#end without a #if or #foreach"},
		{"#else", velocity.Position{Line: 1, Column: 1}, "#else without a #if"},
		{"é😀\r\né#if($x = 1)", velocity.Position{Offset: 17, Line: 2, Column: 9}, `"=" where ) is expected`},
		{"#if($x)\na", velocity.Position{Offset: 9, Line: 2, Column: 2}, "the text ends where the #end of #if is expected"},
		{"#foreach($i in $x)", velocity.Position{Offset: 18, Line: 1, Column: 19}, "the #end of #foreach"},
		{"#foreach($i)#end", velocity.Position{Line: 1, Column: 1}, "#foreach needs a variable"},
		{"#set('a' = 1)", velocity.Position{Offset: 5, Line: 1, Column: 6}, "where the reference to set is expected"},
		{"#set($a = )", velocity.Position{Offset: 10, Line: 1, Column: 11}, "where a value is expected"},
		{"#set($a = ~)", velocity.Position{Offset: 10, Line: 1, Column: 11}, `'~' is not expected here`},
		{`#set($a = "b)`, velocity.Position{Offset: 10, Line: 1, Column: 11}, "unterminated string"},
		{"${x b", velocity.Position{Offset: 3, Line: 1, Column: 4}, "where } is expected"},
		{"$x[", velocity.Position{Offset: 3, Line: 1, Column: 4}, "the text ends"},
		{"costs 5 $", velocity.Position{Offset: 9, Line: 1, Column: 10}, `unexpected end after "$"`},
		{"#break(x)", velocity.Position{Offset: 7, Line: 1, Column: 8}, "missing a $ or quotes"},
		{`#set($a = "é $x[")`, velocity.Position{Offset: 17, Line: 1, Column: 17}, "is expected"},
		{`#set($a = "é ""$x.a(""b $y["")""")`, velocity.Position{Offset: 28, Line: 1, Column: 28}, "is expected"},
	} {
		t.Run(c.template, func(t *testing.T) {
			t.Parallel()
			_, err := velocity.Parse(c.template)
			failed := failureOf(t, err)
			assert.Equal(t, velocity.Syntax, failed.Kind)
			assert.Equal(t, c.at, failed.Position)
			assert.Contains(t, failed.Message, c.message)
			assert.Contains(t, err.Error(), fmt.Sprintf("line %d, column %d", c.at.Line, c.at.Column))
		})
	}
}

func TestUnsupportedDirectivesAreNamed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"macro", "define", "evaluate", "include", "parse"} {
		for _, form := range []string{"a\n#%s($x)#end", "a\n#{%s}($x)", "a\n#%s", "a\n#%s(x y)"} {
			_, err := velocity.Parse(fmt.Sprintf(form, name))
			failed := failureOf(t, err)
			assert.Equal(t, velocity.Unsupported, failed.Kind)
			assert.Equal(t, name, failed.Name)
			assert.Equal(t, velocity.Position{Offset: 2, Line: 2, Column: 1}, failed.Position)
			assert.Contains(t, failed.Message, "#"+name+" is not supported")
		}
		output, err := render(t, `\#`+name+" #"+name+"s", nil)
		require.NoError(t, err, "escaped, or part of a longer word")
		assert.Equal(t, "#"+name+" #"+name+"s", output)
	}
}

// tree returns a short description of nodes with their positions.
func tree(nodes func(visit func(velocity.Node) bool)) []string {
	var lines []string
	nodes(func(node velocity.Node) bool {
		line := strings.TrimPrefix(fmt.Sprintf("%T", node), "*velocity.")
		switch n := node.(type) {
		case *velocity.Text:
			line += fmt.Sprintf(" %q", n.Text)
		case *velocity.Reference:
			line += fmt.Sprintf(" %s quiet=%t formal=%t escaped=%t %s", n.Name, n.Quiet, n.Formal, n.Escaped, n.Source)
		case *velocity.Property:
			line += " " + n.Name
		case *velocity.Call:
			line += " " + n.Name
		case *velocity.Foreach:
			line += " " + n.Variable
		case *velocity.Unknown:
			line += " " + n.Name + " " + n.Source
		case *velocity.StringLiteral:
			line += fmt.Sprintf(" %q interpolated=%t", n.Text, n.Interpolated)
		case *velocity.NumberLiteral:
			line += fmt.Sprint(" ", n.Value)
		case *velocity.BoolLiteral:
			line += fmt.Sprint(" ", n.Value)
		}
		at := node.Pos()
		lines = append(lines, fmt.Sprintf("%d:%d %s", at.Line, at.Column, line))
		return true
	})
	return lines
}

func TestTheTreeContainsTheWholeTemplate(t *testing.T) {
	t.Parallel()
	template, err := velocity.Parse("a$!{x.y[0].z(1.5, \"b$c\")}\n" +
		"#if($d == 'e' && !true)f#elseif([1, 2])#{else}## g\n#end\n" +
		" #foreach($h in [1..$i])#break#stop#end#foo($j)\\\\\\$k#set($l.m = {'n': $o})")
	require.NoError(t, err)
	assert.Equal(t, []string{
		`1:1 Text "a"`,
		`1:2 Reference x quiet=true formal=true escaped=false $!{x.y[0].z(1.5, "b$c")}`,
		`1:7 Property y`,
		`1:8 Index`,
		`1:9 NumberLiteral 0`,
		`1:12 Call z`,
		`1:14 NumberLiteral 1.5`,
		`1:19 StringLiteral "b$c" interpolated=true`,
		`1:20 Text "b"`,
		`1:21 Reference c quiet=false formal=false escaped=false $c`,
		`1:23 Text " "`,
		`1:26 Text "\n"`,
		`2:1 If`,
		`2:15 Operation`,
		`2:8 Operation`,
		`2:5 Reference d quiet=false formal=false escaped=false $d`,
		`2:11 StringLiteral "e" interpolated=false`,
		`2:18 Operation`,
		`2:19 BoolLiteral true`,
		`2:24 Text "f"`,
		`2:33 ListLiteral`,
		`2:34 NumberLiteral 1`,
		`2:37 NumberLiteral 2`,
		`2:47 Comment`,
		`4:1 Text " "`,
		`4:2 Foreach h`,
		`4:17 RangeLiteral`,
		`4:18 NumberLiteral 1`,
		`4:21 Reference i quiet=false formal=false escaped=false $i`,
		`4:25 Break`,
		`4:31 Stop`,
		`4:40 Unknown foo #foo($j)`,
		`4:51 Reference k quiet=false formal=false escaped=true $k`,
		`4:53 Set`,
		`4:58 Reference l quiet=false formal=false escaped=false $l.m`,
		`4:61 Property m`,
		`4:65 MapLiteral`,
		`4:66 StringLiteral "n" interpolated=false`,
		`4:71 Reference o quiet=false formal=false escaped=false $o`,
	}, tree(template.Walk))
}

func TestWalkSkipsDescendantsIfVisitReturnsFalse(t *testing.T) {
	t.Parallel()
	template, err := velocity.Parse("#if($a)$b#end$c.d($e)")
	require.NoError(t, err)
	var names []string
	template.Walk(func(node velocity.Node) bool {
		_, condition := node.(*velocity.If)
		if reference, ok := node.(*velocity.Reference); ok {
			names = append(names, reference.Name)
		}
		return !condition
	})
	assert.Equal(t, []string{"c", "e"}, names)
	velocity.Walk(nil, func(velocity.Node) bool { panic("there is no node") })
}

func TestNestingIsLimited(t *testing.T) {
	t.Parallel()
	for name, template := range map[string]func(n int) string{
		"blocks":      func(n int) string { return strings.Repeat("#if($x)", n) + strings.Repeat("#end", n) },
		"loops":       func(n int) string { return strings.Repeat("#foreach($i in $x)", n) + strings.Repeat("#end", n) },
		"parentheses": func(n int) string { return "#if(" + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) + ")#end" },
		"negations":   func(n int) string { return "#if(" + strings.Repeat("!", n) + "1)#end" },
		"lists":       func(n int) string { return "#set($a = " + strings.Repeat("[", n) + strings.Repeat("]", n) + ")" },
		"arguments":   func(n int) string { return strings.Repeat("$x.a(", n) + "1" + strings.Repeat(")", n) },
		"indexes":     func(n int) string { return strings.Repeat("$x[", n) + "1" + strings.Repeat("]", n) },
		"operators":   func(n int) string { return "#if(1" + strings.Repeat("+1", n) + ")#end" },
		"branches of blocks": func(n int) string {
			return strings.Repeat("#if($x)#else", n) + strings.Repeat("#end", n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := render(t, template(100), nil)
			require.NoError(t, err, "no sensible template is rejected")
			_, err = velocity.Parse(template(100_000))
			assert.Equal(t, velocity.Limit, failureOf(t, err).Kind)
		})
	}
}

// nestedString returns a template with strings that are nested with escapes. Unlike quotes,
// escapes do not double at each level.
func nestedString(levels int) string {
	text := "x"
	for level := levels; level > 0; level-- {
		quote := `"`
		if level > 1 {
			quote = `\u005c` + strings.Repeat("u005c", max(0, level-3)) + "u0022"
			if level == 2 {
				quote = `\u0022`
			}
		}
		text = "$x.a(" + quote + text + quote + ")"
	}
	return text
}

func TestNestingOfStringsIsLimited(t *testing.T) {
	t.Parallel()
	_, err := velocity.Parse(nestedString(10))
	require.NoError(t, err)
	_, err = velocity.Parse(nestedString(12))
	failed := failureOf(t, err)
	assert.Equal(t, velocity.Limit, failed.Kind)
	assert.Contains(t, failed.Message, "strings nested deeper")
}

func TestLongTemplatesAreRejected(t *testing.T) {
	t.Parallel()
	_, err := velocity.Parse(strings.Repeat("a", 1<<20))
	require.NoError(t, err)
	_, err = velocity.Parse(strings.Repeat("a", 1<<20+1))
	assert.Equal(t, velocity.Limit, failureOf(t, err).Kind)
}

func TestLongNumbersAreRejected(t *testing.T) {
	t.Parallel()
	_, err := velocity.Parse("#set($a = " + strings.Repeat("1", 1000) + ")")
	require.NoError(t, err)
	for _, number := range []string{strings.Repeat("1", 1001), strings.Repeat("1", 1000) + ".0"} {
		_, err = velocity.Parse("#set($a = " + number + ")")
		assert.Equal(t, velocity.Limit, failureOf(t, err).Kind)
	}
}

// TestHostileTemplatesTakeLinearTime would take hours if parsing or rendering were
// quadratic, so the timeout of the tests would end it.
func TestHostileTemplatesTakeLinearTime(t *testing.T) {
	t.Parallel()
	for name, template := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _ = render(t, template(512<<10), nil)
		})
	}
}
