// Package proof kills a receiver while deliveries arrive, and compares the sent deliveries with
// the handled ones. The examples durable and inbox use it to test their guarantees. Don't copy
// it into a receiver of your own.
package proof

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Process is a receiver in a separate process: this program with other arguments.
type Process struct {
	Kills, Restarts int

	environment, args []string

	log     *os.File
	command *exec.Cmd
	ended   chan error // receives the error of the process
}

// Start starts a receiver that writes its output to a file. Its environment is this program's
// and additional variables, each "NAME=value".
func Start(logFile string, environment []string, args ...string) (*Process, error) {
	log, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	p := &Process{environment: environment, args: args, log: log}
	if err := p.start(); err != nil {
		log.Close()
		return nil, err
	}
	return p, nil
}

func (p *Process) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self, p.args...)
	command.Env = append(os.Environ(), p.environment...)
	command.Stdout, command.Stderr = p.log, p.log
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	p.command, p.ended = command, ended
	return nil
}

// Kill kills the receiver (SIGKILL) and starts another. If the receiver ended by itself, Kill
// returns an error.
func (p *Process) Kill() error {
	if err := p.command.Process.Kill(); err != nil {
		return fmt.Errorf("kill the receiver: %w", err)
	}
	if err := <-p.ended; !wasKilled(err) {
		return fmt.Errorf("the receiver ended by itself: %v", err)
	}
	p.Kills++
	if err := p.start(); err != nil {
		return err
	}
	p.Restarts++
	return nil
}

func wasKilled(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// Stop asks the receiver to stop (SIGTERM), and waits up to a minute for it.
func (p *Process) Stop() error {
	defer p.log.Close()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the receiver: %w", err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			return fmt.Errorf("the receiver stopped with an error: %w", err)
		}
		return nil
	case <-time.After(time.Minute):
		p.command.Process.Kill()
		return errors.New("the receiver did not stop within a minute")
	}
}

// FreeAddress returns a free address of this host. Its port is outside the range for outgoing
// connections, so that it stays free while the receiver is down.
func FreeAddress() (string, error) {
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
