module github.com/messagemedia/webhooks-go-sdk/.ci/docs

go 1.26.0

require github.com/yuin/goldmark v1.8.7
