package template_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// part is a field of a generated template: the text before the payload, and the field. NAME
// is replaced by a unique name, and TEXT by an untrusted text.
type part struct{ before, field string }

// texts are quiet references to untrusted texts.
var untrustedTexts = []string{"moContent", "replyContent", "mtContent", "messageContent", "sourceAddress", "metadata.order", "metadata.get('ref')", "metadata['ref']", "moContent.trim()", "moContent.toLowerCase()"}

// The correct parts of each encoding, and parts with a planted problem. Check must find one
// of the codes of a planted problem.
type grammar struct {
	encoding            messagemedia.Encoding
	begin, between, end string
	right               []part
	wrong               map[string]planted
}

type planted struct {
	part
	codes []template.Code
}

const xmlSafe = `.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?")`

var jsonGrammar = grammar{"JSON", "{", ",", "}", []part{
	{"", `"NAME":"$!esc.json($TEXT)"`},
	{"", `"NAME":"$!{esc.json($TEXT)}"`},
	{"", `"NAME":"$esc.json("$!TEXT")"`},
	{"", `"NAME":"$!esc.json($!TEXT)"`},
	{"", `"NAME":"$!esc.java($TEXT)"`},
	{"", `"NAME":"Re: $!esc.json($TEXT), thanks"`},
	{"", `"NAME":"[$!esc.json($TEXT)]"`},
	{"", `"NAME":"$esc.json("<b>$!esc.html($TEXT)</b>")"`},
	{"", `"NAME":"https://example.com/?q=$!esc.url($TEXT)"`},
	{"", `"NAME":"$!esc.json($TEXT.replace("a", "b"))"`},
	{"", `"NAME":"#if($moContent.length() > 9)$esc.json($moContent.substring(0, 9))#else$!esc.json($moContent)#end"`},
	{"", `"NAME":"$!TEXT.replaceAll("[^A-Za-z0-9 ]", "")"`},
	{"", `"NAME":"$!TEXT.replaceAll("[^\w ]+", "_")"`},
	{"", `"NAME":"$!TEXT.replace('\', '\\').replace('"', '\"').replaceAll("[\x00-\x1f]", " ")"`},
	{"", `"NAME":"$!TEXT.replaceAll("[\x00-\x1f]", "").replaceAll('([\\"])', '\\$1')"`},
	{"", `"NAME":"$!TEXT.replaceAll('["\\]|[\x00-\x1f]', "")"`},
	{"", `"NAME":"{\"a\":\"$!esc.json($esc.json($TEXT))\"}"`},
	{"", `"NAME":"[{\"a\": \"$!esc.json($esc.json($TEXT))\", \"b\": 1}]"`},
	{"", `"NAME":[#foreach($w in $moContent.split("[^A-Za-z]+"))"$w"#if($foreach.hasNext),#end#end]`},
	{"", `"NAME":[#foreach($w in $moContent.split(" "))"$esc.json($w)"#if($foreach.hasNext),#end#end]`},
	{"", `"NAME":#if($moContent.matches("[1-9][0-9]{0,8}"))$moContent#{else}0#end`},
	{"", `"NAME":"#if($moContent.matches("[0-9]+"))$moContent#{else}0#end"`},
	{"", `"NAME":"#if($moContent == "YES" || $moContent == "NO")other#{else}$!esc.json($moContent)#end"`},
	{"", `"NAME":"#if($moContent.equals("YES"))$moContent#end"`},
	{"", `"NAME":"#if($moContent.equalsIgnoreCase("stop"))$moContent#{else}no#end"`},
	{"", `"NAME":"#if($moContent.toUpperCase() == "YES")$moContent#{else}$!esc.json($moContent)#end"`},
	{`#set($known_NAME = ["YES", "NO"])`, `"NAME":"#if($known_NAME.contains($moContent))$moContent#end"`},
	{"", `"NAME":$moContent.length()`},
	{"", `"NAME":#if($moContent.contains('"') || $moContent.startsWith("Y"))true#{else}false#end`},
	{"", `"NAME":#if($metadata){#foreach($e in $metadata.entrySet())"$esc.json($e.key)":"$!esc.json($e.value)"#if($foreach.hasNext),#end#end}#{else}null#end`},
	{"", `"NAME":[#foreach($k in $metadata.keySet()){"k":"$esc.json($k)","v":"$!esc.json($metadata.get($k))"}#if($velocityHasNext),#end#end]`},
	{"", `"NAME":[#foreach($a in $attachments){"t":"$!esc.json($a.contentType)","n":"$!esc.json($a.originalName)","d":"$!a.base64"}#if($foreach.hasNext),#end#end]`},
	{`#set($t_NAME = $esc.json("$!TEXT"))`, `"NAME":"$t_NAME"`},
	{`#set($t_NAME = "$!TEXT")#set($t_NAME = $esc.json($t_NAME))`, `"NAME":"$t_NAME"`},
	{`#set($l_NAME = "")#foreach($v in $metadata.values())#set($l_NAME = "$l_NAME#if($foreach.count > 1), #end""$!esc.json($v)""")#end`, `"NAME":[$l_NAME]`},
	{`#set($m_NAME = {"a": $esc.json("$!TEXT"), "b": 1})`, `"NAME":"$m_NAME.a"`},
	{`#set($c_NAME = "")`, `"NAME":[#foreach($v in $metadata.values())$c_NAME"$!esc.json($v)"#set($c_NAME = ", ")#end]`},
	{"", `"NAME":"$!submittedTimestamp"`},
	{"", `"NAME":"$!destinationAddress"`},
}, map[string]planted{
	"not escaped":                        {part{"", `"NAME":"$!TEXT"`}, input},
	"in braces":                          {part{"", `"NAME":"$!{TEXT}"`}, input},
	"in a text":                          {part{"", `"NAME":"Re: $!TEXT, thanks"`}, input},
	"escaped for XML":                    {part{"", `"NAME":"$!esc.xml($TEXT)"`}, input},
	"escaped for SQL":                    {part{"", `"NAME":"$!esc.sql($TEXT)"`}, input},
	"escaped for a script":               {part{"", `"NAME":"$!esc.javascript($TEXT)"`}, input},
	"escaped, then cut":                  {part{"", `"NAME":"#if($moContent.length() > 9)$esc.json($moContent).substring(0, 9)#end"`}, input},
	"escaped, then in capitals":          {part{"", `"NAME":"$!esc.json($TEXT).toUpperCase()"`}, input},
	"escaped, then replaced":             {part{"", `"NAME":"$!esc.json($TEXT).replace("n", "")"`}, input},
	"escaped in a variable, then cut":    {part{`#set($t_NAME = $esc.json("$!TEXT"))`, `"NAME":"#if($t_NAME.length() > 9)$t_NAME.substring(0, 9)#end"`}, input},
	"no quotes":                          {part{"", `"NAME":$esc.json("$!TEXT")`}, input},
	"a number that begins with 0":        {part{"", `"NAME":#if($moContent.matches("[0-9]+"))$moContent#{else}0#end`}, input},
	"a number with a part alone":         {part{"", `"NAME":#if($moContent.matches("[0-9.]+"))$moContent#{else}0#end`}, input},
	"a pattern that takes a quote":       {part{"", `"NAME":"#if($moContent.matches("[^<>]*"))$moContent#end"`}, input},
	"a condition on another variable":    {part{"", `"NAME":"#if($mtContent == "YES")$moContent#end"`}, input},
	"an inverted condition":              {part{"", `"NAME":"#if($moContent == "YES")yes#{else}$moContent#end"`}, input},
	"quotes alone by hand":               {part{"", `"NAME":"$!TEXT.replace('"', "'")"`}, input},
	"backslashes last by hand":           {part{"", `"NAME":"$!TEXT.replaceAll("[\x00-\x1f]", " ").replace('"', '\"').replace('\', '\\')"`}, input},
	"without a carriage return by hand":  {part{"", `"NAME":"$!TEXT.replace('\', '\\').replace('"', '\"').replaceAll("[\x00-\x0c\x0e-\x1f]", " ")"`}, input},
	"words at blanks":                    {part{"", `"NAME":[#foreach($w in $moContent.split(" "))"$w"#if($foreach.hasNext),#end#end]`}, input},
	"JSON in JSON, escaped once":         {part{"", `"NAME":"{\"a\":\"$!esc.json($TEXT)\"}"`}, input},
	"JSON in JSON, escaped for XML":      {part{"", `"NAME":"{\"a\":\"$!esc.json($esc.xml($TEXT))\"}"`}, input},
	"metadata's keys":                    {part{"", `"NAME":{#foreach($e in $metadata.entrySet())"$e.key":"$!esc.json($e.value)"#if($foreach.hasNext),#end#end}`}, input},
	"metadata's values":                  {part{"", `"NAME":{#foreach($e in $metadata.entrySet())"$esc.json($e.key)":"$!e.value"#if($foreach.hasNext),#end#end}`}, input},
	"an attachment's name":               {part{"", `"NAME":[#foreach($a in $attachments)"$!a.originalName"#if($foreach.hasNext),#end#end]`}, input},
	"by a variable":                      {part{`#set($t_NAME = "$!TEXT")`, `"NAME":"$t_NAME"`}, input},
	"by a map":                           {part{`#set($m_NAME = {"a": "$!TEXT"})`, `"NAME":"$m_NAME.a"`}, input},
	"by a list":                          {part{`#set($l_NAME = [])#set($x = $l_NAME.add("$!TEXT"))`, `"NAME":"$l_NAME.get(0)"`}, input},
	"in a branch that no event reaches":  {part{"", `"NAME":"#if($metadata.never == "so")$!TEXT#end"`}, input},
	"in a branch for long texts":         {part{"", `"NAME":"#if($moContent.length() > 1000)$moContent#end"`}, input},
	"a variable that is set again":       {part{`#set($t_NAME = $esc.json("$!TEXT"))#if($mtContent)#set($t_NAME = $mtContent)#end`, `"NAME":"$t_NAME"`}, input},
	"metadata beside the other names":    {part{"", `"NAME":1#foreach($e in $metadata.entrySet()),"$esc.json($e.key)":"$!esc.json($e.value)"#end`}, []template.Code{template.CodeRepeatedName}},
	"a comma too many":                   {part{"", `"NAME":[#foreach($v in $metadata.values())"$!esc.json($v)",#end]`}, []template.Code{template.CodeInvalidPayload}},
	"a comma that a second value lacks":  {part{"", `"NAME":[#foreach($v in $metadata.values())"$!esc.json($v)"#end]`}, []template.Code{template.CodeInvalidPayload}},
	"a missing number":                   {part{"", `"NAME":$!metadata.size()`}, []template.Code{template.CodeInvalidPayload}},
	"a part of a text that can be short": {part{"", `"NAME":"$!esc.json($moContent.substring(0, 5))"`}, []template.Code{template.CodeRenderingFails}},
	"a condition without an end":         {part{"", `"NAME":"#if($moContent)x"`}, []template.Code{template.CodeSyntax}},
	"escaped twice":                      {part{"", `"NAME":"$!esc.json($esc.json($TEXT))"`}, []template.Code{template.CodeChangedValue}},
	"a misspelled variable":              {part{"", `"NAME":"$!esc.json($moContnt)"`}, []template.Code{template.CodeUndocumentedVariable}},
	"a ! in the wrong place":             {part{"", `"NAME":"$esc.json($!mtContent)"`}, []template.Code{template.CodeMisplacedQuiet}},
	"retries that differ":                {part{"", `"NAME":$retryCount`}, []template.Code{template.CodeRetryCount}},
	"the ID of another event":            {part{"", `"NAME":"$drId"`}, []template.Code{template.CodeUndefinedID}},
	"a name twice":                       {part{"", `"NAME":1,"NAME":2`}, []template.Code{template.CodeRepeatedName}},
}}

