package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestCreate(t *testing.T) {
	api := messagemediatest.NewServer(t)
	t.Setenv("MESSAGEMEDIA_API_KEY", api.Key)
	t.Setenv("MESSAGEMEDIA_API_SECRET", api.Secret)
	t.Setenv("MESSAGEMEDIA_BASE_URL", api.URL)
	main()
	assert.Len(t, api.Webhooks(""), 1)
}
