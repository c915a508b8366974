package benchmarks

import (
	"encoding/json"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

var benchEvent = &webhook.DeliveryReport{
	DeliveryReportID: "01e1fa0a-6e27-4945-9cdb-18644b4de043",
	MessageID:        "877c19ef-fa2e-4cec-827a-e1df9b5509f7",
	AccountID:        "DeveloperPortal7000",
	VendorID:         "MessageMedia",
	Format:           "SMS",
	RecipientNumber:  "+61491593156",
	OriginalText:     `Your table for "two" is ready. Reply YES to keep it.`,
	Status:           webhook.StatusDelivered,
	StatusCode:       220,
	BillingUnits:     new(1.0),
	SubmittedAt:      time.Date(2026, 9, 30, 8, 43, 0, 0, time.UTC),
	ReceivedAt:       time.Date(2026, 9, 30, 8, 44, 0, 0, time.UTC),
	Metadata:         map[string]string{"booking": "4711", "table": "12"},
}

// goTemplate renders the same text as JSONTemplate for a delivery report, with names for
// text/template instead of the platform's variables.
const goTemplate = `{
{{- if or .drId .status .statusCode}}
  "event": "DELIVERY_REPORT",
  "delivery_report_id": "{{json .drId}}",
  "status": "{{json .status}}",
  "error_code": "{{json .statusCode}}",
  "billing_units": "{{json .billingUnits}}",
{{- else}}
  "destination_number": "{{json .destinationAddress}}",
  "content": "{{json .moContent}}",
{{- end}}
  "message_id": "{{json .mtId}}",
  "account_id": "{{json .accountId}}",
  "vendor_id": "{{json .vendorId}}",
  "format": "{{json .format}}",
  "source_number": "{{json .sourceAddress}}",
  "original_text": "{{json .mtContent}}",
  "submitted_date": "{{json .submittedTimestamp}}",
  "date_received": "{{json .receivedTimestamp}}",
  "metadata": {
{{- range $i, $entry := .metadata}}{{if $i}},{{end}}
    "{{json $entry.Key}}": "{{json $entry.Value}}"
{{- end}}
  }
}`

type entry struct{ Key, Value string }

// goVariables are the variables for text/template.
func goVariables() map[string]any {
	return map[string]any{
		"drId": benchEvent.DeliveryReportID, "status": string(benchEvent.Status), "statusCode": "220", "billingUnits": "1",
		"mtId": benchEvent.MessageID, "accountId": benchEvent.AccountID, "vendorId": benchEvent.VendorID, "format": benchEvent.Format,
		"sourceAddress": benchEvent.RecipientNumber, "mtContent": benchEvent.OriginalText,
		"submittedTimestamp": "2026-09-30T08:43:00.000Z", "receivedTimestamp": "2026-09-30T08:44:00.000Z",
		"metadata": []entry{{"booking", "4711"}, {"table", "12"}},
	}
}

// escapeJSON is the hand-written escape function for text/template.
func escapeJSON(text string) (string, error) {
	quoted, err := json.Marshal(text)
	return strings.TrimSuffix(strings.TrimPrefix(string(quoted), `"`), `"`), err
}

func parseGoTemplate(tb testing.TB) *template.Template {
	parsed, err := template.New("").Funcs(template.FuncMap{"json": escapeJSON}).Parse(goTemplate)
	require.NoError(tb, err)
	return parsed
}

// TestBothSidesRenderTheSameText compares the output of both sides.
func TestBothSidesRenderTheSameText(t *testing.T) {
	t.Parallel()
	parsed, err := velocity.Parse(messagemedia.JSONTemplate)
	require.NoError(t, err)
	payload, err := parsed.Render(t.Context(), platform.Variables(benchEvent, 0), velocity.Options{})
	require.NoError(t, err)
	var other strings.Builder
	require.NoError(t, parseGoTemplate(t).Execute(&other, goVariables()))
	require.JSONEq(t, other.String(), payload)
	require.Equal(t, benchEvent, webhook.Parse([]byte(payload)))
}

// BenchmarkJSONTemplate renders a delivery report with a parsed template. The hand-written
// side uses text/template.
func BenchmarkJSONTemplate(b *testing.B) {
	b.Run("client=hand", func(b *testing.B) {
		parsed, variables := parseGoTemplate(b), goVariables()
		b.ReportAllocs()
		for b.Loop() {
			var out strings.Builder
			if err := parsed.Execute(&out, variables); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("client=sdk", func(b *testing.B) {
		parsed, err := velocity.Parse(messagemedia.JSONTemplate)
		require.NoError(b, err)
		variables := platform.Variables(benchEvent, 0)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parsed.Render(b.Context(), variables, velocity.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
