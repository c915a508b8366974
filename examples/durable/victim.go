package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// receiverProcess is a receiver in a process of its own, which can be killed and started again.
type receiverProcess struct {
	args    []string // of the command line
	logFile *os.File

	process  *exec.Cmd
	ended    chan error // what the process ended with
	kills    int
	restarts int
}

// start runs the receiver. Its environment is this one: NATS_URL is.
func (v *receiverProcess) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	v.process = exec.Command(self, v.args...)
	v.process.Stdout, v.process.Stderr = v.logFile, v.logFile
	if err := v.process.Start(); err != nil {
		return err
	}
	v.ended = make(chan error, 1)
	process, ended := v.process, v.ended
	go func() { ended <- process.Wait() }()
	return nil
}

// kill ends the receiver without a chance to do anything about it, and starts
// another. It is an error when the receiver ended by itself.
func (v *receiverProcess) kill() error {
	if err := v.process.Process.Kill(); err != nil {
		return fmt.Errorf("kill the receiver: %w", err)
	}
	if err := <-v.ended; !wasKilled(err) {
		return fmt.Errorf("the receiver ended by itself: %v", err)
	}
	v.kills++
	if err := v.start(); err != nil {
		return err
	}
	v.restarts++
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

// stop asks the receiver to end, and waits until it has.
func (v *receiverProcess) stop() error {
	defer v.logFile.Close()
	if err := v.process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the receiver: %w", err)
	}
	select {
	case err := <-v.ended:
		if err != nil {
			return fmt.Errorf("the receiver, asked to stop: %w", err)
		}
		return nil
	case <-time.After(time.Minute):
		v.process.Process.Kill()
		return errors.New("the receiver did not stop within a minute")
	}
}
