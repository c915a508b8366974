package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// The function deliver, at the end of this file, sends a signed delivery to a handler.
// platformKey is the key that CreateSignatureKey returned.

func ExampleNewHandler() {
	key, err := webhook.ParseKey(platformKey.ID, platformKey.Digest, platformKey.PublicKey)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(key)))
	if err != nil {
		log.Fatal(err)
	}
	handler, err := webhook.NewHandler(verifier, func(ctx context.Context, d *webhook.Delivery) error {
		switch event := d.Event.(type) {
		case *webhook.ReceivedSMS:
			fmt.Printf("%s texted %q\n", event.SourceNumber, event.Content)
		case *webhook.DeliveryReport:
			fmt.Printf("message %s: %s\n", event.MessageID, event.Status)
		case *webhook.UnparsedEvent:
			fmt.Println(event.Err)
		}
		return nil // only once the event is stored: the platform will not send it again
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/sms", handler)

	fmt.Println(deliver(mux, `{"reply_id":"d3c2","source_number":"+61491570156","content":"Hello"}`))
	fmt.Println(deliver(mux, `{"delivery_report_id":"9f01","message_id":"877c","status":"delivered"}`))
	fmt.Println(deliver(mux, `Hello from a template of your own`))
	// Output:
	// +61491570156 texted "Hello"
	// 204
	// message 877c: delivered
	// 204
	// webhook: parse payload: not a JSON object
	// 204
}

// Authenticate and parse a delivery in a framework that has an *http.Request.
func ExampleVerifier_Verify() {
	verifier := exampleVerifier()
	receive := func(w http.ResponseWriter, r *http.Request) {
		delivery, err := verifier.Verify(r)
		switch {
		case errors.Is(err, webhook.ErrKeySource):
			w.WriteHeader(http.StatusServiceUnavailable) // the delivery may be valid
			return
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Println(delivery.Method, delivery.Target, string(delivery.Body))
		w.WriteHeader(http.StatusNoContent)
	}

	fmt.Println(deliver(http.HandlerFunc(receive), "payload"))
	// Output:
	// POST /hooks/sms payload
	// 204
}

// Authenticate and parse a delivery in a function as a service. The path and the query must
// be those of the request line, byte for byte.
func ExampleVerifier_VerifyRaw() {
	type gatewayEvent struct {
		Method, RawPath, RawQuery string
		Headers                   map[string]string
		Body                      string
	}
	verifier := exampleVerifier()
	function := func(ctx context.Context, event gatewayEvent) (status int) {
		header := http.Header{}
		for name, value := range event.Headers {
			header.Set(name, value)
		}
		target := event.RawPath
		if event.RawQuery != "" {
			target += "?" + event.RawQuery
		}
		delivery, err := verifier.VerifyRaw(ctx, webhook.RawRequest{
			Method: event.Method, Target: target, Header: header, Body: []byte(event.Body),
		})
		if err != nil {
			return http.StatusUnauthorized
		}
		fmt.Println(string(delivery.Body))
		return http.StatusNoContent
	}

	event := gatewayEvent{Method: "POST", RawPath: "/hooks/sms", RawQuery: "tenant=7", Body: "payload", Headers: map[string]string{}}
	for name, values := range signedHeader("POST", "/hooks/sms?tenant=7", "payload") {
		event.Headers[strings.ToLower(name)] = values[0]
	}
	fmt.Println(function(context.Background(), event))
	event.RawQuery = "tenant=8"
	fmt.Println(function(context.Background(), event))
	// Output:
	// payload
	// 204
	// 401
}

// Parse the payload of your own JSON template.
func ExampleDelivery() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		var order struct {
			Number   int    `json:"order"`
			Response string `json:"response"`
		}
		if err := json.Unmarshal(d.Body, &order); err != nil {
			return err
		}
		fmt.Println(order.Number, order.Response)
		return nil
	})
	fmt.Println(deliver(handler, `{"order":7,"response":"YES"}`))
	// Output:
	// 7 YES
	// 204
}

// Parse the payload of a webhook with EncodingForm. For a GET request, parse the query.
func ExampleParseValues() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		form, err := url.ParseQuery(string(d.Body))
		if err != nil {
			return err
		}
		if sms, ok := webhook.ParseValues(form).(*webhook.ReceivedSMS); ok {
			fmt.Println(sms.SourceNumber, sms.Content)
		}
		return nil
	})
	fmt.Println(deliver(handler, `reply_id=d3c2&source_number=%2B61491570156&content=Hi+%26+bye`))
	// Output:
	// +61491570156 Hi & bye
	// 204
}

func ExampleWithDeduplicator() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		fmt.Println("handled")
		return nil
	}, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))

	const payload = `{"reply_id":"d3c2","content":"YES"}`
	fmt.Println(deliver(handler, payload))
	fmt.Println(deliver(handler, payload)) // the first response was lost
	// Output:
	// handled
	// 204
	// 204
}

