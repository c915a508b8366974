package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/examples/internal/proof"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// proving kills a receiver on SQLite while it sends deliveries to it, and compares the
// acknowledged deliveries with the database.
type proving struct {
	proof.Load
	out io.Writer
}

// run prints the count. If it breaks a guarantee, run returns an error.
func (p *proving) run(ctx context.Context) error {
	directory, err := os.MkdirTemp("", "inbox-proof-")
	if err != nil {
		return err
	}
	start := time.Now()
	count, forwarded, err := p.runIn(ctx, directory)
	if err != nil {
		return fmt.Errorf("%w; the log and the database of the receiver are in %s", err, directory)
	}
	fmt.Fprintf(p.out, "%v%v%-14s %v\n", count, forwarded, "took", time.Since(start).Round(time.Second))
	err = errors.Join(
		count.Verdict(p.Kills),
		checkf(forwarded.distinct() == count.Handled, "%d of %d deliveries were forwarded", forwarded.distinct(), count.Handled),
	)
	if err != nil {
		return fmt.Errorf("%w; the log and the database of the receiver are in %s", err, directory)
	}
	fmt.Fprintln(p.out, "Every acknowledged delivery was stored exactly once.")
	return os.RemoveAll(directory)
}

func (p *proving) runIn(ctx context.Context, directory string) (*proof.Count, *forwarded, error) {
	outside := &forwarded{times: make(map[string]int)}
	target := httptest.NewServer(outside)
	defer target.Close()
	address, err := proof.FreeAddress()
	if err != nil {
		return nil, nil, err
	}
	s := settings{publicURL: "http://" + address + "/hooks/sms", file: filepath.Join(directory, "inbox.db"), token: rand.Text()}
	platform, err := messagemediatest.Start()
	if err != nil {
		return nil, nil, err
	}
	defer platform.Close()
	hook := s.webhook()
	hook.RetryDelay = proof.RetryDelay
	if _, err := platform.Client().CreateWebhook(ctx, hook); err != nil {
		return nil, nil, err
	}
	receiver, err := proof.Start(filepath.Join(directory, "receiver.log"),
		[]string{"WEBHOOK_TOKEN=" + s.token, "DATABASE_URL=", "MESSAGEMEDIA_API_KEY=", "MESSAGEMEDIA_API_SECRET="},
		"serve", "-addr", address, "-url", s.publicURL, "-db", s.file, "-forward", target.URL, "-lease", "3s")
	if err != nil {
		return nil, nil, err
	}
	sent, err := p.Send(ctx, platform, receiver)
	var handled [][]byte
	var parked int
	if err == nil {
		handled, parked, err = readBack(ctx, s)
	}
	if err := errors.Join(err, receiver.Stop()); err != nil {
		return nil, nil, err
	}
	return proof.NewCount(sent, handled, parked, receiver), outside, nil
}

// readBack waits until the receiver's worker has settled every delivery. It returns the payload
// of each effect on the database, and the number of parked deliveries.
func readBack(ctx context.Context, s settings) (handled [][]byte, parked int, err error) {
	db, err := openDatabase(ctx, "", s.file)
	if err != nil {
		return nil, 0, err
	}
	defer db.Close()
	store := newStore(db)
	if err := store.waitUntilSettled(ctx, time.Minute); err != nil {
		return nil, 0, err
	}
	list, err := store.parked(ctx)
	if err != nil {
		return nil, 0, err
	}
	rows, err := db.QueryContext(ctx, `SELECT d.payload FROM messages m JOIN deliveries d ON d.id = m.delivery_id`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var payload []byte
		if err := rows.Scan(&payload); err != nil {
			return nil, 0, err
		}
		handled = append(handled, payload)
	}
	return handled, len(list), rows.Err()
}

func (s *store) waitUntilSettled(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		left, err := s.unsettled(ctx)
		if err != nil || left == 0 {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d deliveries are not handled or parked after %v", left, timeout)
		}
	}
}

// forwarded is the system outside the database. It counts the requests with each
// Idempotency-Key.
type forwarded struct {
	mu    sync.Mutex
	times map[string]int
}

func (f *forwarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.times[r.Header.Get("Idempotency-Key")]++
}

func (f *forwarded) distinct() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.times)
}

func (f *forwarded) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	repeated := -len(f.times)
	for _, times := range f.times {
		repeated += times
	}
	return fmt.Sprintf("%-14s %-5d by the worker\n%-14s %-5d with an earlier Idempotency-Key\n", "forwarded", len(f.times), "repeated", repeated)
}
