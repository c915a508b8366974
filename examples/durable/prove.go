package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/examples/internal/proof"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// proving kills a receiver while it sends deliveries to it, and compares the acknowledged
// deliveries with the handled ones.
type proving struct {
	proof.Load
	replicas int

	natsURL string
	ackWait time.Duration
	out     io.Writer
}

func (p *proving) check() error {
	return errors.Join(p.Load.Check(), checkReplicas(p.replicas, p.natsURL))
}

// run prints the count. If it breaks a guarantee, run returns an error.
func (p *proving) run(ctx context.Context) error {
	directory, err := os.MkdirTemp("", "durable-proof-")
	if err != nil {
		return err
	}
	start := time.Now()
	count, err := p.runIn(ctx, directory)
	if err != nil {
		return fmt.Errorf("%w; the log of the receiver is in %s", err, directory)
	}
	fmt.Fprintf(p.out, "%v%-14s %v\n", count, "took", time.Since(start).Round(time.Second))
	if err := count.Verdict(p.Kills); err != nil {
		return fmt.Errorf("%w; the log and the store of the receiver are in %s", err, directory)
	}
	fmt.Fprintln(p.out, "Every acknowledged delivery was handled exactly once.")
	return os.RemoveAll(directory)
}

func (p *proving) runIn(ctx context.Context, directory string) (*proof.Count, error) {
	settings, err := p.settings(directory)
	if err != nil {
		return nil, err
	}
	platform, err := p.startPlatform(ctx, settings)
	if err != nil {
		return nil, err
	}
	defer platform.Close()
	receiver, err := proof.Start(filepath.Join(directory, "receiver.log"),
		[]string{"WEBHOOK_TOKEN=" + settings.token, "MESSAGEMEDIA_API_KEY=", "MESSAGEMEDIA_API_SECRET="},
		"serve", "-addr", settings.address, "-url", settings.publicURL, "-dir", settings.directory,
		"-stream", settings.stream, "-replicas", fmt.Sprint(settings.replicas), "-ack-wait", settings.ackWait.String())
	if err != nil {
		return nil, err
	}
	sent, err := p.Send(ctx, platform, receiver)
	if err := errors.Join(err, receiver.Stop()); err != nil {
		return nil, err
	}
	handled, dead, err := p.readBack(ctx, settings)
	if err != nil {
		return nil, err
	}
	return proof.NewCount(sent, handled, dead, receiver), nil
}

// settings returns the settings of a receiver with its own directory, port and streams.
func (p *proving) settings(directory string) (settings, error) {
	address, err := proof.FreeAddress()
	s := defaults()
	s.address = address
	s.publicURL = "http://" + address + "/hooks/sms"
	s.token = rand.Text()
	s.directory = filepath.Join(directory, "nats")
	s.natsURL, s.replicas = p.natsURL, p.replicas
	s.stream = fmt.Sprintf("PROOF_%d", time.Now().UnixNano())
	s.ackWait = p.ackWait
	return s, err
}

// startPlatform starts an in-memory platform with the receiver's webhook.
func (p *proving) startPlatform(ctx context.Context, s settings) (*messagemediatest.Server, error) {
	platform, err := messagemediatest.Start()
	if err != nil {
		return nil, err
	}
	if _, err := platform.Client().CreateWebhook(ctx, s.webhook(proof.RetryDelay)); err != nil {
		platform.Close()
		return nil, err
	}
	return platform, nil
}
