package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

func TestTemplates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args     []string
		template string
		code     int
		want     string
	}{
		"a template without a problem": {
			[]string{"-events", "OPT_OUT_SMS"}, `{"id":"$notificationId"}`, 0, `OPT_OUT_SMS
    {"id":"3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d"}

No problems.
`,
		},
		"a warning and an error": {
			[]string{"-encoding", "FORM_ENCODED", "-events", "RECEIVED_SMS, OPT_OUT_SMS"}, "\tid=$!moId$!notificationId&\n\té=$mtID&text=$moContent\n", 1, `RECEIVED_SMS
    	id=a175e797-2b54-468b-9850-41a3eab32f74&
    	é=$mtID&text=YES please

OPT_OUT_SMS
    	id=3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d&
    	é=$mtID&text=STOP

warning: $mtID is no documented variable, and renders as it is written unless the account has it
    did you mean $mtId?
   2 | 	é=$mtID&text=$moContent
     | 	  ^
error: $moContent inserts '&' as it was typed: that breaks the form encoding, or changes what it says
    write $!esc.url($moContent)
   2 | 	é=$mtID&text=$moContent
     | 	             ^
`,
		},
		"line ends of Windows, wide letters, and marks without width": {
			[]string{"-events", "RECEIVED_SMS"}, "{\"id\":\"$moId\",\r\n\"漢字😀\":\"$type\",\r\n\"e\u0301\":\"$type\"}\r\n", 0, "RECEIVED_SMS\n" +
				"    {\"id\":\"a175e797-2b54-468b-9850-41a3eab32f74\",\r\n    \"漢字😀\":\"SMS\",\r\n    \"e\u0301\":\"SMS\"}\r\n\n" +
				"warning: $type is deprecated\n    write $format\n   2 | \"漢字😀\":\"$type\",\n     |           ^\n" +
				"warning: $type is deprecated\n    write $format\n   3 | \"e\u0301\":\"$type\"}\n     |      ^\n",
		},
		"an end that is missing behind a line end of Windows": {
			[]string{"-events", "RECEIVED_SMS"}, "#if($moId)" + strings.Repeat(".", 22) + "\r", 1, "RECEIVED_SMS\n" +
				"    nothing: template: velocity: line 1, column 34: the text ends where the #end of #if is expected\n\n" +
				"error: the text ends where the #end of #if is expected: the platform can't read this, and every message is lost\n" +
				"   1 | #if($moId)" + strings.Repeat(".", 22) + "\n     | " + strings.Repeat(" ", 33) + "^\n",
		},
		"nothing": {
			[]string{"-events", "RECEIVED_SMS"}, "", 0, "RECEIVED_SMS\n    \n\nwarning: there is none, and",
		},
		"a text file that is none": {
			[]string{"-events", "RECEIVED_SMS", "-encoding", "FORM_ENCODED"}, "\xff\xfe=$moId&$type", 0, "RECEIVED_SMS\n" +
				"    \xff\xfe=a175e797-2b54-468b-9850-41a3eab32f74&SMS\n\nwarning: $type is deprecated\n    write $format\n" +
				"   1 | \xff\xfe=$moId&$type\n     |          ^\n",
		},
		"a template that can't be read": {
			[]string{"-events", "RECEIVED_SMS"}, "#if($moId", 1, "RECEIVED_SMS\n    nothing: template: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, c.code, run(c.args, strings.NewReader(c.template), &stdout, &stderr))
			assert.True(t, strings.HasPrefix(stdout.String(), c.want), stdout.String())
			assert.Empty(t, stderr.String())
		})
	}
}

func TestTheTemplateOfTheSDKHasNoProblems(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(nil, strings.NewReader(messagemedia.JSONTemplate), &stdout, &stderr))
	assert.Contains(t, stdout.String(), "DELIVERED_DR\n")
	assert.Contains(t, stdout.String(), "\nNo problems.\n")
}

func TestWrongArguments(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`encoding "YAML", want JSON, FORM_ENCODED or XML`: {"-encoding", "YAML"},
		`event type "READ" is not documented`:             {"-events", "RECEIVED_SMS,READ"},
		"flag provided but not defined":                   {"-file", "x"},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, 2, run(args, strings.NewReader(""), &stdout, &stderr))
		assert.Contains(t, stderr.String(), want)
		assert.Empty(t, stdout.String())
	}
	var stderr bytes.Buffer
	assert.Equal(t, 0, run([]string{"-h"}, strings.NewReader(""), &bytes.Buffer{}, &stderr), "it is no mistake to ask for help")
	assert.Contains(t, stderr.String(), "-encoding")
	assert.Equal(t, 2, run(nil, iotest.ErrReader(errors.New("gone")), &bytes.Buffer{}, &stderr))
	assert.Contains(t, stderr.String(), "gone")
}
