package template_test

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// FuzzCheck fuzzes requests. Every problem must have a code and a message, and a position
// within its field or none.
func FuzzCheck(f *testing.F) {
	f.Add(messagemedia.JSONTemplate, "https://example.com/$moId", "JSON", "RECEIVED_SMS")
	f.Add("<a id=\"$!{mtId-x}\">\r\n$é $esc.json($!type) #if($moContent.x", "http://example.com/?a=$", "XML", "OPT_OUT_SMS")
	f.Add("id=$esc.json()&a=$esc.x(1, $!esc.url($moContent.trim))&${metadata.a-}", "$moContent.substring(9)", "FORM_ENCODED", "DELIVERED_DR")
	f.Add("#foreach($e in $metadata)$e.key-$e.value#end#set($a-b = 1)${a-b}\xff\u2028$", "\x00##\n", "YAML", "RECEIVED_MMS")
	for _, sample := range vendorSamples {
		f.Add(sample.template, "https://example.com", "JSON", string(sample.events[0]))
	}
	f.Fuzz(func(t *testing.T, text, url, encoding, eventType string) {
		events := []messagemedia.EventType{messagemedia.EventType(eventType), mms}
		request := messagemedia.CreateWebhookRequest{URL: url, Encoding: messagemedia.Encoding(encoding), Template: text, Events: events}
		for _, problem := range template.CheckRequest(t.Context(), request) {
			require.NotEmpty(t, problem.Message)
			require.NotEmpty(t, problem.Code, problem)
			require.Contains(t, []template.Severity{template.SeverityError, template.SeverityWarning}, problem.Severity)
			if problem.Line == 0 {
				require.Zero(t, problem.Column)
				continue
			}
			about := map[string]string{"template": text, "url": url}[problem.Field]
			lines := strings.Split(about, "\n")
			require.LessOrEqual(t, problem.Line, len(lines), problem)
			require.LessOrEqual(t, problem.Column-1, utf8.RuneCountInString(lines[problem.Line-1]), problem)
		}
	})
}

// FuzzSteps fuzzes templates and repeats them. A check must not exceed its steps.
func FuzzSteps(f *testing.F) {
	for _, parts := range costly {
		f.Add(parts[0], parts[1], parts[2], uint16(20))
	}
	f.Fuzz(func(t *testing.T, begin, repeated, end string, times uint16) {
		text := begin + strings.Repeat(repeated, min(int(times), (64<<10)/(len(repeated)+1))) + end
		_, steps := template.CheckSteps(t.Context(), text, messagemedia.EncodingJSON, []messagemedia.EventType{sms, report})
		require.LessOrEqual(t, steps, mostSteps)
	})
}

// FuzzTemplatesWithoutProblems fuzzes templates and events. If Check finds no problem in a
// template, the payload of every event of the type must parse, and every field must have the
// value of the event. Numbers, IDs and the like have the format of the platform.
func FuzzTemplatesWithoutProblems(f *testing.F) {
	f.Add(messagemedia.JSONTemplate, "Yes, \"please\"", "a\\b", "1", uint8(0))
	for i, text := range []string{
		`{"reply_id":"$moId","content":"$!esc.json($moContent)","source_number":"$!esc.json($sourceAddress)"}`,
		`{"reply_id":"$moId","content":"$!esc.json($moContent)","metadata":{#foreach($e in $metadata.entrySet())"$esc.json($e.key)":"$!esc.json($e.value)"#if($foreach.hasNext),#end#end}}`,
		`{"notification_id":"$notificationId","content":"#if($moContent == "STOP")STOP#else$!esc.json($moContent)#end"}`,
		`{"delivery_report_id":"$drId","status":"$!status","original_text":"$esc.json("$!mtContent")","source_number":"$sourceAddress"}`,
		`{"event":"RECEIVED_MMS","reply_id":"$moId","attachments":[#foreach($a in $attachments){"content_type":"$!esc.json($a.contentType)","original_name":"$!esc.json($a.originalName)","content":"$!a.base64"}#if($foreach.hasNext),#end#end]}`,
		`#set($t = $esc.json("$!moContent")){"reply_id":"$moId","content":"$t"}`,
	} {
		f.Add(text, "\",\"reply_id\":\"2", "\u2028\x01", "stop", uint8(i))
	}
	f.Fuzz(func(t *testing.T, text, content, other, id string, kind uint8) {
		if !utf8.ValidString(content) || !utf8.ValidString(other) || strings.HasPrefix(content, "$") {
			t.Skip("payloads are UTF-8, and a number that begins with $ is an undefined reference")
		}
		event := fuzzedEvent(content, other, identifier(id), kind)
		problems := template.Check(t.Context(), text, messagemedia.EncodingJSON, []messagemedia.EventType{typeOf(event)})
		if len(problems) > 0 {
			return
		}
		payload, err := template.Render(t.Context(), text, event)
		require.NoError(t, err)
		parsed := webhook.Parse([]byte(payload))
		require.IsType(t, event, parsed, payload)
		want, got := reflect.ValueOf(event).Elem(), reflect.ValueOf(parsed).Elem()
		for i := range got.NumField() {
			if !got.Field(i).IsZero() && (got.Field(i).Kind() != reflect.Map || got.Field(i).Len() > 0) {
				require.Equal(t, want.Field(i).Interface(), got.Field(i).Interface(), "%s of %s", got.Type().Field(i).Name, payload)
			}
		}
	})
}

// identifier returns an ID in the format of the platform.
func identifier(text string) string {
	return "id-" + strings.Map(func(c rune) rune {
		if c < utf8.RuneSelf && (c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z') {
			return c
		}
		return -1
	}, text)
}

func fuzzedEvent(content, other, id string, kind uint8) webhook.Event {
	const number = "+61491570156"
	at := time.Date(2026, 9, 30, 8, 44, 0, 1e6, time.UTC)
	metadata := map[string]string{other: content, "a": other}
	switch kind % 4 {
	case 0:
		return &webhook.ReceivedSMS{ReplyID: id, SourceNumber: content, DestinationNumber: number, Content: content, OriginalText: other, ReceivedAt: at, Metadata: metadata}
	case 1:
		return &webhook.ReceivedMMS{ReplyID: id, SourceNumber: content, DestinationNumber: number, Content: other, Format: "MMS", ReceivedAt: at,
			Attachments: []webhook.Attachment{{ContentType: content, Name: other, Content: []byte(content + "x")}}, Metadata: metadata}
	case 2:
		return &webhook.OptOut{NotificationID: id, SourceNumber: content, DestinationNumber: number, Content: content, ReceivedAt: at, Metadata: metadata}
	}
	return &webhook.DeliveryReport{DeliveryReportID: id, MessageID: id, RecipientNumber: number, OriginalText: content, Status: webhook.StatusDelivered, StatusCode: 220, SubmittedAt: at, Metadata: metadata}
}

func typeOf(event webhook.Event) messagemedia.EventType {
	switch event.(type) {
	case *webhook.ReceivedSMS:
		return sms
	case *webhook.ReceivedMMS:
		return mms
	case *webhook.OptOut:
		return optOut
	}
	return report
}
