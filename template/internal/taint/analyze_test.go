package taint_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// received are the variables of an inbound SMS.
var received = taint.Variables{
	Present: map[string]taint.Source{
		"moId": taint.Identifier, "moContent": taint.Text, "mtContent": taint.Text, "sourceAddress": taint.Text, "destinationAddress": taint.PhoneNumber,
		"status": taint.Identifier, "format": taint.Identifier,
		"metadata": taint.Metadata, "attachments": taint.Attachments, "receivedTimestamp": taint.Timestamp, "retryCount": taint.Number,
	},
	Absent: map[string]bool{"drId": true, "notificationId": true},
}

// findings returns the findings of a template, each as "$reference kind character".
func findings(t *testing.T, format taint.Format, text string) []string {
	t.Helper()
	parsed, err := velocity.Parse(text)
	require.NoError(t, err)
	result, err := taint.Analyze(t.Context(), parsed, format, received, 10_000_000)
	require.NoError(t, err)
	var lines []string
	for _, f := range result.Findings {
		lines = append(lines, fmt.Sprintf("%s %d %q", f.Reference.Source, f.Kind, f.Character))
	}
	return lines
}

func TestJSONTemplateHasNoFindings(t *testing.T) {
	t.Parallel()
	assert.Empty(t, findings(t, taint.JSON, messagemedia.JSONTemplate))
}

