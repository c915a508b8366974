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

// Send simulates an event: it renders the template and the URL of each webhook of
// the account that is subscribed to the event's type, signs the request if a
// signature key is enabled, and sends it with the webhook's method, headers and
// ReadTimeout, until it is acknowledged with 2xx or the webhook's Retries are used up.
// Send calls the webhooks concurrently.
//
// A zero field of the event is undefined in the template: an event without a ReplyID
// renders $replyId literally. RetryCount counts from the event's own.
//
// Send returns an error if the event or an option is invalid, the context ended or the
// server was closed. What a receiver responds is not an error: the result has it.
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

// deliverToWebhook renders a webhook's template for the event, and delivers that.
func (s *Server) deliverToWebhook(ctx context.Context, d *DeliveryResult, settings *sendSettings) {
	templates, err := parseTemplates(d.Webhook)
	s.deliver(ctx, d, settings, func(tries int) (Attempt, error) {
		if err != nil {
			return Attempt{}, err
		}
		return templates.render(ctx, platform.Variables(d.Event, tries), settings.unescapedURLValues)
	})
}

// SendToCallbackURL simulates an event of a message that was sent with a callback_url:
// it POSTs the reply or delivery report there, whatever webhooks exist, in the
// platform's fixed JSON form, once, without headers of a webhook. The request is signed
// as those to webhooks are. Opt-outs are not sent to callback URLs.
//
// It returns an error if the URL, the event or an option is invalid, the context ended
// or the server was closed. How often the platform tries is not documented.
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
	eventType, _ := platform.EventType(event) // a report can have another status here
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

// dispatch runs deliveries until they have ended, the context ends, or the server is
// closed.
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

// withoutRedirects copies a client: to the platform a redirect is a failure like
// any other.
func withoutRedirects(client *http.Client) *http.Client {
	copied := *client
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &copied
}
