package messagemediatest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Send simulates an event. It calls the account's webhooks that are subscribed to the
// event's type, concurrently. For each webhook, Send renders the URL and the template,
// signs the request if a signature key is enabled, and sends it with the webhook's
// method, headers and ReadTimeout. If the response is not a 2xx, Send retries up to the
// webhook's Retries, without a delay unless [WithRetryDelays] is given. Without [ToHandler]
// or [ThroughClient], the requests go over the network to the host of the URL.
//
// A zero field of the event is undefined in the template: if ReplyID is empty, $replyId
// renders literally. $retryCount is the event's RetryCount plus the number of earlier
// attempts.
//
// Send returns an error if the event or an option is invalid, ctx ended or the server was
// closed. A failed delivery is not an error of Send: the result reports it.
func (s *Server) Send(ctx context.Context, event webhook.Event, options ...SendOption) (*SendResult, error) {
	const operation = "Send"
	settings, err := s.newSendSettings(options)
	if err != nil {
		return nil, sendError(operation, err)
	}
	eventType, err := platform.EventType(event)
	if err != nil {
		return nil, sendError(operation, err)
	}
	result := &SendResult{EventType: eventType}
	for _, webhook := range s.subscribed(settings.account, eventType) {
		result.Deliveries = append(result.Deliveries, DeliveryResult{Account: settings.account, Event: event, EventType: eventType, Webhook: webhook})
	}
	err = s.dispatch(ctx, settings, func(ctx context.Context) {
		var group sync.WaitGroup
		for i := range result.Deliveries {
			group.Go(func() { s.deliverToWebhook(ctx, &result.Deliveries[i], settings) })
		}
		group.Wait()
	})
	if err != nil {
		return result, sendError(operation, err)
	}
	return result, nil
}

// deliverToWebhook renders a webhook's template for the event and delivers the result.
func (s *Server) deliverToWebhook(ctx context.Context, d *DeliveryResult, settings *sendSettings) {
	templates, err := parseTemplates(d.Webhook)
	s.deliver(ctx, d, settings, func(tries int) (Attempt, error) {
		if err != nil {
			return Attempt{}, err
		}
		return templates.render(ctx, platform.Variables(d.Event, tries), settings.unescapedURLValues)
	})
}

// SendToCallbackURL simulates an event of a message that was sent with a callback_url. It
// POSTs the reply or delivery report to the URL in the platform's fixed JSON format,
// independently of any webhooks. It signs the request like those to webhooks. It makes
// one attempt: the platform's number of attempts is not documented. Opt-outs are not sent
// to callback URLs.
//
// SendToCallbackURL returns an error if the URL, the event or an option is invalid, ctx
// ended or the server was closed.
func (s *Server) SendToCallbackURL(ctx context.Context, callbackURL string, event webhook.Event, options ...SendOption) (*DeliveryResult, error) {
	const operation = "SendToCallbackURL"
	settings, err := s.newSendSettings(options)
	if err != nil {
		return nil, sendError(operation, err)
	}
	if problem := urlProblem(callbackURL); problem != "" {
		return nil, sendError(operation, fmt.Errorf("callback URL: %s", problem))
	}
	payload, err := platform.CallbackPayload(event, callbackURL)
	if err != nil {
		return nil, sendError(operation, err)
	}
	eventType, _ := platform.EventType(event) // a report to a callback URL can have any status
	result := &DeliveryResult{Account: settings.account, Event: event, EventType: eventType, Webhook: messagemedia.Webhook{
		URL: callbackURL, Method: http.MethodPost, Encoding: messagemedia.EncodingJSON,
	}}
	err = s.dispatch(ctx, settings, func(ctx context.Context) {
		s.deliver(ctx, result, settings, func(int) (Attempt, error) {
			return newAttempt(result.Webhook, callbackURL, payload), nil
		})
	})
	if err != nil {
		return result, sendError(operation, err)
	}
	return result, nil
}

// dispatch runs deliveries until they are done, ctx ends, or the server is closed.
func (s *Server) dispatch(ctx context.Context, settings *sendSettings, deliveries func(context.Context)) error {
	if ctx == nil {
		return errors.New("ctx must not be nil")
	}
	caller := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.shutdownCtx, func() { cancel(errClosed) })()
	if settings.handler != nil {
		receiver := newHandlerServer(settings.handler)
		defer receiver.close()
		settings.client = receiver.client
	}
	settings.client = withoutRedirects(settings.client)
	deliveries(ctx)
	if err := caller.Err(); err != nil {
		return err
	}
	if s.shutdownCtx.Err() != nil {
		return errClosed
	}
	return nil
}

var errClosed = errors.New("the server is closed")

func sendError(operation string, err error) error {
	return fmt.Errorf("messagemediatest: %s: %w", operation, err)
}

// withoutRedirects returns a copy of a client that does not follow redirects. The
// platform treats a redirect as a failure.
func withoutRedirects(client *http.Client) *http.Client {
	copied := *client
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &copied
}
