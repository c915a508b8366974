package check_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

func TestThat(t *testing.T) {
	t.Parallel()
	assert.NoError(t, check.That(true, "must be positive, got %d", -1))
	assert.EqualError(t, check.That(false, "must be positive, got %d", -1), "must be positive, got -1")
}

func TestIsNil(t *testing.T) {
	t.Parallel()
	var pointer *int
	var function func()
	for _, v := range []any{nil, pointer, function} {
		assert.True(t, check.IsNil(v), "%T", v)
	}
	for _, v := range []any{0, new(int), func() {}, ""} {
		assert.False(t, check.IsNil(v), "%T", v)
	}
}

func TestIsToken(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"GET", "X-Webhook-Token", "a", "0", "!#$%&'*+-.^_`|~"} {
		assert.True(t, check.IsToken(token), token)
	}
	for _, other := range []string{"", " ", "X Token", "X-Token:", "X-Token\n", "a\x00", "a\x7f", "é", "(", "a/b", `"a"`, "a@b", "a,b", "{a}"} {
		assert.False(t, check.IsToken(other), "%q", other)
	}
}
