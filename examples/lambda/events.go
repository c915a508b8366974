package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// invoke handles an event of any of the four triggers. If your function has only one trigger,
// pass the method for that trigger to lambda.Start instead.
func (f *function) invoke(ctx context.Context, event json.RawMessage) (any, error) {
	var shape struct {
		Version        string
		HTTPMethod     string
		RequestContext struct {
			ELB        *struct{}
			DomainName string
		}
	}
	if err := json.Unmarshal(event, &shape); err != nil {
		return nil, err
	}
	switch {
	case shape.RequestContext.ELB != nil:
		return invokeAs(ctx, event, f.loadBalancer)
	case shape.Version == "2.0" && strings.Contains(shape.RequestContext.DomainName, ".lambda-url."):
		return invokeAs(ctx, event, f.functionURL)
	case shape.Version == "2.0":
		return invokeAs(ctx, event, f.httpAPI)
	case shape.HTTPMethod != "":
		return invokeAs(ctx, event, f.restAPI)
	}
	return nil, errors.New("unsupported event: must be of an API Gateway, an Application Load Balancer or a function URL")
}

func invokeAs[Event, Response any](ctx context.Context, data []byte, handle func(context.Context, Event) (Response, error)) (any, error) {
	var event Event
	if err := json.Unmarshal(data, &event); err != nil {
		return nil, fmt.Errorf("%T: %w", event, err)
	}
	return handle(ctx, event)
}

// restAPI handles events of API Gateway's REST APIs, and of its HTTP APIs with payload format
// 1.0. The path is the one that was called, including the stage. The event has the query in
// decoded form, so signatures can be verified only if the URL has no query. Tokens in the query
// can be checked.
func (f *function) restAPI(ctx context.Context, e events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	path := e.RequestContext.Path
	if path == "" {
		path = e.Path
	}
	response := f.handle(ctx, webhook.RawRequest{
		Method: e.HTTPMethod,
		Target: withQuery(path, decodedQuery(e.QueryStringParameters, e.MultiValueQueryStringParameters)),
		Header: headers(e.Headers, e.MultiValueHeaders),
	}, e.Body, e.IsBase64Encoded)
	return events.APIGatewayProxyResponse{StatusCode: response.Status, Headers: single(response.Header)}, nil
}

// httpAPI handles events of API Gateway's HTTP APIs with payload format 2.0. The path includes
// the stage, unless the stage is $default. Signatures can be verified.
func (f *function) httpAPI(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	response := f.handle(ctx, webhook.RawRequest{
		Method: e.RequestContext.HTTP.Method,
		Target: withQuery(e.RawPath, e.RawQueryString),
		Header: headers(e.Headers, nil),
	}, e.Body, e.IsBase64Encoded)
	return events.APIGatewayV2HTTPResponse{StatusCode: response.Status, Headers: single(response.Header)}, nil
}

// functionURL handles events of a function URL. Signatures can be verified.
func (f *function) functionURL(ctx context.Context, e events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
	response := f.handle(ctx, webhook.RawRequest{
		Method: e.RequestContext.HTTP.Method,
		Target: withQuery(e.RawPath, e.RawQueryString),
		Header: headers(e.Headers, nil),
	}, e.Body, e.IsBase64Encoded)
	return events.LambdaFunctionURLResponse{StatusCode: response.Status, Headers: single(response.Header)}, nil
}

// loadBalancer handles events of an Application Load Balancer, with or without multi-value
// headers. The event has the query as a map of encoded values, without their order, so signatures
// can be verified only if the URL has no query. Tokens in the query can be checked.
func (f *function) loadBalancer(ctx context.Context, e events.ALBTargetGroupRequest) (events.ALBTargetGroupResponse, error) {
	response := f.handle(ctx, webhook.RawRequest{
		Method: e.HTTPMethod,
		Target: withQuery(e.Path, encodedQuery(e.QueryStringParameters, e.MultiValueQueryStringParameters)),
		Header: headers(e.Headers, e.MultiValueHeaders),
	}, e.Body, e.IsBase64Encoded)
	result := events.ALBTargetGroupResponse{
		StatusCode:        response.Status,
		StatusDescription: fmt.Sprintf("%d %s", response.Status, http.StatusText(response.Status)),
	}
	// The balancer reads MultiValueHeaders if they are enabled, and otherwise only Headers.
	if e.MultiValueHeaders != nil {
		result.MultiValueHeaders = response.Header
	} else {
		result.Headers = single(response.Header)
	}
	return result, nil
}

// handle adds the body to a request and passes it to the handler.
func (f *function) handle(ctx context.Context, request webhook.RawRequest, body string, isBase64 bool) webhook.RawResponse {
	request.Body = []byte(body)
	if isBase64 {
		decoded, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return webhook.RawResponse{Status: http.StatusBadRequest}
		}
		request.Body = decoded
	}
	return f.handler.HandleRaw(ctx, request)
}

// headers returns the header. It prefers the multi-value form, which keeps values separate.
func headers(one map[string]string, several map[string][]string) http.Header {
	header := make(http.Header)
	for name, values := range several {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	if len(several) == 0 {
		for name, value := range one {
			header.Add(name, value)
		}
	}
	return header
}

// single returns the first value of each header. A response has no header with more than one.
func single(header http.Header) map[string]string {
	first := make(map[string]string)
	for name := range header {
		first[name] = header.Get(name)
	}
	return first
}

func withQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// parameters returns the values of a query from either form.
func parameters(one map[string]string, several map[string][]string) url.Values {
	values := url.Values(several)
	if len(several) == 0 {
		values = make(url.Values)
		for name, value := range one {
			values.Set(name, value)
		}
	}
	return values
}

// decodedQuery encodes a decoded query, sorted by name, so that retries have the same target.
func decodedQuery(one map[string]string, several map[string][]string) string {
	return parameters(one, several).Encode()
}

// encodedQuery joins a query that is still encoded, sorted by name, so that retries have the same
// target.
func encodedQuery(one map[string]string, several map[string][]string) string {
	values := parameters(one, several)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			parts = append(parts, name+"="+value)
		}
	}
	return strings.Join(parts, "&")
}
