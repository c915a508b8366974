package velocity_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// testCase is a template with the recorded result of the real Velocity 1.7.
type testCase struct {
	ID       string          `json:"id"`
	Tags     []string        `json:"tags"`
	Template string          `json:"template"`
	Context  json.RawMessage `json:"context"`
	Expected struct {
		Output *string `json:"output"`
		Error  string  `json:"error"`
	} `json:"expected"`
}

// readCases reads the cases of a file, one JSON object per line.
func readCases(tb testing.TB, file string) []testCase {
	tb.Helper()
	f, err := os.Open(file)
	require.NoError(tb, err)
	defer f.Close()
	var cases []testCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c testCase
		require.NoError(tb, json.Unmarshal(lines.Bytes(), &c))
		cases = append(cases, c)
	}
	require.NoError(tb, lines.Err())
	require.NotEmpty(tb, cases)
	return cases
}

// variables reads JSON as values, with the keys of objects in order.
func variables(tb testing.TB, text []byte) *velocity.Map {
	tb.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := readValue(decoder)
	require.NoError(tb, err)
	return value.(*velocity.Map)
}

func readValue(decoder *json.Decoder) (velocity.Value, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case string:
		return velocity.String(t), nil
	case bool:
		return velocity.Bool(t), nil
	case json.Number:
		if whole, err := t.Int64(); err == nil {
			return velocity.Integer(whole), nil
		}
		float, err := t.Float64()
		return velocity.Float(float), err
	case json.Delim:
		if t == '[' {
			return readList(decoder)
		}
		return readMap(decoder)
	case nil:
		return nil, nil
	}
	return nil, fmt.Errorf("%v is no value", token)
}

func readList(decoder *json.Decoder) (velocity.Value, error) {
	list := velocity.NewList()
	for decoder.More() {
		item, err := readValue(decoder)
		if err != nil {
			return nil, err
		}
		list.Append(item)
	}
	_, err := decoder.Token()
	return list, err
}

func readMap(decoder *json.Decoder) (velocity.Value, error) {
	m := velocity.NewMap()
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := readValue(decoder)
		if err != nil {
			return nil, err
		}
		if key == "attachments" {
			value = attachments(value.(*velocity.List))
		}
		m.Set(key.(string), value)
	}
	_, err := decoder.Token()
	return m, err
}

var attachmentType = velocity.NewBeanType("Attachment", "contentType", "base64", "originalName")

// attachments converts the maps of a list to objects.
func attachments(maps *velocity.List) *velocity.List {
	list := velocity.NewList()
	for i := range maps.Len() {
		var values []velocity.Value
		for _, property := range attachmentType.Properties() {
			values = append(values, maps.At(i).(*velocity.Map).Get(property))
		}
		list.Append(attachmentType.New(values...))
	}
	return list
}

// unsupported are the directives that this package does not support.
var unsupported = []string{"#macro", "#define", "#evaluate", "#include", "#parse"}

func TestCasesRenderAsInVelocity(t *testing.T) {
	t.Parallel()
	for _, c := range readCases(t, "testdata/cases.jsonl") {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

// TestFurtherCasesRenderAsInVelocity covers irregularities of the language and of its
// objects, which the first file lacks. The cases were recorded from Apache Velocity 1.7 and
// its tools 2.0 with Java 17, with one context for all. If Velocity fails when it begins to
// render, such as for a string that is an invalid template, Parse fails.
func TestFurtherCasesRenderAsInVelocity(t *testing.T) {
	t.Parallel()
	context, err := os.ReadFile("testdata/further_context.json")
	require.NoError(t, err)
	for _, file := range []string{"testdata/further.jsonl", "testdata/objects.jsonl"} {
		for _, c := range readCases(t, file) {
			t.Run(c.ID, func(t *testing.T) {
				t.Parallel()
				c.Context = context
				c.check(t)
			})
		}
	}
}

// check compares the result of a template with the recorded one.
func (c testCase) check(t *testing.T) {
	t.Helper()
	output, err := render(t, c.Template, variables(t, c.Context))
	failed, _ := errors.AsType[*velocity.Error](err)
	switch {
	case slices.ContainsFunc(unsupported, func(name string) bool { return strings.Contains(c.Template, name) }):
		require.NotNil(t, failed, "rendered %q", output)
		assert.Equal(t, velocity.Unsupported, failed.Kind)
		assert.Contains(t, unsupported, "#"+failed.Name)
	case c.Expected.Output == nil:
		require.NotNil(t, failed, "rendered %q", output)
		assert.Equal(t, c.Expected.Error, errorKinds[failed.Kind], "%v", err)
	case slices.Contains(c.Tags, "esc-json") && json.Valid([]byte(*c.Expected.Output)):
		require.NoError(t, err)
		assert.JSONEq(t, *c.Expected.Output, output)
	default:
		require.NoError(t, err)
		assert.Equal(t, *c.Expected.Output, output)
	}
}

// errorKinds maps the names of error kinds in the cases.
var errorKinds = map[velocity.ErrorKind]string{velocity.Syntax: "parse", velocity.Method: "method", velocity.Render: "render"}

func render(tb testing.TB, template string, variables *velocity.Map) (string, error) {
	tb.Helper()
	parsed, err := velocity.Parse(template)
	if err != nil {
		return "", err
	}
	return parsed.Render(tb.Context(), variables, velocity.Options{})
}
