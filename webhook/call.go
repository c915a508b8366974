package webhook

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// call calls the callback. It returns a panic as an error, so that a Deduplicator can release
// its claim.
func (r *receipt) call(ctx context.Context) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{what: "the callback", value: value, stack: debug.Stack()}
		}
	}()
	if err := r.handler.callback(ctx, r.delivery); err != nil {
		return fmt.Errorf("%w: %w", ErrCallback, err)
	}
	return nil
}

// isolate calls a user's function in another goroutine. It returns a panic or a call of
// runtime.Goexit as an error.
func isolate(what string, function func() error) error {
	var err error = &panicError{what: what, value: errGoexit}
	runInGoroutine(func() {
		defer func() {
			if value := recover(); value != nil {
				err = &panicError{what: what, value: value, stack: debug.Stack()}
			}
		}()
		err = function()
	})
	return err
}

// runInGoroutine calls a function that may end its goroutine, and waits until it ends. It
// panics if the function does: in the new goroutine, nothing would recover the panic.
func runInGoroutine(function func()) {
	var panicked any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		function()
	}()
	<-done
	if panicked != nil {
		panic(panicked)
	}
}

// recoverPanic calls a function and returns the value of its panic.
func recoverPanic(function func()) (value any) {
	defer func() { value = recover() }()
	function()
	return nil
}

var errGoexit = errors.New("called runtime.Goexit")

// panicError is a panic in a user's function.
type panicError struct {
	what  string
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("%v in %s: %v", ErrPanic, e.what, e.value) }

// Unwrap makes the error match the value of the panic, if that is an error.
func (e *panicError) Unwrap() []error {
	if err, ok := e.value.(error); ok {
		return []error{ErrPanic, err}
	}
	return []error{ErrPanic}
}