var xmlGrammar = grammar{"XML", "<root><id>$moId</id>", "", "</root>", []part{
	{"", `<NAME>$!esc.xml($TEXT` + xmlSafe + `)</NAME>`},
	{"", `<NAME a="$!esc.xml($TEXT` + xmlSafe + `)"/>`},
	{"", `<NAME a='$!esc.xml($TEXT` + xmlSafe + `)'/>`},
	{"", `<NAME><![CDATA[$!TEXT` + xmlSafe + `.replace("]]>", "]]]]><![CDATA[>")]]></NAME>`},
	{"", `<NAME><![CDATA[$!TEXT` + xmlSafe + `.replace("]]>", "]]>]]&gt;<![CDATA[")]]></NAME>`},
	{"", `<NAME><![CDATA[$!TEXT` + xmlSafe + `.replace("]", "")]]></NAME>`},
	{"", `<NAME>$!TEXT.replaceAll("[^A-Za-z0-9 ]", "")</NAME>`},
	{"", `<NAME>$!TEXT` + xmlSafe + `.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")</NAME>`},
	{"", `<NAME>#if($moContent.matches("\w+"))$moContent#end</NAME>`},
	{"", `<NAME>{"a":"$!esc.xml($esc.json($TEXT` + xmlSafe + `))"}</NAME>`},
	{"", `<NAME>#foreach($a in $attachments)<f t="$!esc.xml($a.contentType` + xmlSafe + `)">$!a.base64</f>#end</NAME>`},
	{`#set($t_NAME = "$!TEXT")#set($t_NAME = $t_NAME` + xmlSafe + `)`, `<NAME>$esc.xml($t_NAME)</NAME>`},
	{"", `<NAME at="$!receivedTimestamp"/>`},
}, map[string]planted{
	"not escaped":                   {part{"", `<NAME>$!TEXT` + xmlSafe + `</NAME>`}, input},
	"not escaped in an attribute":   {part{"", `<NAME a="$!TEXT` + xmlSafe + `"/>`}, input},
	"with emoji":                    {part{"", `<NAME>$!esc.xml($TEXT)</NAME>`}, input},
	"escaped for JSON":              {part{"", `<NAME>$!esc.json($TEXT` + xmlSafe + `)</NAME>`}, input},
	"by HTML's names":               {part{"", `<NAME>$!esc.html($TEXT` + xmlSafe + `)</NAME>`}, input},
	"CDATA":                         {part{"", `<NAME><![CDATA[$!TEXT` + xmlSafe + `]]></NAME>`}, input},
	"CDATA with control characters": {part{"", `<NAME><![CDATA[$!TEXT.replace("]]>", "]]]]><![CDATA[>")]]></NAME>`}, input},
	"CDATA that is split wrongly":   {part{"", `<NAME><![CDATA[$!TEXT` + xmlSafe + `.replace("]]>", "]]>]]><![CDATA[")]]></NAME>`}, input},
	"a comment":                     {part{"", `<NAME/><!-- $!esc.xml($TEXT` + xmlSafe + `) -->`}, input},
	"no quotes":                     {part{"", `<NAME $!esc.xml($TEXT` + xmlSafe + `)=""/>`}, input},
	"& alone by hand":               {part{"", `<NAME>$!TEXT` + xmlSafe + `.replace("&", "&amp;")</NAME>`}, input},
	"& last by hand":                {part{"", `<NAME>$!TEXT` + xmlSafe + `.replace("<", "&lt;").replace(">", "&gt;")</NAME>`}, input},
	"escaped, then cut":             {part{"", `<NAME>#if($moContent.length() > 9)$esc.xml($moContent` + xmlSafe + `).substring(0, 9)#end</NAME>`}, input},
	"JSON in XML, escaped once":     {part{"", `<NAME>{"a":"$!esc.xml($TEXT` + xmlSafe + `)"}</NAME>`}, input},
	"metadata's keys as elements":   {part{"", `<NAME>#foreach($e in $metadata.entrySet())<$e.key/>#end</NAME>`}, input},
	"an element that is not closed": {part{"", `<NAME>`}, []template.Code{template.CodeInvalidPayload}},
	"line breaks around a value":    {part{"", "<NAME>\n$!destinationAddress\n</NAME>"}, []template.Code{template.CodeLineBreak}},
	"escaped twice":                 {part{"", `<NAME>$!esc.xml($esc.xml($TEXT` + xmlSafe + `))</NAME>`}, []template.Code{template.CodeChangedValue}},
}}

