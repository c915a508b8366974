package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/examples/internal/proof"
)

// startCluster runs three servers, and returns the URLs of all of them as one string.
func startCluster(t *testing.T, payload int32) ([]*server.Server, string) {
	var routes, clients []string
	for range 3 {
		address, err := proof.FreeAddress()
		require.NoError(t, err)
		routes = append(routes, "nats://"+address)
	}
	var servers []*server.Server
	for n, route := range routes {
		self, err := url.Parse(route)
		require.NoError(t, err)
		host, port, err := splitAddress(self.Host)
		require.NoError(t, err)
		node, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprintf("node-%d", n), Host: "127.0.0.1", Port: server.RANDOM_PORT,
			JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, MaxPayload: payload, NoSigs: true,
			Cluster: server.ClusterOpts{Name: "test", Host: host, Port: port},
			Routes:  server.RoutesFromStr(strings.Join(routes, ",")),
		})
		require.NoError(t, err)
		node.Start()
		t.Cleanup(func() { node.Shutdown(); node.WaitForShutdown() })
		servers = append(servers, node)
	}
	for _, node := range servers {
		require.True(t, node.ReadyForConnections(time.Minute))
		clients = append(clients, node.ClientURL())
	}
	require.Eventually(t, func() bool {
		for _, node := range servers {
			if node.JetStreamIsLeader() {
				return len(node.JetStreamClusterPeers()) == 3
			}
		}
		return false
	}, time.Minute, 50*time.Millisecond)
	return servers, strings.Join(clients, ",")
}

// TestOnACluster shuts a server down after half of the deliveries.
func TestOnACluster(t *testing.T) {
	t.Parallel()
	servers, natsURL := startCluster(t, maxPayload)
	s := testSettings(t)
	s.natsURL, s.replicas = natsURL, 3
	f := newFixture(t, s)
	for n := range 20 {
		require.Equal(t, http.StatusNoContent, f.deliver(t, text(fmt.Sprint(n), "YES")))
	}
	servers[0].Shutdown()
	for n := range 40 {
		id := text(fmt.Sprint(n), "YES") // half of them duplicates
		require.Eventually(t, func() bool { return f.deliver(t, id) == http.StatusNoContent }, 20*time.Second, 100*time.Millisecond)
	}
	assert.Equal(t, 40, f.queued(t))
	f.workOff(t, nil)
	assert.Len(t, f.effects(t), 40)

	// A cluster reports existing entries by other errors than a single server.
	require.NoError(t, f.store.handle(t.Context(), deliveryIDOf(t, text("1", "YES")), deliveryOf("again")))
	require.Equal(t, http.StatusNoContent, f.deliver(t, "poison"))
	message := f.take(t)
	for range 2 {
		require.NoError(t, f.store.deadLetter(t.Context(), "key", message, errPermanent))
	}
	assert.Len(t, f.deadLetters(t), 1)
}

// TestNothingIsAcknowledgedWithoutTheCluster also checks that the receiver shuts down then.
func TestNothingIsAcknowledgedWithoutTheCluster(t *testing.T) {
	t.Parallel()
	servers, natsURL := startCluster(t, maxPayload)
	s := testSettings(t)
	s.natsURL, s.replicas = natsURL, 3
	f := newFixture(t, s)
	w := f.work(t, nil)
	for _, node := range servers {
		node.Shutdown()
	}
	require.Eventually(t, func() bool { return !f.engine.conn.IsConnected() }, 10*time.Second, 10*time.Millisecond)
	start := time.Now()
	assert.Equal(t, http.StatusServiceUnavailable, f.deliver(t, text("r1", "YES")))
	w.stop()
	f.engine.close()
	assert.Less(t, time.Since(start), 8*time.Second)
}

func TestAClusterWithASmallMaxPayloadIsRejected(t *testing.T) {
	t.Parallel()
	_, natsURL := startCluster(t, 1<<20)
	s := testSettings(t)
	s.natsURL = natsURL
	_, err := startEngine(s, nil, nil)
	assert.ErrorContains(t, err, "max_payload of the cluster must be at least 9437184, got 1048576: set it to 9MB")
}
