package mlxc

import (
	"sync"
	"sync/atomic"
)

// Scope frees temporaries together. Leaves are given to it with Own; what is computed from arrays of a scope belongs to it by itself:
//
//	s := mlxc.NewScope()
//	defer s.Close()
//	x := s.Own(mlxc.NewArray(data, 2, 3))
//	values, err := x.Matmul(w).AddScalar(1).ReLU().Softmax(-1).Float32s()
//
// w need not belong to a scope: it stays as it is, the product belongs to x's. Where operands belong to several scopes, the result belongs
// to the youngest, so a scope for a step inside one for a run takes what the step computes; [Scope.Use] brings an outer array in.
//
// A Scope may be used by several goroutines, and again after Close.
type Scope struct {
	age    uint64 // scopes by creation; the youngest has the largest
	mu     sync.Mutex
	arrays []*Array
	err    error
}

var scopes atomic.Uint64

// NewScope makes an empty scope.
func NewScope() *Scope { return &Scope{age: scopes.Add(1)} }

// InScope calls f with a new scope and closes it. The error is f's, else the first failure of an operation in the scope.
func InScope(f func(s *Scope) error) error {
	s := NewScope()
	defer s.Close()
	if err := f(s); err != nil {
		return err
	}
	return s.Err()
}

// younger is the younger one of two scopes, either of which may be nil.
func younger(a, b *Scope) *Scope {
	if a == nil || b != nil && b.age > a.age {
		return b
	}
	return a
}

// Own gives an array to the scope, which closes it; what is computed from it belongs to the scope from now on.
func (s *Scope) Own(a *Array) *Array {
	if a == nil {
		return nil
	}
	if a.err != nil {
		s.note(a.err)
		return a
	}
	if a.closed() {
		s.note(ErrClosed)
		return a
	}
	for old := a.scope.Load(); old != s && !s.adopt(a); old = a.scope.Load() { // of several that own it at once, the last one keeps it
		if old != nil {
			old.drop(a)
		}
	}
	if a.closed() { // meanwhile
		s.drop(a)
	}
	return a
}

// Use gives another handle of the same array, which belongs to the scope, so that what is computed from it does too.
func (s *Scope) Use(a *Array) *Array { return s.Own(a.Copy()) }

// Keep takes an array out of the scope: the caller closes it.
func (s *Scope) Keep(a *Array) *Array {
	if a != nil {
		s.drop(a)
	}
	return a
}

// Err is the first failure of an operation on arrays of the scope.
func (s *Scope) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Len is how many open arrays belong to the scope.
func (s *Scope) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.arrays)
}

// Close closes the scope's arrays and forgets its error; the scope may be used again.
func (s *Scope) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.arrays {
		a.close()
		a.scope.Store(nil)
	}
	clear(s.arrays)
	s.arrays, s.err = s.arrays[:0], nil
	return nil
}

// adopt takes an array that belongs to no scope. Only who has changed a.scope from nil may use a.slot, under the lock of that scope, until
// it is nil again.
func (s *Scope) adopt(a *Array) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !a.scope.CompareAndSwap(nil, s) {
		return false
	}
	a.slot = len(s.arrays)
	s.arrays = append(s.arrays, a)
	return true
}

func (s *Scope) drop(a *Array) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.scope.Load() != s {
		return
	}
	last := len(s.arrays) - 1
	s.arrays[a.slot] = s.arrays[last]
	s.arrays[a.slot].slot = a.slot
	s.arrays[last] = nil
	s.arrays = s.arrays[:last]
	a.scope.Store(nil)
}

func (s *Scope) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}
