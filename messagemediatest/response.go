package messagemediatest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// response is the server's response. It records whether the request took effect.
type response struct {
	status    int // 0 if there is no response
	header    http.Header
	body      []byte
	committed bool
}

var (
	unauthorized = response{status: http.StatusUnauthorized, header: http.Header{"Www-Authenticate": {`Basic realm="service"`}}}
	forbidden    = errorResponse(http.StatusForbidden, "This feature has not been enabled in your account.")
	notFound     = response{status: http.StatusNotFound}
	conflict     = errorResponse(http.StatusConflict, "A webhook with the given url and method already exists.")
	keyNotFound  = errorResponse(http.StatusNotFound, "Entity not found")
)

func methodNotAllowed(allowed []string) response {
	return response{status: http.StatusMethodNotAllowed, header: http.Header{"Allow": {strings.Join(allowed, ", ")}}}
}

func badRequest(details ...string) response {
	return jsonResponse(http.StatusBadRequest, struct {
		Message string   `json:"message"`
		Details []string `json:"details"`
	}{"Bad Request", details})
}

func errorResponse(status int, message string) response {
	return jsonResponse(status, map[string]string{"message": message})
}

func committed(status int, v any) response {
	response := jsonResponse(status, v)
	response.committed = true
	return response
}

// jsonResponse does not escape <, > and &, which are common in templates.
func jsonResponse(status int, v any) response {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return response{status: http.StatusInternalServerError}
	}
	return response{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: bytes.TrimSpace(body.Bytes())}
}
