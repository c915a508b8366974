package messagemediatest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestAnAccountHolds150WebhooksInPages(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for i := range 150 {
		create(t, api, with(fmt.Sprintf(`"url":"https://example.com/%d"`, i)))
	}
	status, response := send(t, api, "POST", path, valid)
	assert.Equal(t, 400, status)
	assert.Equal(t, `{"message":"Maximum number of webhooks (150) reached"}`, response)

	for query, want := range map[string]struct{ page, size, entries int }{
		"":                         {0, 100, 100},
		"?page=1":                  {1, 100, 50},
		"?page=7&page_size=20":     {7, 20, 10},
		"?page=8&page_size=20":     {8, 20, 0},
		"?page=0&page_size=1":      {0, 1, 1},
		"?page=0&page_size=0":      {0, 100, 100},
		"?page=1&page_size=100000": {1, 100000, 0},
		"?page_size=2147483647":    {0, 2147483647, 150},
		"?page=2147483647":         {2147483647, 100, 0},
	} {
		status, response := send(t, api, "GET", path+query, "")
		require.Equal(t, 200, status, query)
		page := decode[fields](t, response)
		assert.Len(t, page, 3, query)
		assert.EqualValues(t, want.page, page["page"], query)
		assert.EqualValues(t, want.size, page["pageSize"], query)
		assert.Len(t, page["pageData"], want.entries, query)
	}
}

func TestListWebhooksRejectsInvalidQueries(t *testing.T) {
	t.Parallel()
	const invalid = "page property value is invalid"
	for query, detail := range map[string]string{
		"page=x":                 invalid,
		"page=-1":                invalid,
		"page=1.0":               invalid,
		"page=":                  invalid,
		"page=+1":                invalid,
		"page=99999999999":       invalid,
		"page_size=-1":           invalid,
		"page_size=x":            invalid,
		"page_size=":             invalid,
		"pageSize=-1":            invalid,
		"page=x&page_size=y":     invalid,
		"page=0&page=1":          "page property is given more than once",
		"page_size=1&pageSize=1": "page_size and pageSize are the same property",
		"pagesize=1":             "pagesize is not a known property",
		"size=1":                 "size is not a known property",
		"page=%zz":               "query can't be parsed",
		"page=0;page_size=1":     "query can't be parsed",
	} {
		status, response := send(t, messagemediatest.NewServer(t), "GET", path+"?"+query, "")
		assert.Equal(t, 400, status, query)
		assert.Equal(t, badRequest(detail), response, query)
	}
}
