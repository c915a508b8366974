package messagemediatest_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestTheProgressOfADeliveryIsObserved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		var ids []string
		start := time.Now()
		observe := func(p messagemediatest.DeliveryProgress) {
			line := fmt.Sprintf("at %v: %d attempts, done %t", time.Since(start), len(p.Delivery.Attempts), p.Done)
			if n := len(p.Delivery.Attempts); n > 0 {
				line += fmt.Sprintf(", %d, wait %v", p.Delivery.Attempts[n-1].Status, p.Delivery.Attempts[n-1].Wait)
				p.Delivery.Attempts[0].Header.Set("User-Agent", "changed")
				p.Delivery.Attempts[0].RequestBody[0] = 'x'
			}
			seen, ids = append(seen, line), append(ids, p.ID)
			assert.Equal(t, sms, p.Delivery.Event)
			assert.Equal(t, messagemedia.EventReceivedSMS, p.Delivery.EventType)
			assert.Equal(t, "branch", p.Delivery.Account)
		}
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork(), messagemediatest.WithDeliveryObserver(observe))
		subscribe(t, api.Client().ForAccount("branch"), func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.RetryDelay = 2, time.Minute })

		result := mustSend(t, api, sms, messagemediatest.ToHandler(responding(503, 204)), messagemediatest.ToAccount("branch"), messagemediatest.WithRetryDelays())
		assert.Equal(t, []string{
			"at 0s: 0 attempts, done false",
			"at 0s: 1 attempts, done false, 503, wait 1m0s",
			"at 1m0s: 2 attempts, done true, 204, wait 0s",
		}, seen)
		assert.NotEmpty(t, ids[0])
		assert.Equal(t, []string{ids[0], ids[0], ids[0]}, ids)
		attempt := result.Deliveries[0].Attempts[0]
		assert.Equal(t, "messagemediatest", attempt.Header.Get("User-Agent"), "the observer has a copy")
		assert.Equal(t, byte('{'), attempt.RequestBody[0])
		assert.Equal(t, time.Minute, attempt.Wait)
	})
}

func TestADeliveryThatCannotBeRenderedIsObserved(t *testing.T) {
	t.Parallel()
	var seen []messagemediatest.DeliveryProgress
	api := messagemediatest.NewServer(t, messagemediatest.WithDeliveryObserver(func(p messagemediatest.DeliveryProgress) { seen = append(seen, p) }))
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Template = "#if(" })
	mustSend(t, api, sms)
	require.Len(t, seen, 2)
	assert.False(t, seen[0].Done)
	assert.True(t, seen[1].Done)
	assert.ErrorContains(t, seen[1].Delivery.Err, "the template")
}

func TestCallsOfTheDeliveryObserverAreSerializedAndMaySend(t *testing.T) {
	t.Parallel()
	var api *messagemediatest.Server
	var active, calls, done atomic.Int64
	api = messagemediatest.NewServer(t, messagemediatest.WithDeliveryObserver(func(p messagemediatest.DeliveryProgress) {
		assert.EqualValues(t, 1, active.Add(1))
		if calls.Add(1) == 1 {
			mustSend(t, api, sms, messagemediatest.ToHandler(http.NotFoundHandler()))
		}
		if p.Done {
			done.Add(1)
		}
		active.Add(-1)
	}))
	for i := range 8 {
		subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.URL += fmt.Sprint(i) })
	}
	mustSend(t, api, sms, messagemediatest.ToHandler(http.NotFoundHandler()))
	assert.EqualValues(t, 16, done.Load(), "Send returns after the observer was called")
	assert.EqualValues(t, 32, calls.Load())
}

func TestADeliveryObserverThatPanicsIsCalledAgain(t *testing.T) {
	t.Parallel()
	calls := 0
	api := messagemediatest.NewServer(t, messagemediatest.WithDeliveryObserver(func(messagemediatest.DeliveryProgress) {
		if calls++; calls == 1 {
			panic(http.ErrAbortHandler)
		}
	}))
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		api.SendToCallbackURL(t.Context(), "http://h.test/", sms, messagemediatest.ToHandler(http.NotFoundHandler()))
	})
	_, err := api.SendToCallbackURL(t.Context(), "http://h.test/", sms, messagemediatest.ToHandler(http.NotFoundHandler()))
	require.NoError(t, err)
	assert.Equal(t, 3, calls)
}
