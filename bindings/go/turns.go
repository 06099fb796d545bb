package mlxc

import (
	"context"
	"sync"
	"sync/atomic"
)

// turns tells the loops over one value apart. The library keeps one place only, that of the loop which began last: one that began before it
// must hear that it is over, instead of going on with the other's.
type turns struct {
	mu   sync.Mutex // held while a loop is inside the library
	last atomic.Pointer[turn]
}

// turn is one loop.
type turn struct{ stop context.CancelFunc }

// begin makes a loop the last one, unless start fails or another loop is inside the library.
func (t *turns) begin(op string, mine *turn, start func() error) error {
	if !t.mu.TryLock() {
		return &Error{Op: op, Status: StatusBusy, Message: "another goroutine's loop over it is running"}
	}
	defer t.mu.Unlock()
	err := start()
	if err == nil {
		t.last.Store(mine)
	}
	return err
}

// next lets a loop into the library.
func (t *turns) next(op string, mine *turn, call func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.Load() != mine {
		return &Error{Op: op, Status: StatusBusy, Message: "another loop over it began meanwhile, which ends this one: one at a time"}
	}
	return call()
}

// end forgets a loop that is over.
func (t *turns) end(mine *turn) { t.last.CompareAndSwap(mine, nil) }
