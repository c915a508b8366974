package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// webhook is a CreateWebhookRequest with the names of the file. Durations have the format of
// time.ParseDuration, as in 500ms, 20s or 1m. The template JSONTemplate means
// messagemedia.JSONTemplate.
type webhook struct {
	URL         string                   `yaml:"url"`
	Method      string                   `yaml:"method"`
	Encoding    messagemedia.Encoding    `yaml:"encoding"`
	Events      []messagemedia.EventType `yaml:"events"`
	Headers     map[string]string        `yaml:"headers"`
	Template    string                   `yaml:"template"`
	ReadTimeout time.Duration            `yaml:"read_timeout"`
	Retries     int                      `yaml:"retries"`
	RetryDelay  time.Duration            `yaml:"retry_delay"`
}

// read reads the webhooks of a file. Its errors name the file and, where possible, the line.
func read(name string) ([]messagemedia.CreateWebhookRequest, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var file struct {
		Webhooks []webhook `yaml:"webhooks"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true) // reject misspelled fields
	if err := decoder.Decode(&file); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if file.Webhooks == nil {
		return nil, fmt.Errorf("%s: no list of webhooks: the file must have \"webhooks:\" (an empty list is \"webhooks: []\")", name)
	}
	if decoder.Decode(new(any)) != io.EOF {
		return nil, fmt.Errorf("%s: more than one YAML document", name)
	}
	var requests []messagemedia.CreateWebhookRequest
	for _, webhook := range file.Webhooks {
		if webhook.Template == "JSONTemplate" {
			webhook.Template = messagemedia.JSONTemplate
		}
		requests = append(requests, messagemedia.CreateWebhookRequest(webhook))
	}
	return requests, validate(name, content, requests)
}

// validate returns the errors of all invalid webhooks, with their lines.
func validate(name string, content []byte, requests []messagemedia.CreateWebhookRequest) error {
	var lines struct{ Webhooks []yaml.Node }
	if err := yaml.Unmarshal(content, &lines); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var errs []error
	for i, request := range requests {
		if err := request.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: line %d: %w", name, lines.Webhooks[i].Line, err))
		}
	}
	return errors.Join(errs...)
}
