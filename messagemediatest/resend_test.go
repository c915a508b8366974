package messagemediatest_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestResendSendsTheSameRequestAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		var headers []http.Header
		receiver := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies, headers = append(bodies, r.Method+" "+r.RequestURI+" "+string(body)), append(headers, r.Header)
			w.WriteHeader([]int{503, 204, 503, 204}[len(bodies)-1])
		})
		var seen []messagemediatest.DeliveryProgress
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork(),
			messagemediatest.WithDeliveryObserver(func(p messagemediatest.DeliveryProgress) { seen = append(seen, p) }))
		client := api.Client()
		enableKey(t, api, client)
		hook := subscribe(t, client, func(r *messagemedia.CreateWebhookRequest) {
			r.URL += "?text=$moContent"
			r.Template = "$retryCount $moId"
			r.Headers = map[string]string{"X-Webhook-Token": "secret"}
			r.Retries = 1
		})
		first := mustSend(t, api, sms, messagemediatest.ToHandler(receiver)).Deliveries[0]
		require.NoError(t, client.DeleteWebhook(t.Context(), hook.ID))

		time.Sleep(time.Hour)
		again, err := api.Resend(t.Context(), first, messagemediatest.ToHandler(receiver))
		require.NoError(t, err)
		require.Len(t, again.Attempts, 2, "the delivery is retried like the first one")
		assert.True(t, again.Acknowledged())
		assert.Equal(t, []string{
			"POST /hooks/sms?text=%22Yes%22%20%26%20more 0 a175e797",
			"POST /hooks/sms?text=%22Yes%22%20%26%20more 1 a175e797",
			"POST /hooks/sms?text=%22Yes%22%20%26%20more 1 a175e797",
			"POST /hooks/sms?text=%22Yes%22%20%26%20more 1 a175e797",
		}, bodies)
		assert.Equal(t, "secret", headers[2].Get("X-Webhook-Token"))
		assert.NotEqual(t, headers[1].Get("Date"), headers[2].Get("Date"), "each request is signed")
		assert.NotEqual(t, headers[1].Get("X-MessageMedia-Signature"), headers[2].Get("X-MessageMedia-Signature"))
		assert.NotEqual(t, seen[0].ID, seen[len(seen)-1].ID, "Resend creates a new delivery")
		assert.Equal(t, sms, seen[len(seen)-1].Delivery.Event)
		assert.Len(t, first.Attempts, 2, "the first one is unchanged")
	})
}

func TestResendRejectsInvalidArguments(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	_, err := api.Resend(t.Context(), messagemediatest.DeliveryResult{})
	assert.EqualError(t, err, "messagemediatest: Resend: the delivery has no attempt to send again")

	subscribe(t, api.Client(), unchanged)
	delivery := mustSend(t, api, sms, messagemediatest.ToHandler(responding(204))).Deliveries[0]
	_, err = api.Resend(t.Context(), delivery, messagemediatest.ToHandler(nil))
	assert.EqualError(t, err, "messagemediatest: Resend: ToHandler: handler must not be nil")

	ended, end := context.WithCancel(t.Context())
	end()
	_, err = api.Resend(ended, delivery, messagemediatest.ToHandler(responding(204)))
	assert.ErrorIs(t, err, context.Canceled)
}