var formGrammar = grammar{"FORM_ENCODED", "id=$moId&", "&", "", []part{
	{"", `NAME=$!esc.url($TEXT)`},
	{"", `NAME=$esc.url("Re: $!TEXT")`},
	{"", `NAME=$!TEXT.replaceAll("[^A-Za-z0-9]", "")`},
	{"", `NAME=$!TEXT.replace("%", "%25").replace("&", "%26").replace("+", "%2B").replace(";", "%3B").replace("=", "%3D")`},
	{"", `NAME={"a":"$!esc.url($esc.json($TEXT))"}`},
	{"", `NAME=%7B%22a%22%3A%22$!esc.url($esc.json($TEXT))%22%7D`},
	{`#set($j_NAME = "{""a"":""$!esc.json($TEXT)""}")`, `NAME=$esc.url($j_NAME)`},
	{"", `NAME=1#foreach($e in $metadata.entrySet())&NAME_$esc.url($e.key)=$!esc.url($e.value)#end`},
	{"", `NAME=#if($moContent.matches("[0-9]{1,9}"))$moContent#end`},
	{"", `NAME=$!esc.url($destinationAddress)`},
	{"", `NAME=$!receivedTimestamp`},
}, map[string]planted{
	"not escaped":                     {part{"", `NAME=$!TEXT`}, input},
	"escaped for JSON":                {part{"", `NAME=$!esc.json($TEXT)`}, input},
	"a number":                        {part{"", `NAME=$!destinationAddress`}, input},
	"without ; by hand":               {part{"", `NAME=$!TEXT.replace("%", "%25").replace("&", "%26").replace("+", "%2B").replace("=", "%3D")`}, input},
	"% last by hand":                  {part{"", `NAME=$!TEXT.replace("&", "%26").replace("+", "%2B").replace(";", "%3B").replace("=", "%3D")`}, input},
	"JSON, escaped for the form":      {part{"", `NAME={"a":"$!esc.url($TEXT)"}`}, input},
	"JSON, escaped for JSON":          {part{"", `NAME={"a":"$!esc.json($TEXT)"}`}, input},
	"JSON in the wrong order":         {part{"", `NAME={"a":"$!esc.json($esc.url($TEXT))"}`}, input},
	"JSON in a variable, not escaped": {part{`#set($j_NAME = "{""a"":""$!TEXT""}")`, `NAME=$esc.url($j_NAME)`}, input},
	"escaped, then cut":               {part{"", `NAME=#if($moContent.length() > 9)$esc.url($moContent).substring(0, 9)#end`}, input},
	"a name that is not escaped":      {part{"", `NAME=1#foreach($e in $metadata.entrySet())&m_$e.key=1#end`}, input},
	"metadata beside the other names": {part{"", `NAME=1#foreach($e in $metadata.entrySet())&$esc.url($e.key)=$!esc.url($e.value)#end`}, []template.Code{template.CodeRepeatedName}},
	"a name without a value":          {part{"", `NAME`}, []template.Code{template.CodeBareName}},
	"a line break":                    {part{"", "\nNAME=$!esc.url($TEXT)"}, []template.Code{template.CodeLineBreak}},
	"escaped twice":                   {part{"", `NAME=$!esc.url($esc.url($TEXT))`}, []template.Code{template.CodeChangedValue}},
}}

