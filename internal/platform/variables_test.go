package platform_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// completeEvents has an event of each type, with a different value in each field.
func completeEvents(submitted time.Time) []webhook.Event {
	metadata := map[string]string{"b": "2", "a": "1"}
	return []webhook.Event{
		&webhook.DeliveryReport{DeliveryReportID: "id", MessageID: "mt", AccountID: "account", VendorID: "vendor", Format: "SMS", RecipientNumber: "source",
			OriginalText: "text", Status: "failed", StatusCode: 400, BillingUnits: new(0.0), SubmittedAt: submitted, ReceivedAt: submitted.Add(time.Hour), RetryCount: 2, Metadata: metadata},
		&webhook.ReceivedSMS{ReplyID: "id", MessageID: "mt", AccountID: "account", VendorID: "vendor", Format: "SMS", SourceNumber: "source", DestinationNumber: "destination",
			Content: "content", OriginalText: "text", SubmittedAt: submitted, ReceivedAt: submitted.Add(time.Hour), RetryCount: 2, Metadata: metadata},
		&webhook.ReceivedMMS{ReplyID: "id", MessageID: "mt", AccountID: "account", VendorID: "vendor", Format: "MMS", SourceNumber: "source", DestinationNumber: "destination",
			Content: "content", Attachments: []webhook.Attachment{{ContentType: "image/png", Name: "a.png", Content: []byte{0xfb, 0xff, 0xbf}}},
			OriginalText: "text", SubmittedAt: submitted, ReceivedAt: submitted.Add(time.Hour), RetryCount: 2, Metadata: metadata},
		&webhook.OptOut{NotificationID: "id", MessageID: "mt", AccountID: "account", VendorID: "vendor", Format: "SMS", SourceNumber: "source", DestinationNumber: "destination",
			Content: "content", OriginalText: "text", SubmittedAt: submitted, ReceivedAt: submitted.Add(time.Hour), RetryCount: 2, Metadata: metadata},
	}
}

func render(t *testing.T, text string, variables *velocity.Map) string {
	t.Helper()
	parsed, err := velocity.Parse(text)
	require.NoError(t, err)
	output, err := parsed.Render(t.Context(), variables, velocity.Options{})
	require.NoError(t, err)
	return output
}

// TestTheVariablesOfEachEventType checks the variables against the documentation's table,
// under all their names, including the undefined ones.
func TestTheVariablesOfEachEventType(t *testing.T) {
	t.Parallel()
	const message = " $mtId $messageId $accountId $vendorId $sourceAddress $mtContent $messageContent" +
		" $submittedTimestamp $receivedTimestamp $retryCount $metadata" +
		" $drId $reportId $status $statusCode $billingUnits $moId $replyId $destinationAddress $moContent $replyContent $notificationId"
	const common = " mt mt account vendor source text text 2026-09-30T08:43:00.850Z 2026-09-30T09:43:00.850Z 5 {a=1, b=2}"
	const attachment = " $attachments[0].contentType $attachments[0].getOriginalName() $attachments[0].base64 $attachments[0].get('base64')"
	events := completeEvents(time.Date(2026, 9, 30, 18, 43, 0, 850e6, time.FixedZone("", 10*3600)))
	for i, want := range []string{
		"SMS SMS" + common + " id id failed 400 0 $moId $replyId $destinationAddress $moContent $replyContent $notificationId" + attachment,
		"SMS SMS" + common + " $drId $reportId $status $statusCode $billingUnits id id destination content content $notificationId" + attachment,
		"MMS MMS" + common + " $drId $reportId $status $statusCode $billingUnits id id destination content content $notificationId image/png a.png +/+/ $attachments[0].get('base64')",
		"SMS SMS" + common + " $drId $reportId $status $statusCode $billingUnits $moId $replyId destination content content id" + attachment,
	} {
		assert.Equal(t, want, render(t, "$format $type"+message+attachment, platform.Variables(events[i], 3)), "%T", events[i])
	}
	assert.Nil(t, platform.Variables(&webhook.UnparsedEvent{}, 0))
	assert.Nil(t, platform.Variables(nil, 0))
}

// TestZeroFieldsAreUndefined has zero events.
func TestZeroFieldsAreUndefined(t *testing.T) {
	t.Parallel()
	for want, event := range map[string][]webhook.Event{
		"retryCount":             {&webhook.DeliveryReport{}, &webhook.ReceivedSMS{}, &webhook.OptOut{}},
		"format type retryCount": {&webhook.ReceivedMMS{}, &webhook.ReceivedMMS{Attachments: []webhook.Attachment{}}},
		"retryCount attachments": {&webhook.ReceivedMMS{Attachments: []webhook.Attachment{{}}}},
		"retryCount metadata":    {&webhook.ReceivedSMS{Metadata: map[string]string{}}},
	} {
		for _, event := range event {
			var names []string
			for variable := range platform.Variables(event, 0).All() {
				names = append(names, string(variable.Key.(velocity.String)))
			}
			assert.Equal(t, strings.Fields(want), names, "%T", event)
		}
	}
}

// TestAStatusCodeIsAString follows the vendor's templates and payloads. Templates compare
// numbers and strings differently.
func TestAStatusCodeIsAString(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "false true", render(t, "#if($statusCode >= 300)true#{else}false#end #if($retryCount >= 2)true#{else}false#end", platform.Variables(&webhook.DeliveryReport{StatusCode: 400}, 2)))
}

