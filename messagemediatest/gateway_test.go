package messagemediatest_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithCredentials("key", "secret"))
	const line = "POST " + path + " HTTP/1.1"
	now := time.Now().UTC()
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"Basic":                                       {nil, 400},
		"Basic with a wrong secret":                   {[]string{"Authorization", "Basic a2V5OnNlY3JldC4="}, 401},
		"Basic with a wrong key":                      {[]string{"Authorization", "Basic a2V5LjpzZWNyZXQ="}, 401},
		"no credentials":                              {[]string{"Authorization", ""}, 401},
		"another scheme":                              {[]string{"Authorization", "Bearer x"}, 401},
		"HMAC":                                        {hmacOf(now, "sha256", "Date Content-MD5 request-line", "{}", line), 400},
		"HMAC with SHA-1":                             {hmacOf(now, "sha1", "date x-Content-MD5 request-line", "{}", line), 400},
		"HMAC with a small clock skew":                {hmacOf(now.Add(-250*time.Second), "sha256", "Date Content-MD5 request-line", "{}", line), 400},
		"HMAC with a Date too far in the past":        {hmacOf(now.Add(-302*time.Second), "sha256", "Date Content-MD5 request-line", "{}", line), 401},
		"HMAC with a Date too far in the future":      {hmacOf(now.Add(360*time.Second), "sha256", "Date Content-MD5 request-line", "{}", line), 401},
		"HMAC over another body":                      {hmacOf(now, "sha256", "Date Content-MD5 request-line", "{} ", line), 401},
		"HMAC over another body, by the older header": {hmacOf(now, "sha1", "date x-Content-MD5 request-line", "{} ", line), 401},
		"HMAC over no body":                           {hmacOf(now, "sha256", "Date request-line", "", line), 401},
		"HMAC over a digest that is not sent":         {append(hmacOf(now, "sha256", "Date Content-MD5 request-line", "{}", line), "Content-MD5", ""), 401},
		"HMAC over another path":                      {hmacOf(now, "sha256", "Date Content-MD5 request-line", "{}", "POST /v1 HTTP/1.1"), 401},
		"HMAC over another HTTP version":              {hmacOf(now, "sha256", "Date Content-MD5 request-line", "{}", "POST "+path+" HTTP/2.0"), 401},
		"HMAC over the names in another case":         {hmacOf(now, "sha256", "date content-md5 request-line", "{}", line), 400},
		"HMAC over a request line in another case":    {hmacOf(now, "sha256", "Date Content-MD5 Request-Line", "{}", line), 401},
		"HMAC that does not cover the request line":   {hmacOf(now, "sha256", "Date Content-MD5", "{}", line), 401},
		"HMAC that does not cover the date":           {hmacOf(now, "sha256", "Content-MD5 request-line", "{}", line), 401},
		"HMAC with an unknown algorithm":              {hmacOf(now, "md5", "Date Content-MD5 request-line", "{}", line), 401},
		"HMAC that is not signed":                     {[]string{"Authorization", `hmac username="key", algorithm="hmac-sha1", headers="date request-line", signature=""`}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, body := exchange(t, api, "POST", path, "{}", c.headers...)
			assert.Equal(t, c.status, response.StatusCode)
			assert.Equal(t, c.status == 401, body == "")
			want := ""
			if c.status == 401 {
				want = `Basic realm="service"`
			}
			assert.Equal(t, want, response.Header.Get("WWW-Authenticate"))
		})
	}
}

func TestHMACWithoutABodyNeedsNoDigest(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithCredentials("key", "secret"))
	for target, status := range map[string]int{path: 200, path + "?page=0": 401} {
		got, _ := send(t, api, "GET", target, "", hmacOf(time.Now().UTC(), "sha1", "date request-line", "", "GET "+path+" HTTP/1.1")...)
		assert.Equal(t, status, got, target)
	}
}

func TestTheDateOfAnHMACHasOneFormat(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithCredentials("key", "secret"))
	for layout, status := range map[string]int{http.TimeFormat: 200, time.RFC850: 401, time.ANSIC: 401, time.RFC3339: 401} {
		date := time.Now().UTC().Format(layout)
		mac := hmac.New(sha256.New, []byte("secret"))
		io.WriteString(mac, "Date: "+date+"\nGET "+path+" HTTP/1.1")
		got, _ := send(t, api, "GET", path, "", "Date", date, "Authorization",
			`hmac username="key", algorithm="hmac-sha256", headers="Date request-line", signature="`+base64.StdEncoding.EncodeToString(mac.Sum(nil))+`"`)
		assert.Equal(t, status, got, date)
	}
}

func TestTwoAuthorizationHeadersAreRejected(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	request, err := http.NewRequestWithContext(t.Context(), "GET", api.URL+path, nil)
	require.NoError(t, err)
	request.SetBasicAuth(api.Key, api.Secret)
	request.Header.Add("Authorization", "Bearer x")
	response, err := api.HTTPClient().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, 401, response.StatusCode)
}

// hmacOf returns headers with an HMAC signature of the credentials "key" and "secret". It
// covers the headers of the given names in order.
func hmacOf(date time.Time, algorithm, names, body, requestLine string) []string {
	sum := md5.Sum([]byte(body))
	values := map[string]string{"date": date.Format(http.TimeFormat), "content-md5": hex.EncodeToString(sum[:]), "x-content-md5": hex.EncodeToString(sum[:])}
	var headers, lines []string
	for name := range strings.FieldsSeq(names) {
		if strings.EqualFold(name, "request-line") {
			lines = append(lines, requestLine)
			continue
		}
		value := values[strings.ToLower(name)]
		headers = append(headers, name, value)
		lines = append(lines, name+": "+value)
	}
	mac := hmac.New(map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "md5": md5.New}[algorithm], []byte("secret"))
	io.WriteString(mac, strings.Join(lines, "\n"))
	return append(headers, "Authorization", fmt.Sprintf(`hmac username="key", algorithm="hmac-%s", headers="%s", signature="%s"`,
		algorithm, names, base64.StdEncoding.EncodeToString(mac.Sum(nil))))
}

func TestHMACOverHTTP2IsRejected(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithTLS())
	auth := messagemedia.HMACAuth(api.Key, api.Secret)
	request, err := http.NewRequestWithContext(t.Context(), "GET", api.URL+path, nil)
	require.NoError(t, err)
	require.NoError(t, auth.Authenticate(request))
	response, err := api.HTTPClient().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, "HTTP/2.0", response.Proto)
	assert.Equal(t, 401, response.StatusCode)

	client, err := messagemedia.NewClient(auth, messagemedia.WithBaseURL(api.URL), messagemedia.WithHTTPClient(api.HTTPClient()))
	require.NoError(t, err)
	_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err, "the SDK uses HTTP/1.1")
	assert.Equal(t, "HTTP/1.1", api.Requests()[1].Proto)
}
