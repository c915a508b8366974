package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// engine is a connection to NATS: to a cluster, or to a server in this process.
// What uses the connection can't tell which.
type engine struct {
	conn   *nats.Conn
	closed chan struct{} // when the connection is

	server   *server.Server // nil on a cluster
	unlock   func()         // lets another process have the directory
	watching sync.WaitGroup
	unwatch  context.CancelFunc
}

// startEngine connects to the cluster, or starts the embedded server. It calls a
// function with the error when the embedded server can't write any more.
func startEngine(s settings, logger *slog.Logger, fail func(error)) (*engine, error) {
	e := &engine{closed: make(chan struct{}), unlock: func() {}, unwatch: func() {}}
	target := s.natsURL
	if target == "" {
		if err := e.startServer(s, logger); err != nil {
			return nil, fmt.Errorf("the embedded NATS server: %w", err)
		}
	}
	if err := e.connect(target, logger); err != nil {
		e.stopServer()
		return nil, err
	}
	if size := e.conn.MaxPayload(); size < maxPayload {
		e.close()
		return nil, fmt.Errorf("the cluster takes messages of %d bytes at most, want %d: set max_payload to 9MB in its configuration", size, maxPayload)
	}
	if e.server != nil {
		var ctx context.Context
		ctx, e.unwatch = context.WithCancel(context.Background())
		e.watching.Go(func() { watch(ctx, e.server, fail) })
	}
	return e, nil
}

// watch fails when the server has reported 3 times in a row that it is not well.
// After one write that failed, as on a full disk, a stream responds nothing any
// more, until the process is started again.
func watch(ctx context.Context, server *server.Server, fail func(error)) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for bad := 0; bad < 3; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		health := server.Healthz(nil)
		if health.Error == "" {
			bad = 0
			continue
		}
		if bad++; bad == 3 {
			fail(fmt.Errorf("the embedded NATS server: %s", health.Error))
		}
	}
}

// startServer starts a server that nobody but this process reaches, unless there
// is an address for clients.
func (e *engine) startServer(s settings, logger *slog.Logger) (err error) {
	options := &server.Options{
		ServerName: "durable",
		DontListen: s.clientAddress == "",
		JetStream:  true,
		StoreDir:   s.directory,
		// The streams have limits of their own. By default the server's is a share of what
		// is free on the disk: a receiver whose disk has filled up would not start again.
		JetStreamMaxStore: 1 << 50,
		SyncAlways:        true, // an acknowledged delivery is on the disk, not only in the system's memory
		MaxPayload:        maxPayload,
		NoSigs:            true, // the signals are this program's
	}
	if s.clientAddress != "" {
		if options.Host, options.Port, err = splitAddress(s.clientAddress); err != nil {
			return err
		}
	}
	if e.unlock, err = lock(s.directory); err != nil {
		return err
	}
	if e.server, err = server.NewServer(options); err != nil {
		e.unlock()
		return err
	}
	log := &natsLog{Logger: logger}
	e.server.SetLoggerV2(log, false, false, false)
	e.server.Start()
	if log.fatal == nil && e.server.ReadyForConnections(30*time.Second) {
		return nil
	}
	e.stopServer()
	return cmp.Or(log.fatal, errors.New("no start within 30 seconds"))
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		return "", 0, fmt.Errorf("-client-addr is %q, want an address like 127.0.0.1:4222", address)
	}
	return host, port, nil
}

func (e *engine) connect(target string, logger *slog.Logger) error {
	options := []nats.Option{
		nats.Name("durable receiver"),
		nats.MaxReconnects(-1),
		// What can't be stored now gets a 503 now, not kept in memory for later.
		nats.ReconnectBufSize(-1),
		nats.DrainTimeout(10 * time.Second),
		nats.ClosedHandler(func(*nats.Conn) { close(e.closed) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				logger.Warn("durable: the connection to NATS was lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { logger.Info("durable: connected to NATS again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			logger.Warn("durable: NATS", "error", err)
		}),
	}
	if e.server != nil {
		options = append(options, nats.InProcessServer(e.server))
	}
	conn, err := nats.Connect(target, options...)
	if _, isURL := errors.AsType[*url.Error](err); isURL {
		return errors.New("NATS_URL is not one, want nats://host:4222") // its parser's error would show the password
	}
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	e.conn = conn
	return nil
}

// close ends the connection when all that was sent over it has arrived, and then
// the server.
func (e *engine) close() {
	if err := e.conn.Drain(); err != nil {
		e.conn.Close()
	}
	<-e.closed
	e.stopServer()
}

func (e *engine) stopServer() {
	e.unwatch()
	e.watching.Wait()
	if e.server != nil {
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}
	e.unlock()
}

// natsLog passes on what the embedded server warns of.
type natsLog struct {
	*slog.Logger
	fatal error // what kept the server from starting
}

func (l *natsLog) log(level slog.Level, format string, args []any) {
	l.Log(context.Background(), level, "nats: "+fmt.Sprintf(format, args...))
}

func (l *natsLog) Noticef(format string, args ...any) { l.log(slog.LevelDebug, format, args) }
func (l *natsLog) Warnf(format string, args ...any)   { l.log(slog.LevelWarn, format, args) }
func (l *natsLog) Errorf(format string, args ...any)  { l.log(slog.LevelError, format, args) }
func (l *natsLog) Debugf(string, ...any)              {}
func (l *natsLog) Tracef(string, ...any)              {}

// Fatalf does not end the process: Start returns, and the server is not ready.
func (l *natsLog) Fatalf(format string, args ...any) {
	l.fatal = fmt.Errorf(format, args...)
	l.log(slog.LevelError, format, args)
}