// TestSafeTemplates analyzes templates in which no text can break out of its place.
func TestSafeTemplates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format taint.Format
		text   string
	}{
		"escaped":                          {taint.JSON, `{"a":"$esc.json($moContent)"}`},
		"escaped by java, which JSON has":  {taint.JSON, `{"a":"$esc.java($moContent)"}`},
		"escaped as a string":              {taint.JSON, `{"a":"$esc.json("Re: $!mtContent, $moContent")"}`},
		"cut, then escaped":                {taint.JSON, `{"a":"$esc.json($moContent.substring(0, 5))"}`},
		"a variable that is escaped":       {taint.JSON, `#set($t = $moContent.trim())#set($t = $esc.json($t)){"a":"$t"}`},
		"words":                            {taint.JSON, `[#foreach($w in $moContent.split("[^A-Za-z0-9]+"))"$w"#if($foreach.hasNext),#end#end]`},
		"digits in quotes":                 {taint.JSON, `{"a":"#if($moContent.matches("[0-9]+"))$moContent#end"}`},
		"a number without quotes":          {taint.JSON, `{"a":#if($moContent.matches("0|[1-9][0-9]{0,8}"))$moContent#{else}0#end}`},
		"a keyword":                        {taint.JSON, `{"a":"#if($moContent == "YES")$moContent#end"}`},
		"a keyword in any case":            {taint.JSON, `{"a":"#if($moContent.toUpperCase() == "YES")$moContent#else$esc.json($moContent)#end"}`},
		"keywords":                         {taint.JSON, `#set($known = ["YES", "NO"]){"a":"#if($known.contains($moContent))$moContent#end"}`},
		"another keyword":                  {taint.JSON, `{"a":"#if($moContent != "YES")other#else$moContent#end"}`},
		"a pattern in any case":            {taint.JSON, `{"a":"#if($moContent.matches("(?i)yes|no"))$moContent#end"}`},
		"a stop":                           {taint.JSON, `#if(!$moContent.matches("[a-z ]*"))#stop#end{"a":"$moContent"}`},
		"a break":                          {taint.JSON, `[#foreach($v in $metadata.values())#if(!$v.matches("[a-z ]*"))#break#end"$v",#end 1]`},
		"a number that is read":            {taint.JSON, `#set($i = 0){"a":$i.parseInt($moContent)}`},
		"many fields in a variable":        {taint.JSON, `#set($j = "{""a"":""$esc.json($moContent)"",""b"":""$esc.json($mtContent)"",""c"":""$esc.json($metadata.a)"",""d"":""$esc.json($metadata.b)""}")$j`},
		"set again, if it is undefined":    {taint.JSON, `#set($t = $moContent)#set($t = $esc.json($moContent)){"a":"$t"}`},
		"hand-made":                        {taint.JSON, `{"a":"$moContent.replace('\', '\\').replace('"', '\"').replaceAll("[\x00-\x1f]", " ")"}`},
		"hand-made by groups":              {taint.JSON, `{"a":"$moContent.replaceAll("[\x00-\x1f]", " ").replaceAll('(["\\])', '\\$1')"}`},
		"only allowed characters":          {taint.JSON, `{"a":"$moContent.replaceAll("[^A-Za-z0-9 ]", "")"}`},
		"only allowed characters, in runs": {taint.JSON, `{"a":"$moContent.replaceAll("[^A-Za-z0-9]+", " ")"}`},
		"a list of escaped texts":          {taint.JSON, `#set($l = [])#foreach($v in $metadata.values())#set($x = $l.add($esc.json($v)))#end[#foreach($v in $l)"$v"#if($foreach.hasNext),#end#end]`},
		"JSON in a variable":               {taint.JSON, `#set($l = "")#foreach($e in $metadata.entrySet())#set($l = "$l, ""$esc.json($e.key)"": ""$esc.json($e.value)""")#end{"a": 1 $l}`},
		"JSON in JSON":                     {taint.JSON, `{"p":"{\"a\":\"$esc.json($esc.json($moContent))\"}"}`},
		"brackets that are not JSON":       {taint.JSON, `{"p":"[New] $esc.json($moContent)", "q":"{$esc.json($moContent)}"}`},
		"JSON behind a text":               {taint.JSON, `{"p":"$esc.json($moContent){\"a\":\"$esc.json($moContent)\"}"}`},
		"JSON in a variable, in steps":     {taint.JSON, `#set($j = "{""a"":""")#set($j = "$j$esc.json($moContent)")#set($j = "$j""}")$j`},
		"a length":                         {taint.JSON, `{"n":$moContent.length(), "m": $metadata.size(), "o": $foreach.count}`},
		"a place for a value":              {taint.JSON, `#set($t = 'Hello NAME!'){"a":"$t.replace('NAME', $esc.json($metadata.name))"}`},
		"in form":                          {taint.Form, `a=$esc.url($moContent)&b_$esc.url($metadata.x)=1`},
		"JSON in a form":                   {taint.Form, `p={"a":"$esc.url($esc.json($moContent))"}&q=1`},
		"JSON in a form, escaped":          {taint.Form, `p=%7B%22a%22:%22$esc.url($esc.json($moContent))%22%7D&q=1`},
		"hand-made for a form":             {taint.Form, `a=$moContent.replace("%","%25").replace("&","%26").replace("+","%2B").replace(";","%3B").replace("=","%3D")`},
		"XML":                              {taint.XML, `<a b="$esc.xml($moContent.replaceAll("[^\t\n\r -~]", "?"))">$esc.xml($moContent.replaceAll("[^\t\n\r -~]", "?"))</a>`},
		"CDATA":                            {taint.XML, `<a><![CDATA[$moContent.replaceAll("[^\t\n\r -~]", "?").replace("]]>", "]]]]><![CDATA[>")]]></a>`},
		"XML by hand":                      {taint.XML, `<a>$moContent.replaceAll("[^\t\n\r -~]", "?").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")</a>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, findings(t, c.format, c.text))
		})
	}
}

// TestUnsafeTemplates analyzes templates whose payload a text can break or change.
func TestUnsafeTemplates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format taint.Format
		text   string
	}{
		"unescaped":                           {taint.JSON, `{"a":"$moContent"}`},
		"a carriage return":                   {taint.JSON, `{"a":"$moContent.replaceAll("[\n\t]", " ").replaceAll('[\\"]', "'")"}`},
		"an alphanumeric sender":              {taint.JSON, `{"a":"$sourceAddress"}`},
		"a prefix":                            {taint.JSON, `{"a":"#if($moContent.startsWith("Y"))$moContent#end"}`},
		"a length":                            {taint.JSON, `{"a":"#if($moContent.length() > 70)$moContent.substring(0, 70)#else$esc.json($moContent)#end"}`},
		"escaped, then cut":                   {taint.JSON, `{"a":"$esc.json($moContent).substring(0, 70)"}`},
		"escaped, then cut, then in capitals": {taint.JSON, `{"a":"$esc.json($moContent).toUpperCase()"}`},
		"escaped, then replaced":              {taint.JSON, `{"a":"$esc.json($moContent).replace("n", "N")"}`},
		"hand-made in the wrong order":        {taint.JSON, `{"a":"$moContent.replace('"', '\"').replace('\', '\\').replaceAll("[\x00-\x1f]", " ")"}`},
		"hand-made without control":           {taint.JSON, `{"a":"$moContent.replace('\', '\\').replace('"', '\"')"}`},
		"a number with zeros":                 {taint.JSON, `{"a":#if($moContent.matches("[0-9]+"))$moContent#{else}0#end}`},
		"no quotes":                           {taint.JSON, `{"a":$esc.json($moContent)}`},
		"a part of a pattern":                 {taint.JSON, `{"a":"#if($moContent.matches("[^(]*"))$moContent#end"}`},
		"a text without a character":          {taint.JSON, `{"a":"#if($moContent.contains("("))none#{else}$moContent#end"}`},
		"a condition on another variable":     {taint.JSON, `{"a":"#if($metadata.order == "x")$moContent#end"}`},
		"never rendered":                      {taint.JSON, `{"a":"#if($account_has_this)$moContent#end"}`},
		"set again, if it is defined":         {taint.JSON, `#set($t = $moContent)#set($t = $esc.json($mtContent)){"a":"$t"}`},
		"set again from metadata":             {taint.JSON, `#set($t = $metadata.get("a"))#set($t = $esc.json($metadata.get("b"))){"a":"$t"}`},
		"at a break":                          {taint.JSON, `#set($t = "")#foreach($v in $metadata.values())#set($t = $v)#if($v.matches("[a-z ]*"))#break#end#set($t = "")#end{"a":"$t"}`},
		"after a break without information":   {taint.JSON, `{"b":"#foreach($v in $metadata.values())#if($v == "x")#break#end$v#end"}`},
		"after a condition":                   {taint.JSON, `{"a":"#if($moContent != "YES")other#end$moContent"}`},
		"a map that is changed":               {taint.JSON, `#set($m = {"a": $mtContent}){"a":"#if($m.get("a") == "x")#set($z = $m.put("a", $moContent))$m.get("a")#end"}`},
		"a pattern in any case":               {taint.JSON, `{"a":"#if($moContent.matches("(?s)[a-z].*"))$moContent#end"}`},
		"CDATA that is split wrongly":         {taint.XML, `<a><![CDATA[$moContent.replaceAll("[^\t\n\r -~]", "?").replace("]]>", "]]>]]><![CDATA[")]]></a>`},
		"the characters of a text":            {taint.JSON, `{"a":"#foreach($c in $moContent.toCharArray())$c#end"}`},
		"a text of quotes in turn":            {taint.JSON, `#set($q = '"')#set($t = "$q$!esc.json($moContent)$q$!esc.json($moContent)$q$!esc.json($moContent)"){"a":$t}`},
		"metadata's names":                    {taint.JSON, `{#foreach($k in $metadata.keySet())"$k":1#end}`},
		"a list":                              {taint.JSON, `#set($l = [])#foreach($v in $metadata.values())#set($x = $l.add($v))#end[#foreach($v in $l)"$v"#if($foreach.hasNext),#end#end]`},
		"a quote in a loop":                   {taint.JSON, `#set($l = "")#foreach($v in $metadata.values())#set($l = "$l""$esc.json($v)")#end[$l]`},
		"a chain of variables":                {taint.JSON, `{#foreach($i in [1..4])"$!d"#set($d = $c)#set($c = $b)#set($b = $a)#set($a = $moContent)#end}`},
		"a keyword, then set again":           {taint.JSON, `#set($t = $moContent){"a":"#if($t == "YES")#set($t = $mtContent)$t#end"}`},
		"JSON in JSON, escaped once":          {taint.JSON, `{"p":"{\"a\":\"$esc.json($moContent)\"}"}`},
		"JSON in JSON, never rendered":        {taint.JSON, `{"p":"#if($never){\"a\":\"$esc.json($moContent)\"}#end"}`},
		"JSON in a form in the wrong order":   {taint.Form, `p={"a":"$esc.json($esc.url($moContent))"}`},
		"JSON in a form, url alone":           {taint.Form, `p={"a":"$esc.url($moContent)"}`},
		"a form's + ":                         {taint.Form, `p=$destinationAddress`},
		"a form's ;":                          {taint.Form, `a=$moContent.replace("%","%25").replace("&","%26").replace("+","%2B").replace("=","%3D")`},
		"emoji in XML":                        {taint.XML, `<a>$esc.xml($moContent)</a>`},
		"a comment":                           {taint.XML, `<a><!-- $esc.xml($moContent.replaceAll("[^\t\n\r -~]", "?")) --></a>`},
		"CDATA":                               {taint.XML, `<a><![CDATA[$moContent.replaceAll("[^\t\n\r -~]", "?")]]></a>`},
		"CDATA split, then changed":           {taint.XML, `<a><![CDATA[$moContent.replaceAll("[^\t\n\r -~]", "?").replace("]]>", "]]]]><![CDATA[>").replace("x", "")]]></a>`},
		"an attribute without quotes":         {taint.XML, `<a b=$esc.xml($moContent.replaceAll("[^\t\n\r -~]", "?"))></a>`},
		"XML by hand without >":               {taint.XML, `<a>$moContent.replaceAll("[^\t\n\r -~]", "?").replace("&", "&amp;").replace("<", "&lt;")</a>`},
		"single quotes in an attribute":       {taint.XML, `<a b='$moContent.replaceAll("[^\t\n\r -~]", "?").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")'/>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := findings(t, c.format, c.text)
			assert.NotEmpty(t, got)
			t.Log(got)
		})
	}
}

// TestKinds checks the kind and the formats of findings.
func TestKinds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]taint.Finding{
		`{"a":"$moContent"}`:                                      {Kind: taint.Unescaped, Character: `"`, Origin: "$moContent", Layers: []taint.Format{taint.JSON}},
		`{"a":"$esc.json($moContent).replace("n", "N")"}`:         {Kind: taint.Damaged, Character: `\N`, Origin: "$moContent", Layers: []taint.Format{taint.JSON}},
		`{"a":"$esc.json($metadata.x).substring(0, 3)"}`:          {Kind: taint.Damaged, Character: `"`, Origin: "$metadata", Layers: []taint.Format{taint.JSON}},
		`{"a":$esc.json($moContent)}`:                             {Kind: taint.Unquoted, Origin: "$moContent", Layers: []taint.Format{taint.JSON}},
		`{"a":"{\"b\":\"$esc.json($moContent)\"}"}`:               {Kind: taint.Unescaped, Character: `\"`, Origin: "$moContent", Layers: []taint.Format{taint.JSON, taint.JSON}},
		`{"a":"{\"b\":$esc.json($esc.json($moContent))}"}`:        {Kind: taint.Unquoted, Origin: "$moContent", Layers: []taint.Format{taint.JSON, taint.JSON}},
		`{"a":"#foreach($k in $metadata.keySet())$k#end"}`:        {Kind: taint.Unescaped, Character: `"`, Origin: "the keys of $metadata", Layers: []taint.Format{taint.JSON}},
		`{"a":"#foreach($a in $attachments)$a.originalName#end"}`: {Kind: taint.Unescaped, Character: `"`, Origin: "the originalName of $attachments", Layers: []taint.Format{taint.JSON}},
	} {
		parsed, err := velocity.Parse(text)
		require.NoError(t, err)
		result, err := taint.Analyze(t.Context(), parsed, taint.JSON, received, 1_000_000)
		require.NoError(t, err)
		require.Len(t, result.Findings, 1, text)
		got := result.Findings[0]
		got.Reference = nil
		assert.Equal(t, want, got, text)
	}
}

// TestSteps has templates that need too many steps, and contexts that end.
func TestSteps(t *testing.T) {
	t.Parallel()
	parsed, err := velocity.Parse(messagemedia.JSONTemplate)
	require.NoError(t, err)
	result, err := taint.Analyze(t.Context(), parsed, taint.JSON, received, 1_000_000)
	require.NoError(t, err)
	_, err = taint.Analyze(t.Context(), parsed, taint.JSON, received, result.Steps)
	require.NoError(t, err)
	_, err = taint.Analyze(t.Context(), parsed, taint.JSON, received, result.Steps-1)
	require.ErrorIs(t, err, taint.ErrTooComplex)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = taint.Analyze(ctx, parsed, taint.JSON, received, 1_000_000)
	require.ErrorIs(t, err, context.Canceled)
}
