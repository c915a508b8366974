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

// engine is a connection to a NATS cluster, or to a NATS server in this process.
type engine struct {
	conn   *nats.Conn
	closed chan struct{} // closed with the connection

	server   *server.Server // nil for a cluster
	unlock   func()         // lets another process use the directory
	watching sync.WaitGroup
	unwatch  context.CancelFunc
}

// startEngine connects to the cluster, or starts the embedded server and connects to it. If the
// embedded server later fails to write, startEngine's watcher calls fail with the error.
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
		return nil, fmt.Errorf("max_payload of the cluster must be at least %d, got %d: set it to 9MB in the configuration of its servers", maxPayload, size)
	}
	if e.server != nil {
		var ctx context.Context
		ctx, e.unwatch = context.WithCancel(context.Background())
		e.watching.Go(func() { watch(ctx, e.server, fail) })
	}
	return e, nil
}

// watch calls fail after 3 failed health checks in a row. After a failed write, for example to
// a full disk, a stream does not respond until the process is restarted.
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

// startServer starts the embedded server. Unless there is an address for clients, only this
// process can reach it.
func (e *engine) startServer(s settings, logger *slog.Logger) (err error) {
	options := &server.Options{
		ServerName: "durable",
		DontListen: s.clientAddress == "",
		JetStream:  true,
		StoreDir:   s.directory,
		// The streams have their own limits. The server's default is a share of the free
		// space on the disk, so that a receiver could not restart on a nearly full disk.
		JetStreamMaxStore: 1 << 50,
		SyncAlways:        true, // flush each write to the disk before it is acknowledged
		MaxPayload:        maxPayload,
		NoSigs:            true, // this program handles the signals
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
	return cmp.Or(log.fatal, errors.New("not ready within 30 seconds"))
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		return "", 0, fmt.Errorf("-client-addr must be an address with a port, as in 127.0.0.1:4222, got %q", address)
	}
	return host, port, nil
}

func (e *engine) connect(target string, logger *slog.Logger) error {
	options := []nats.Option{
		nats.Name("durable receiver"),
		nats.MaxReconnects(-1),
		// While disconnected, fail at once and respond 503, instead of buffering in memory.
		nats.ReconnectBufSize(-1),
		nats.DrainTimeout(10 * time.Second),
		nats.ClosedHandler(func(*nats.Conn) { close(e.closed) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				logger.Warn("durable: connection to NATS lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { logger.Info("durable: reconnected to NATS") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			logger.Warn("durable: NATS error", "error", err)
		}),
	}
	if e.server != nil {
		options = append(options, nats.InProcessServer(e.server))
	}
	conn, err := nats.Connect(target, options...)
	if _, isURL := errors.AsType[*url.Error](err); isURL {
		return errors.New("NATS_URL must be a URL, as in nats://host:4222") // the parser's error would show the password
	}
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	e.conn = conn
	return nil
}

// close drains the connection, and then shuts the server down.
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

// natsLog logs the warnings and errors of the embedded server, and its notices at debug level.
type natsLog struct {
	*slog.Logger
	fatal error // why the server did not start
}

func (l *natsLog) log(level slog.Level, format string, args []any) {
	l.Log(context.Background(), level, "nats: "+fmt.Sprintf(format, args...))
}

func (l *natsLog) Noticef(format string, args ...any) { l.log(slog.LevelDebug, format, args) }
func (l *natsLog) Warnf(format string, args ...any)   { l.log(slog.LevelWarn, format, args) }
func (l *natsLog) Errorf(format string, args ...any)  { l.log(slog.LevelError, format, args) }
func (l *natsLog) Debugf(string, ...any)              {}
func (l *natsLog) Tracef(string, ...any)              {}

// Fatalf does not end the process. Start then returns, and the server is not ready.
func (l *natsLog) Fatalf(format string, args ...any) {
	l.fatal = fmt.Errorf(format, args...)
	l.log(slog.LevelError, format, args)
}