// Identify duplicates if your own template has the ID under a name that Parse does not know.
func ExampleWithDedupeKey() {
	key := func(d *webhook.Delivery) string {
		var own struct{ ID string }
		if err := json.Unmarshal(d.Body, &own); err != nil {
			return "" // always handle it
		}
		return own.ID
	}
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		fmt.Printf("handled %s\n", d.Body)
		return nil
	}, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)), webhook.WithDedupeKey(key))

	deliver(handler, `{"id":"d3c2"}`)
	deliver(handler, `{"id":"d3c2"}`)
	// Output: handled {"id":"d3c2"}
}

// Write the key to a unique column in the same transaction as the effect. Duplicates are then
// detected across all instances.
func ExampleDelivery_DedupeKey() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		fmt.Printf("%q\n", d.DedupeKey())
		return nil
	})
	deliver(handler, `{"delivery_report_id":"9f01","status":"delivered","error_code":"220"}`)
	deliver(handler, `{"reply_id":"d3c2","content":"YES"}`)
	deliver(handler, `YES`)
	// Output:
	// "1-c23e73230bae8c9bbcddc64f156041d0df8b64ffb472c3a1953fe25947acc3d2"
	// "1-0b938a58d61d06c0744378dd8684450ef700becf12c612149a9f29fe8b57a3de"
	// ""
}

// Parse a payload that was verified before it was stored in a queue or a table.
func ExampleParse() {
	for _, payload := range []string{
		`{"notification_id":"0b5a","source_number":"+61491570156","content":"STOP"}`,
		`{"reply_id":"d3c2","content":"Hi","content":"Send me money"}`,
	} {
		switch event := webhook.Parse([]byte(payload)).(type) {
		case *webhook.OptOut:
			fmt.Println(event.SourceNumber, "wants no more messages")
		case *webhook.UnparsedEvent:
			fmt.Println(event.Err)
		}
	}
	// Output:
	// +61491570156 wants no more messages
	// webhook: parse payload: content occurs twice
}

func ExampleStatusCode_Description() {
	fmt.Println(webhook.StatusCode(332).Description())
	// Output: there is no route to the destination
}

// Handle a delivery in a function as a service.
func ExampleHandler_HandleRaw() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		return errors.New("the database is down")
	})
	response := handler.HandleRaw(context.Background(), webhook.RawRequest{
		Method: "POST",
		Target: "/hooks/sms?tenant=7", // the target of the request line, byte for byte
		Header: signedHeader("POST", "/hooks/sms?tenant=7", "payload"),
		Body:   []byte("payload"),
	})
	fmt.Println(response.Status, response.Header)
	// Output: 503 map[Retry-After:[5]]
}

// Count the outcomes, and see when a token is no longer used.
func ExampleWithObserver() {
	handler := exampleHandler(exampleVerifier(), func(context.Context, *webhook.Delivery) error { return nil },
		webhook.WithObserver(func(_ context.Context, o webhook.DeliveryOutcome) {
			fmt.Println(o.Status, o.Reason, o.Scheme, o.EventKind)
		}))
	deliver(handler, `{"reply_id":"d3c2"}`)
	handler.HandleRaw(context.Background(), webhook.RawRequest{Method: "POST", Target: "/hooks/sms"})
	// Output:
	// 204 handled signature RECEIVED_SMS
	// 401 missing_header
}

func ExampleStatus_Final() {
	status := webhook.StatusDelivered
	for _, report := range []webhook.Status{webhook.StatusSubmitted, webhook.StatusRead} { // in the order of arrival
		if report.Final() || !status.Final() {
			status = report
		}
	}
	fmt.Println(status)
	// Output: read
}

func ExampleAttachment_FileName() {
	fmt.Println(webhook.Attachment{ContentType: "image/jpeg", Name: "../../etc/cat.php.jpeg"}.FileName())
	fmt.Println(webhook.Attachment{ContentType: "text/html", Name: "page.html"}.FileName())
	// Output:
	// cat_php.jpg
	// page.bin
}

func exampleHandler(verifier *webhook.Verifier, callback callback, options ...webhook.HandlerOption) *webhook.Handler {
	handler, err := webhook.NewHandler(verifier, callback, options...)
	if err != nil {
		log.Fatal(err)
	}
	return handler
}

func exampleVerifier() *webhook.Verifier {
	key, err := webhook.ParseKey(platformKey.ID, platformKey.Digest, platformKey.PublicKey)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(key)))
	if err != nil {
		log.Fatal(err)
	}
	return verifier
}

// deliver sends a signed payload, and returns the status of the response.
func deliver(handler http.Handler, payload string) int {
	r := httptest.NewRequest("POST", "/hooks/sms", strings.NewReader(payload))
	r.Header = signedHeader("POST", "/hooks/sms", payload)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}

func signedHeader(method, target, body string) http.Header {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if err := signer.Sign(r); err != nil {
		log.Fatal(err)
	}
	return r.Header
}