// input are the codes of problems with untrusted input.
var input = []template.Code{template.CodeUnescapedInput, template.CodeDamagedEscape, template.CodeUnquotedInput, template.CodeXMLCharacter}

// generate returns a template of some correct parts and one more part.
func (g grammar) generate(random *rand.Rand, more ...part) string {
	parts := more
	for range 1 + random.IntN(5) {
		parts = append(parts, g.right[random.IntN(len(g.right))])
	}
	random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	var before, fields strings.Builder
	for i, p := range parts {
		expand := strings.NewReplacer("NAME", fmt.Sprintf("f%d", i), "TEXT", untrustedTexts[random.IntN(len(untrustedTexts))])
		before.WriteString(expand.Replace(p.before))
		if i > 0 {
			fields.WriteString(g.between)
			if g.encoding != messagemedia.EncodingForm {
				fields.WriteString([]string{"", "\n  ", "\r\n", "##\n"}[random.IntN(4)])
			}
		}
		fields.WriteString(expand.Replace(p.field))
	}
	begin := g.begin
	if g.encoding == messagemedia.EncodingJSON {
		begin += `"reply_id":"$moId",`
	}
	return before.String() + begin + fields.String() + g.end
}

// TestGeneratedTemplates checks plausible templates, without a problem and with one planted
// problem, and counts missed problems and false alarms.
func TestGeneratedTemplates(t *testing.T) {
	t.Parallel()
	const rights, each = 60, 1
	events := []messagemedia.EventType{sms}
	for _, g := range []grammar{jsonGrammar, xmlGrammar, formGrammar} {
		t.Run(string(g.encoding), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			blamed, missed, right, wrong := 0, 0, 0, 0
			for range rights {
				text := g.generate(random)
				right++
				if problems := errorsOf(template.Check(t.Context(), text, g.encoding, events)); len(problems) > 0 {
					blamed++
					t.Errorf("false alarm: %s\n%v", text, problems)
				}
				for name, typed := range texts { // verifies that the template is correct
					payload, err := template.Render(t.Context(), text, &webhook.ReceivedSMS{
						ReplyID: "1", SourceNumber: typed, Content: typed, OriginalText: typed, Metadata: map[string]string{typed: typed, "order": typed, "ref": typed},
					})
					if !assert.NoError(t, err) || !readable(g.encoding, payload) {
						t.Errorf("%s breaks %s:\n%s", name, text, payload)
					}
				}
			}
			for name, p := range g.wrong {
				for range each {
					text := g.generate(random, p.part)
					wrong++
					if problems := template.Check(t.Context(), text, g.encoding, events); !hasAny(problems, p.codes) {
						missed++
						t.Errorf("missed: %s: %s\n%v", name, text, problems)
					}
				}
			}
			t.Logf("%s: %d of %d right templates blamed with an error, %d of %d planted problems missed", g.encoding, blamed, right, missed, wrong)
			assert.Zero(t, blamed+missed)
		})
	}
}

func hasAny(problems []template.Problem, codes []template.Code) bool {
	for _, problem := range problems {
		for _, code := range codes {
			if problem.Code == code {
				return true
			}
		}
	}
	return false
}
