package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// retryDelay is the shortest that a webhook can have.
const retryDelay = 5 * time.Second

// proof sends deliveries to a receiver that is killed while they arrive, and
// compares what was acknowledged with what was handled.
type proof struct {
	deliveries, kills, atATime, replicas int

	natsURL string
	ackWait time.Duration
	out     io.Writer
}

func (p *proof) check() error {
	return errors.Join(
		checkf(p.kills >= 0, "-kills is %d, want 0 or more", p.kills),
		checkf(p.deliveries >= 10*(p.kills+1), "-deliveries is %d, want %d or more for %d kills", p.deliveries, 10*(p.kills+1), p.kills),
		checkf(p.atATime > 0, "-at-a-time is %d, want 1 or more", p.atATime),
		checkReplicas(p.replicas, p.natsURL),
	)
}

// run prints the count, and returns an error when it is not as promised.
func (p *proof) run(ctx context.Context) error {
	directory, err := os.MkdirTemp("", "durable-proof-")
	if err != nil {
		return err
	}
	start := time.Now()
	count, err := p.runIn(ctx, directory)
	if err != nil {
		return fmt.Errorf("%w; the log of the receiver is in %s", err, directory)
	}
	fmt.Fprintf(p.out, "%v%-13s %v\n", count, "took", time.Since(start).Round(time.Second))
	if err := count.verdict(p.kills); err != nil {
		return fmt.Errorf("%w; the log and the store of the receiver are in %s", err, directory)
	}
	fmt.Fprintln(p.out, "Every delivery that was acknowledged was handled, once.")
	return os.RemoveAll(directory)
}

func (p *proof) runIn(ctx context.Context, directory string) (*count, error) {
	settings, err := p.settings(directory)
	if err != nil {
		return nil, err
	}
	platform, err := p.startPlatform(ctx, settings)
	if err != nil {
		return nil, err
	}
	defer platform.Close()
	victim, err := startReceiverProcess(settings)
	if err != nil {
		return nil, err
	}
	sent, err := p.send(ctx, platform, victim)
	if err := errors.Join(err, victim.stop()); err != nil {
		return nil, err
	}
	handled, dead, err := p.readBack(ctx, settings)
	if err != nil {
		return nil, err
	}
	return newCount(sent, handled, dead, victim), nil
}

// settings are those of a receiver that has a directory, a port and streams of its own.
func (p *proof) settings(directory string) (settings, error) {
	address, err := freeAddress()
	s := defaults()
	s.address = address
	s.publicURL = "http://" + address + "/hooks/sms"
	s.keyFile = filepath.Join(directory, "signature-keys.json")
	s.directory = filepath.Join(directory, "nats")
	s.natsURL, s.replicas = p.natsURL, p.replicas
	s.stream = fmt.Sprintf("PROOF_%d", time.Now().UnixNano())
	s.ackWait = p.ackWait
	return s, err
}

// freeAddress is one outside of the range that the system gives to outgoing
// connections: none of those can take it while the receiver is down.
func freeAddress() (string, error) {
	var failure error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			return address, listener.Close()
		}
		failure = err
	}
	return "", failure
}

// startPlatform makes a key and a webhook, and the file that the receiver reads.
func (p *proof) startPlatform(ctx context.Context, s settings) (*messagemediatest.Server, error) {
	platform, err := messagemediatest.Start()
	if err != nil {
		return nil, err
	}
	key, err := createKey(ctx, platform.Client())
	if err == nil {
		err = errors.Join(
			saveKeys(s.keyFile, key),
			subscribe(ctx, platform.Client(), key.ID, s.publicURL, retryDelay),
		)
	}
	if err != nil {
		platform.Close()
		return nil, err
	}
	return platform, nil
}

func startReceiverProcess(s settings) (*receiverProcess, error) {
	log, err := os.Create(filepath.Join(filepath.Dir(s.directory), "receiver.log"))
	if err != nil {
		return nil, err
	}
	v := &receiverProcess{logFile: log, args: []string{
		"serve", "-addr", s.address, "-url", s.publicURL, "-keys", s.keyFile, "-dir", s.directory,
		"-stream", s.stream, "-replicas", fmt.Sprint(s.replicas), "-ack-wait", s.ackWait.String(),
	}}
	return v, v.start()
}

// event is the n-th of the proof: text messages and delivery reports in turn, each
// with an ID and a text that no other has.
func event(n int64) webhook.Event {
	if n%2 == 0 {
		return &webhook.ReceivedSMS{
			ReplyID: fmt.Sprintf("reply-%d", n), SourceNumber: "+61491570156", DestinationNumber: "+61491570157",
			Content: fmt.Sprintf("Text %d, with \"quotes\" and 😀", n), ReceivedAt: time.Now(),
		}
	}
	return &webhook.DeliveryReport{
		DeliveryReportID: fmt.Sprintf("report-%d", n), MessageID: fmt.Sprintf("message-%d", n),
		Status: webhook.StatusDelivered, StatusCode: 220, SubmittedAt: time.Now(), ReceivedAt: time.Now(),
	}
}

// send has the platform send all events, some at a time, while the receiver is killed.
func (p *proof) send(ctx context.Context, platform *messagemediatest.Server, victim *receiverProcess) ([]*messagemediatest.SendResult, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		senders sync.WaitGroup
		next    atomic.Int64
		through = make(chan struct{}, p.deliveries)
		reports = make([]*messagemediatest.SendResult, p.deliveries)
	)
	for range p.atATime {
		senders.Go(func() {
			for n := next.Add(1) - 1; n < int64(p.deliveries); n = next.Add(1) - 1 {
				report, err := platform.Send(ctx, event(n), messagemediatest.WithRetryDelays())
				if err != nil {
					cancel(err)
					return
				}
				reports[n] = report
				through <- struct{}{}
			}
		})
	}
	if err := p.killWhileSending(ctx, through, victim); err != nil {
		cancel(err)
	}
	senders.Wait()
	return reports, context.Cause(ctx)
}

// killWhileSending kills the receiver each time that a share of the deliveries is
// through: while the others of that moment are on their way.
func (p *proof) killWhileSending(ctx context.Context, through <-chan struct{}, victim *receiverProcess) error {
	for done := 1; done <= p.deliveries; done++ {
		select {
		case <-through:
		case <-ctx.Done():
			return nil // of which the sender says why
		case err := <-victim.ended:
			return fmt.Errorf("the receiver ended by itself: %v", err)
		}
		if due := (victim.kills + 1) * p.deliveries / (p.kills + 1); victim.kills < p.kills && done >= due {
			if err := victim.kill(); err != nil {
				return err
			}
		}
	}
	return nil
}
