module github.com/messagemedia/webhooks-go-sdk/examples/sync

go 1.26.0

require (
	github.com/messagemedia/webhooks-go-sdk v0.0.0
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.5
)

replace github.com/messagemedia/webhooks-go-sdk => ../..