// TestJSONTemplateWithUndocumentedPlatformBehavior checks that JSONTemplate does not depend
// on undocumented behavior.
func TestJSONTemplateWithUndocumentedPlatformBehavior(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		variables func(*velocity.Map)
		payload   func(string) string
	}{
		"numbers are numbers": {variables: func(v *velocity.Map) {
			if code, ok := v.Get("statusCode").(velocity.String); ok {
				n, _ := strconv.Atoi(string(code))
				v.Set("statusCode", velocity.Integer(n))
			}
		}},
		"numbers are strings": {variables: func(v *velocity.Map) {
			if units, ok := v.Get("billingUnits").(velocity.Integer); ok {
				v.Set("billingUnits", velocity.String(strconv.Itoa(int(units))))
			}
		}},
		"$esc.json escapes slashes": {payload: func(payload string) string { return strings.ReplaceAll(payload, "/", `\/`) }},
		"$esc.json escapes non-ASCII characters": {payload: func(payload string) string {
			var out strings.Builder
			for _, character := range payload {
				if character < 0x80 {
					out.WriteRune(character)
					continue
				}
				for _, unit := range utf16.Encode([]rune{character}) {
					fmt.Fprintf(&out, `\u%04X`, unit)
				}
			}
			return out.String()
		}},
		"$esc.json also escapes for HTML": {payload: strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace},
		"the payload has CRLF line ends":  {payload: func(payload string) string { return strings.ReplaceAll(payload, "\n", "\r\n") }},
		"the platform has more variables": {variables: func(v *velocity.Map) { v.Set("channel", velocity.String("SMS")) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, event := range otherEvents() {
				variables := platform.Variables(event, 0)
				if c.variables != nil {
					c.variables(variables)
				}
				payload := render(t, messagemedia.JSONTemplate, variables)
				if c.payload != nil {
					payload = c.payload(payload)
				}
				assert.Equal(t, event, webhook.Parse([]byte(payload)))
			}
		})
	}
}

// otherEvents has an event of each type, with texts that need escaping.
func otherEvents() []webhook.Event {
	const text = "</a> \"é😀\" \\ 'x' \n\u2028 &"
	at := time.Date(2026, 9, 30, 8, 43, 0, 0, time.UTC)
	return []webhook.Event{
		&webhook.DeliveryReport{DeliveryReportID: "1", OriginalText: text, Status: webhook.StatusFailed, StatusCode: 400, BillingUnits: new(0.0), SubmittedAt: at, Metadata: map[string]string{text: text}},
		&webhook.ReceivedSMS{ReplyID: "1", Content: text, ReceivedAt: at, Metadata: map[string]string{text: text}},
		&webhook.ReceivedMMS{ReplyID: "1", Content: text, Metadata: map[string]string{text: text}, Attachments: []webhook.Attachment{{Name: text, Content: []byte{0xfb, 0xff, 0xbf}}}},
		&webhook.OptOut{NotificationID: "1", Content: text, Metadata: map[string]string{text: text}},
	}
}

// TestEmptyMetadataEqualsNone compares an event with empty metadata and one without any.
func TestEmptyMetadataEqualsNone(t *testing.T) {
	t.Parallel()
	without := render(t, messagemedia.JSONTemplate, platform.Variables(&webhook.ReceivedSMS{ReplyID: "1"}, 0))
	empty := render(t, messagemedia.JSONTemplate, platform.Variables(&webhook.ReceivedSMS{ReplyID: "1", Metadata: map[string]string{}}, 0))
	assert.Equal(t, without, empty)
}

// TestJSONTemplateWithEachSetOfFields omits every combination of the fields of each event
// type, except for the field that identifies the type.
func TestJSONTemplateWithEachSetOfFields(t *testing.T) {
	t.Parallel()
	parsed, err := velocity.Parse(messagemedia.JSONTemplate)
	require.NoError(t, err)
	for i, kind := range []string{"Status", "ReplyID", "Format", "NotificationID"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			complete := reflect.ValueOf(completeEvents(time.Date(2026, 9, 30, 8, 43, 0, 850e6, time.UTC))[i]).Elem()
			complete.FieldByName("RetryCount").SetInt(0) // omitted, so that retries are equal
			optional := slices.DeleteFunc(slices.Collect(complete.Type().Fields()), func(f reflect.StructField) bool { return f.Name == kind || f.Name == "RetryCount" })
			for missing := range 1 << len(optional) {
				value := reflect.New(complete.Type())
				value.Elem().Set(complete)
				for i, field := range optional {
					if missing&(1<<i) != 0 {
						value.Elem().FieldByIndex(field.Index).SetZero()
					}
				}
				event := value.Interface().(webhook.Event)
				payload, err := parsed.Render(t.Context(), platform.Variables(event, 0), velocity.Options{})
				require.NoError(t, err)
				got := webhook.Parse([]byte(payload))
				if metadata := reflect.ValueOf(got).Elem().FieldByName("Metadata"); metadata.Len() == 0 {
					metadata.SetZero() // nil and empty are equal
				}
				if !reflect.DeepEqual(event, got) {
					require.Equal(t, event, got, "%s", payload)
				}
			}
		})
	}
}
