// Command lambda receives deliveries in AWS Lambda, behind an API Gateway (REST or HTTP),
// an Application Load Balancer, or a function URL.
//
// It converts the event of each to a webhook.RawRequest, and responds with Handler.HandleRaw,
// which makes the same checks and responses as the handler for net/http. Use it if your receiver
// has no HTTP server. Copy events.go.
//
// Set WEBHOOK_TOKEN to the token that each delivery carries in X-Webhook-Token. To accept signed
// deliveries, set SIGNATURE_KEY_ID, SIGNATURE_DIGEST and SIGNATURE_PUBLIC_KEY to the values that
// the API returned. If a signed delivery arrives with another path than the platform called, set
// PUBLIC_URL to the webhook's URL.
//
// Outside Lambda it handles one sample event and prints the response:
//
//	go -C examples/lambda run .
//
// It follows AWS's documentation of the events. It has not been run in AWS.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		if err := demonstrate(context.Background(), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "lambda:", err)
			os.Exit(1)
		}
		return
	}
	f, err := newFunction(os.Getenv, slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "lambda:", err)
		os.Exit(1)
	}
	lambda.Start(f.invoke)
}

// function has the handlers of Lambda's events.
type function struct{ handler *webhook.Handler }

// newFunction creates the handler, once for all events of this instance.
func newFunction(getenv func(string) string, logger *slog.Logger) (*function, error) {
	scheme, err := newScheme(getenv)
	if err != nil {
		return nil, err
	}
	var options []webhook.VerifierOption
	if publicURL := getenv("PUBLIC_URL"); publicURL != "" {
		options = append(options, webhook.WithPublicURL(publicURL))
	}
	verifier, err := webhook.NewVerifier(scheme, options...)
	if err != nil {
		return nil, err
	}
	handler, err := webhook.NewHandler(verifier, newCallback(logger), webhook.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	return &function{handler}, nil
}

// newScheme returns the scheme for the variables that are set. If both the token and the
// signature key are set, it accepts either, so that you can migrate from one to the other.
func newScheme(getenv func(string) string) (webhook.Scheme, error) {
	var schemes []webhook.Scheme
	if id := getenv("SIGNATURE_KEY_ID"); id != "" {
		key, err := webhook.ParseKey(id, messagemedia.Digest(getenv("SIGNATURE_DIGEST")), getenv("SIGNATURE_PUBLIC_KEY"))
		if err != nil {
			return nil, err
		}
		schemes = append(schemes, webhook.Signed(webhook.NewKeySet(key)))
	}
	if token := getenv("WEBHOOK_TOKEN"); token != "" {
		schemes = append(schemes, webhook.HeaderToken("X-Webhook-Token", token))
	}
	switch len(schemes) {
	case 0:
		return nil, errors.New("set WEBHOOK_TOKEN, or SIGNATURE_KEY_ID, SIGNATURE_DIGEST and SIGNATURE_PUBLIC_KEY")
	case 1:
		return schemes[0], nil
	}
	return webhook.AnyOf(schemes...), nil
}

// newCallback returns the callback. A service would store the delivery here, in a queue or in a
// table with the dedupe key as a unique column, and return nil only once it is stored. Don't keep
// deliveries or a deduplicator in memory: the next delivery may go to another instance.
func newCallback(logger *slog.Logger) func(context.Context, *webhook.Delivery) error {
	return func(ctx context.Context, d *webhook.Delivery) error {
		logger.InfoContext(ctx, "delivery", "delivery", d, "dedupe_key", d.DedupeKey())
		return nil
	}
}

// demonstrate handles the sample event of a function URL.
func demonstrate(ctx context.Context, out io.Writer) error {
	fmt.Fprintln(out, "Not running in Lambda: handling a sample event.")
	f, err := newFunction(func(name string) string {
		return map[string]string{"WEBHOOK_TOKEN": sampleToken}[name]
	}, slog.New(slog.NewTextHandler(out, nil)))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n\n", sampleEvent)
	response, err := f.invoke(ctx, []byte(sampleEvent))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", asJSON(response))
	return nil
}
