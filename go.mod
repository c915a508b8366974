module github.com/messagemedia/webhooks-go-sdk

go 1.26.0
